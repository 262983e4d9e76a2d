package org.anabranch.runtime.exchange.output;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.anabranch.proto.v1.Endpoint;
import org.anabranch.proto.v1.TaskDescriptor;
import org.anabranch.runtime.exchange.wire.EventLoop;
import org.anabranch.runtime.exchange.wire.ExchangeConfig;
import org.anabranch.runtime.exchange.wire.Proofs;
import org.anabranch.runtime.exchange.wire.Sockets;

/** The sockets on which the consumers of a task find it. */
public final class Listeners implements AutoCloseable {
  private final ExchangeConfig config;
  private final EventLoop eventLoop;
  private final OutputGate output;
  private final List<Acceptor> acceptors = new ArrayList<>(2);

  /**
   * Creates the object; nothing listens yet.
   *
   * @param output gets the connections of consumers that have proven themselves
   */
  public Listeners(ExchangeConfig config, EventLoop eventLoop, OutputGate output) {
    this.config = config;
    this.eventLoop = eventLoop;
    this.output = output;
  }

  /**
   * Begins to listen.
   *
   * @return where consumers find the task
   * @throws IOException if no socket can be bound; the message names the address
   */
  public Endpoint open(TaskDescriptor task) throws IOException {
    String name = "t%d-%d".formatted(task.getTaskId(), task.getIncarnation());
    ByteString nonce = ByteString.copyFrom(Proofs.newNonce());
    Admissions admissions = new Admissions(config.token(), nonce);
    Endpoint.Builder endpoint = Endpoint.newBuilder().setNonce(nonce);
    for (Sockets.Listener listener : Sockets.listen(config, name)) {
      acceptors.add(new Acceptor(config, eventLoop, output, admissions, listener));
      endpoint.mergeFrom(listener.endpoint());
    }
    return endpoint.build();
  }

  /** Returns whether {@link #tick} has something to wait for. */
  public boolean hasDeadlines() {
    return acceptors.stream().anyMatch(Acceptor::hasDeadlines);
  }

  /** Drops peers that have not shown in time who they are; called after every poll. */
  public void tick(long now) {
    acceptors.forEach(acceptor -> acceptor.tick(now));
  }

  @Override
  public void close() {
    acceptors.forEach(Acceptor::close);
  }
}
