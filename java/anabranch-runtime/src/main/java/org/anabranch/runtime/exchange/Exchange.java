package org.anabranch.runtime.exchange;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.anabranch.api.function.PartitionFunction;
import org.anabranch.proto.v1.ChannelPosition;
import org.anabranch.proto.v1.Endpoint;
import org.anabranch.proto.v1.InputEdge;
import org.anabranch.proto.v1.OutputEdge;
import org.anabranch.proto.v1.Partitioning;
import org.anabranch.proto.v1.Snapshot;
import org.anabranch.proto.v1.TaskDescriptor;
import org.anabranch.runtime.records.Decoder;
import org.anabranch.runtime.records.Encoder;
import org.anabranch.runtime.records.TypeRegistry;
import org.anabranch.runtime.recovery.TaskLogs;

/**
 * The data plane of one task.
 *
 * <p>Made and used by the task's thread; only {@link #wakeup} may be called by others. Sockets are
 * served in {@link #poll}, which {@link OutputGate#emit} calls too while it waits for room.
 */
public final class Exchange implements AutoCloseable {
  // How often deadlines are looked at while there are any.
  private static final long DEADLINE_STEP_MILLIS = 20;

  // A wait without deadlines ends by then even if nothing happens: a lost wake-up must not hang a
  // task.
  private static final long LONGEST_WAIT_MILLIS = 1000;

  // What one read brings at most: the size of a usual frame, or several small ones.
  private static final int READ_BYTES = 64 << 10;

  private final ExchangeConfig config;
  private final TypeRegistry types;
  private final TaskDescriptor task;
  private final BooleanSupplier cancelled;
  private final Poller poller;
  private final InputGate input;
  private final OutputGate output;
  private Runnable whileWaiting = () -> {};
  private long polledAt = System.nanoTime();
  private final List<Acceptor> acceptors = new ArrayList<>(2);

  /**
   * Opens the gates of a task, at the positions that its descriptor says; nothing listens or dials
   * yet.
   *
   * @param cancelled asked in every wait; true makes the wait throw {@link CancelledException}
   * @param guarantee what the channels remember
   * @param refusals whether an error may leave out the record alone that it is about; see {@link
   *     Decoder}
   * @throws IOException if the system has no selector for us
   */
  public Exchange(
      ExchangeConfig config,
      TypeRegistry types,
      TaskDescriptor task,
      BooleanSupplier cancelled,
      Guarantee guarantee,
      Predicate<Throwable> refusals)
      throws IOException {
    this.config = config;
    this.types = types;
    this.task = task;
    this.cancelled = cancelled;
    this.poller = new Poller();
    boolean producersMove = !(guarantee instanceof Guarantee.None);
    var consumer =
        new InputChannel.Consumer(
            config,
            poller,
            task.getIncarnation(),
            producersMove,
            ByteBuffer.allocateDirect(READ_BYTES),
            new Shortage(),
            new Rate(),
            new BadConnections("gave up"));
    Snapshot restore = task.getRestore();
    if (guarantee instanceof Guarantee.ExactlyOnce exactlyOnce) {
      TaskLogs logs = exactlyOnce.logs();
      input = new LoggedInputGate(consumer, logs, byChannel(restore.getInputsList()));
      output = loggedOutput(logs, byChannel(restore.getOutputsList()));
    } else {
      input =
          producersMove
              ? new UnalignedInputGate(consumer, restore.getInputsList())
              : new InputGate(consumer);
      output =
          new OutputGate(
              config,
              (id, pool) -> new PlainOutputChannel(id, task.getIncarnation(), pool),
              this::await);
    }
    for (InputEdge edge : task.getInputsList()) {
      input.add(edge, new Decoder(edge.getProducerLanguage(), types, refusals));
    }
    input.restore(restore.getUnreadList());
  }

  private OutputGate loggedOutput(TaskLogs logs, Map<Integer, ChannelPosition> positions) {
    return new OutputGate(
        config,
        (id, pool) ->
            new LoggedOutputChannel(
                positions.getOrDefault(id, Position.start(id)),
                task.getIncarnation(),
                pool,
                logs,
                config.maxFrameBytes()),
        this::await);
  }

  private static Map<Integer, ChannelPosition> byChannel(List<ChannelPosition> positions) {
    return positions.stream()
        .collect(Collectors.toMap(ChannelPosition::getChannel, position -> position));
  }

  /**
   * Adds an output edge of the task.
   *
   * @param function the partition function; needed where the edge's partitioning is custom
   */
  public void addOutput(OutputEdge edge, PartitionFunction<Object> function) {
    int n = edge.getChannelsCount();
    Partitioning.Kind kind = edge.getPartitioning().getKind();
    boolean broadcast = kind == Partitioning.Kind.KIND_BROADCAST;
    Encoder encoder = new Encoder(edge.getConsumerLanguage(), types);
    Partitioner partitioner =
        switch (kind) {
          case KIND_FORWARD, KIND_BROADCAST -> new Partitioner.Single();
          case KIND_REBALANCE ->
              n == 1
                  ? new Partitioner.Single()
                  : new Partitioner.Rebalance(
                      n,
                      task.getRestore()
                          .getNextOfEdgeOrDefault(edge.getEdgeId(), task.getSubtask()));
          case KIND_KEY ->
              n == 1
                  ? new Partitioner.Single()
                  : new Partitioner.ByKey(n, task.getMaxParallelism(), encoder);
          case KIND_CUSTOM -> new Partitioner.Custom(n, function);
          case KIND_AUTO, UNRECOGNIZED ->
              throw new ExchangeException(
                  "the edge to operator %s has no partitioning that this worker knows: %s"
                      .formatted(edge.getConsumerName(), kind));
        };
    output.add(edge, partitioner, broadcast, encoder);
  }

  /**
   * Begins to listen for consumers.
   *
   * @return where they find this task
   * @throws IOException if no socket can be bound; the message names the address
   */
  public Endpoint listen() throws IOException {
    String name = "t%d-%d".formatted(task.getTaskId(), task.getIncarnation());
    ByteString nonce = ByteString.copyFrom(Proofs.newNonce());
    Admissions admissions = new Admissions(config.token(), nonce);
    Endpoint.Builder endpoint = Endpoint.newBuilder().setNonce(nonce);
    for (Sockets.Listener listener : Sockets.listen(config, name)) {
      acceptors.add(new Acceptor(config, poller, output, admissions, listener));
      endpoint.mergeFrom(listener.endpoint());
    }
    return endpoint.build();
  }

  /** Returns the input side of a task whose input is logged. */
  public LoggedInputGate loggedInput() {
    return (LoggedInputGate) input;
  }

  /** Returns the input side of a task whose checkpoints are not aligned. */
  public UnalignedInputGate unalignedInput() {
    return (UnalignedInputGate) input;
  }

  /** Returns the input side. */
  public InputGate input() {
    return input;
  }

  /** Returns the output side. */
  public OutputGate output() {
    return output;
  }

  /** Has this called in every wait: what may not be put off until the task can take input again. */
  public void whileWaiting(Runnable action) {
    whileWaiting = action;
  }

  /**
   * Serves connections as {@link #poll(long)} does, after waiting until one is ready or we are
   * woken.
   */
  public void await() {
    poll(LONGEST_WAIT_MILLIS);
  }

  /**
   * Serves every connection that is ready, after waiting for up to {@code millis} if none is.
   *
   * @throws CancelledException if the task has been cancelled
   * @throws ExchangeException if a producer broke the protocol or cannot be reached
   */
  public void poll(long millis) {
    // An interrupt that user code has left behind would close the next socket that is touched.
    Thread.interrupted();
    checkCancelled();
    boolean deadlines = input.hasDeadlines() || acceptors.stream().anyMatch(Acceptor::hasDeadlines);
    try {
      poller.poll(deadlines ? Math.min(millis, DEADLINE_STEP_MILLIS) : millis);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    if (deadlines) {
      long now = System.nanoTime();
      input.tick(now);
      acceptors.forEach(acceptor -> acceptor.tick(now));
    }
    whileWaiting.run();
    polledAt = System.nanoTime();
    checkCancelled();
  }

  /** Returns when connections were last served, of {@code System.nanoTime}. */
  public long polledAt() {
    return polledAt;
  }

  private void checkCancelled() {
    if (cancelled.getAsBoolean()) {
      throw new CancelledException();
    }
  }

  /** Ends the current or the next wait. May be called from any thread. */
  public void wakeup() {
    poller.wakeup();
  }

  /** Closes the listener and every connection. */
  @Override
  public void close() {
    acceptors.forEach(Acceptor::close);
    input.close();
    output.close();
    try {
      poller.close();
    } catch (IOException e) {
      // Nothing is lost: the sockets are closed.
    }
  }
}
