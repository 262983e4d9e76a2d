package org.anabranch.runtime.exchange;

import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SelectionKey;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.anabranch.proto.v1.Endpoint;

/** Lets consumers in: accepts connections and has their handshakes read, distrusting everybody. */
final class Acceptor implements Poller.Handler, AutoCloseable {
  private static final int MAX_UNFINISHED = 64;

  // How long to leave a listener alone that cannot accept, say for want of file descriptors.
  private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  private final ExchangeConfig config;
  private final Poller poller;
  private final OutputGate output;
  private final ServerSocketChannel listener;
  private final SelectionKey key;
  private final Endpoint endpoint;
  private final Set<Handshake> unfinished = new LinkedHashSet<>();
  private final Shortage shortage = new Shortage();
  private long pausedUntil;
  private boolean paused;

  Acceptor(ExchangeConfig config, Poller poller, OutputGate output, Sockets.Listener opened)
      throws IOException {
    this.config = config;
    this.poller = poller;
    this.output = output;
    listener = opened.channel();
    endpoint = opened.endpoint();
    key = poller.register(listener, SelectionKey.OP_ACCEPT, this);
  }

  Endpoint endpoint() {
    return endpoint;
  }

  @Override
  public void ready(SelectionKey ready) {
    try {
      SocketChannel socket = listener.accept();
      shortage.over();
      if (socket != null) {
        begin(socket);
      }
    } catch (IOException e) {
      shortage.met(e);
      paused = true;
      pausedUntil = System.nanoTime() + PAUSE_NANOS;
    }
    listenIfThereIsRoom();
  }

  private void begin(SocketChannel socket) {
    try {
      Sockets.prepare(config, socket, !endpoint.getUnixPath().isEmpty());
      long deadline =
          System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(config.handshakeTimeoutMs());
      Handshake handshake = new Handshake(config, socket, deadline, output, this::finished);
      unfinished.add(handshake);
      handshake.begin(poller.register(socket, SelectionKey.OP_READ, handshake));
    } catch (IOException e) {
      Sockets.closeQuietly(socket); // the peer has gone again
    }
  }

  private void finished(Handshake handshake) {
    unfinished.remove(handshake);
    listenIfThereIsRoom();
  }

  private void listenIfThereIsRoom() {
    if (key.isValid()) {
      boolean room = unfinished.size() < MAX_UNFINISHED && !paused;
      key.interestOps(room ? SelectionKey.OP_ACCEPT : 0);
    }
  }

  /** Drops peers that have not said in time who they are. */
  void tick(long now) {
    if (paused && now - pausedUntil >= 0) {
      paused = false;
      listenIfThereIsRoom();
    }
    if (!unfinished.isEmpty()) {
      List<Handshake> late = new ArrayList<>();
      for (Handshake handshake : unfinished) {
        if (now - handshake.deadline() >= 0) {
          late.add(handshake);
        }
      }
      late.forEach(Handshake::drop);
    }
  }

  /** Returns whether {@link #tick} has something to wait for. */
  boolean hasDeadlines() {
    return paused || !unfinished.isEmpty();
  }

  @Override
  public void close() {
    List.copyOf(unfinished).forEach(Handshake::drop);
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
