package org.anabranch.runtime.exchange.output;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SelectionKey;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.anabranch.proto.v1.Endpoint;
import org.anabranch.runtime.exchange.wire.BadConnections;
import org.anabranch.runtime.exchange.wire.EventLoop;
import org.anabranch.runtime.exchange.wire.ExchangeConfig;
import org.anabranch.runtime.exchange.wire.Shortage;
import org.anabranch.runtime.exchange.wire.Sockets;

/**
 * Accepts consumers' connections and has their handshakes read. Nobody is trusted before the
 * handshake is done.
 *
 * <p>A consumer sends all that it has to send at once, so a busy task, which polls rarely, still
 * takes it in a single poll. Time counts against a peer only in a poll that has found nothing of it
 * to be read. If more peers come than may be pending, those that have sent nothing go first.
 */
final class Acceptor implements EventLoop.Handler, AutoCloseable {
  private static final int MAX_UNFINISHED = 64;

  // Where places are short, a remote address that holds more of them is the first to give one up.
  private static final int FAIR_SHARE = 8;

  // How long to leave a listener alone that cannot accept, say for want of file descriptors.
  private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  private final ExchangeConfig config;
  private final EventLoop eventLoop;
  private final OutputGate output;
  private final Admissions admissions;
  private final ServerSocketChannel listener;
  private final SelectionKey key;
  private final Endpoint endpoint;
  // The oldest first.
  private final Set<Handshake> unfinished = new LinkedHashSet<>();
  private final Shortage shortage = new Shortage();
  private final BadConnections dropped = new BadConnections("dropped");
  private long pausedUntil;
  private boolean paused;

  Acceptor(
      ExchangeConfig config,
      EventLoop eventLoop,
      OutputGate output,
      Admissions admissions,
      Sockets.Listener opened)
      throws IOException {
    this.config = config;
    this.eventLoop = eventLoop;
    this.output = output;
    this.admissions = admissions;
    listener = opened.channel();
    endpoint = opened.endpoint();
    key = eventLoop.register(listener, SelectionKey.OP_ACCEPT, this);
  }

  Endpoint endpoint() {
    return endpoint;
  }

  OutputGate output() {
    return output;
  }

  Admissions admissions() {
    return admissions;
  }

  @Override
  public void ready(SelectionKey ready) {
    try {
      for (int i = 0; i < MAX_UNFINISHED; i++) { // others want to be served too
        SocketChannel socket = listener.accept();
        shortage.over();
        if (socket == null) {
          return;
        }
        begin(socket);
      }
    } catch (IOException e) {
      shortage.met(e);
      paused = true;
      pausedUntil = System.nanoTime() + PAUSE_NANOS;
      listen(false);
    }
  }

  private void begin(SocketChannel socket) {
    try {
      Sockets.prepare(config, socket, !endpoint.getUnixPath().isEmpty());
      if (unfinished.size() >= MAX_UNFINISHED) {
        firstToGo().drop("more connections than can be held, and nothing came on this one");
      }
      long deadline =
          System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(config.handshakeTimeoutMs());
      String address =
          socket.getRemoteAddress() instanceof InetSocketAddress remote
              ? remote.getHostString()
              : "";
      Handshake handshake = new Handshake(config, socket, address, deadline, this);
      unfinished.add(handshake);
      handshake.begin(eventLoop.register(socket, SelectionKey.OP_READ, handshake));
    } catch (IOException e) {
      Sockets.closeQuietly(socket); // the peer has gone again
    }
  }

  private Handshake firstToGo() {
    Map<String, Integer> places = new HashMap<>();
    unfinished.forEach(each -> places.merge(each.address(), 1, Integer::sum));
    return unfinished.stream()
        .filter(each -> each.silent() && places.get(each.address()) > FAIR_SHARE)
        .findFirst()
        .or(() -> unfinished.stream().filter(Handshake::silent).findFirst())
        .orElseGet(() -> unfinished.iterator().next());
  }

  /** Takes note of a handshake that is done. */
  void finished(Handshake handshake) {
    unfinished.remove(handshake);
  }

  /** Takes note of a handshake that has failed. */
  void dropped(Handshake handshake, String reason) {
    unfinished.remove(handshake);
    dropped.met(reason);
  }

  private void listen(boolean accepts) {
    if (key.isValid()) {
      key.interestOps(accepts ? SelectionKey.OP_ACCEPT : 0);
    }
  }

  /** Drops peers that have not shown in time who they are; called after every poll. */
  void tick(long now) {
    if (paused && now - pausedUntil >= 0) {
      paused = false;
      listen(true);
    }
    if (!unfinished.isEmpty()) {
      List<Handshake> late = new ArrayList<>();
      for (Handshake handshake : unfinished) {
        if (now - handshake.deadline() >= 0) {
          late.add(handshake);
        }
      }
      late.forEach(
          handshake ->
              handshake.drop("no handshake within " + config.handshakeTimeoutMs() + " ms"));
    }
  }

  /** Returns whether {@link #tick} has something to wait for. */
  boolean hasDeadlines() {
    return paused || !unfinished.isEmpty();
  }

  @Override
  public void close() {
    for (Handshake handshake : List.copyOf(unfinished)) {
      unfinished.remove(handshake);
      handshake.close();
    }
    dropped.report();
    try {
      boolean unix = listener.getLocalAddress() instanceof UnixDomainSocketAddress;
      listener.close();
      if (unix) {
        Files.deleteIfExists(Path.of(endpoint.getUnixPath()));
      }
    } catch (IOException e) {
      // The job's directory is removed as a whole at its end.
    }
  }
}
