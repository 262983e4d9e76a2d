package org.anabranch.runtime.exchange.output;

import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.anabranch.api.function.PartitionFunction;
import org.anabranch.proto.v1.Barrier;
import org.anabranch.proto.v1.Channel;
import org.anabranch.proto.v1.ChannelPosition;
import org.anabranch.proto.v1.ConnectReply;
import org.anabranch.proto.v1.ConnectReply.Status;
import org.anabranch.proto.v1.ConnectRequest;
import org.anabranch.proto.v1.FrameHeader;
import org.anabranch.proto.v1.OutputEdge;
import org.anabranch.proto.v1.Partitioning;
import org.anabranch.proto.v1.TaskDescriptor;
import org.anabranch.runtime.exchange.wire.CancelledException;
import org.anabranch.runtime.exchange.wire.ExchangeConfig;
import org.anabranch.runtime.exchange.wire.Guarantee;
import org.anabranch.runtime.exchange.wire.Position;
import org.anabranch.runtime.records.Encoder;

/** All output edges of a task. Used by the task's thread only, except where said. */
public final class OutputGate {
  private final ExchangeConfig config;
  private final TaskDescriptor task;
  private final Runnable awaitIo;
  private final Channels make;
  private final ChunkPool pool = new ChunkPool();
  private final Map<Integer, OutputChannel> channels = new LinkedHashMap<>();
  private final Map<Integer, EdgeWriter> edgesById = new LinkedHashMap<>();
  private final List<EdgeWriter> edges = new ArrayList<>();
  // Those that take what is emitted, and those that take dead letters.
  private final List<EdgeWriter> ordinary = new ArrayList<>();
  private final List<EdgeWriter> forDeadLetters = new ArrayList<>();
  private volatile boolean backpressured;

  private OutputGate(ExchangeConfig config, TaskDescriptor task, Channels make, Runnable awaitIo) {
    this.config = config;
    this.task = task;
    this.make = make;
    this.awaitIo = awaitIo;
  }

  /** Creates the channels of a gate: those that remember, or those that do not. */
  @FunctionalInterface
  private interface Channels {
    OutputChannel of(int id, ChunkPool pool);
  }

  /**
   * Creates the gate of a task, without edges.
   *
   * @param guarantee what the channels remember
   * @param awaitIo serves the task's connections, after waiting until one of them is ready
   */
  public static OutputGate of(
      ExchangeConfig config, TaskDescriptor task, Guarantee guarantee, Runnable awaitIo) {
    int incarnation = task.getIncarnation();
    if (guarantee instanceof Guarantee.ExactlyOnce exactlyOnce) {
      var positions = Position.byChannel(task.getRestore().getOutputsList());
      return new OutputGate(
          config,
          task,
          (id, pool) ->
              new LoggedOutputChannel(
                  positions.getOrDefault(id, Position.start(id)),
                  incarnation,
                  pool,
                  exactlyOnce.logs(),
                  config.maxFrameBytes()),
          awaitIo);
    }
    return new OutputGate(
        config, task, (id, pool) -> new PlainOutputChannel(id, incarnation, pool), awaitIo);
  }

  /**
   * Adds an edge.
   *
   * @param encoder encodes for the edge's consumer
   * @param function the partition function; needed where the edge's partitioning is custom
   */
  public void add(OutputEdge edge, Encoder encoder, PartitionFunction<Object> function) {
    boolean broadcast = edge.getPartitioning().getKind() == Partitioning.Kind.KIND_BROADCAST;
    Partitioner partitioner = Partitioner.of(edge, task, encoder, function);
    List<OutputChannel> added = new ArrayList<>();
    for (Channel channel : edge.getChannelsList()) {
      OutputChannel output = make.of(channel.getChannel(), pool);
      channels.put(output.id(), output);
      added.add(output);
    }
    EdgeWriter writer =
        new EdgeWriter(
            added.toArray(OutputChannel[]::new),
            broadcast,
            partitioner,
            edge.getCarriesKeys(),
            edge.getConsumerName(),
            encoder,
            config,
            this);
    edges.add(writer);
    (edge.getDeadLetters() ? forDeadLetters : ordinary).add(writer);
    edgesById.put(edge.getEdgeId(), writer);
  }

  /**
   * Takes one record for every edge but those for dead letters. Records of one channel arrive in
   * the order in which they were emitted.
   *
   * <p>Blocks while a channel that the record has made full has more unsent bytes than {@code
   * anabranch.exchange.send-queue-bytes}, or has sent as much as its consumer wants; connections
   * are served meanwhile.
   *
   * @param key the record's key; counts only on keyed edges
   * @throws UnsendableRecordException if a record cannot be encoded for its consumer
   * @throws CancelledException if the task was cancelled during a wait
   * @throws Exception what a user's partition function has thrown
   */
  public void emit(Object key, Object value) throws Exception {
    for (int i = 0; i < ordinary.size(); i++) {
      ordinary.get(i).write(key, value);
    }
  }

  /**
   * Takes a dead letter for every edge that wants them, in the place of a record; may block as
   * {@link #emit} does.
   *
   * @param letter with the record as "record", which becomes its text where it cannot be sent
   * @throws Exception as {@link #emit} does
   */
  public void emitDeadLetter(Map<String, Object> letter) throws Exception {
    for (EdgeWriter edge : forDeadLetters) {
      edge.writeDeadLetter(letter);
    }
  }

  /** Sends everything that is pending; may block as {@link #emit} does. */
  public void flush() {
    for (EdgeWriter edge : edges) {
      edge.flush();
    }
  }

  /**
   * Sends what is pending, and the end of input on every channel. Nothing may be emitted after it.
   */
  public void end() {
    for (EdgeWriter edge : edges) {
      edge.end();
    }
  }

  /** Sends a barrier on every channel; what is pending has been flushed. */
  public void barrier(long number) {
    Barrier barrier = Barrier.newBuilder().setNumber(number).build();
    for (EdgeWriter edge : edges) {
      edge.send(FrameHeader.newBuilder().setBarrier(barrier));
    }
  }

  /** Returns what went on each channel so far; only with recovery. */
  public List<ChannelPosition> positions() {
    return logged().map(LoggedOutputChannel::position).toList();
  }

  /** Returns, by edge, which channel a rebalancing edge uses next. */
  public Map<Integer, Integer> nextOfEdge() {
    Map<Integer, Integer> next = new HashMap<>();
    edgesById.forEach(
        (id, edge) -> {
          if (edge.partitioner() instanceof Partitioner.Rebalance rebalance) {
            next.put(id, rebalance.upcoming());
          }
        });
    return next;
  }

  /** Forgets the frames of all epochs before this one; only with recovery. */
  public void dropBefore(long epoch) {
    logged().forEach(channel -> channel.dropBefore(epoch));
  }

  /**
   * Makes sure that all that consumers have of earlier incarnations has been produced; only with
   * recovery.
   *
   * @throws org.anabranch.runtime.replay.NondeterminismException if something has not
   */
  public void checkNothingMissing() {
    logged().forEach(LoggedOutputChannel::checkNothingMissing);
  }

  private Stream<LoggedOutputChannel> logged() {
    return channels.values().stream().map(LoggedOutputChannel.class::cast);
  }

  /** Returns true once every consumer has come. */
  public boolean connected() {
    return channels.values().stream().allMatch(OutputChannel::connected);
  }

  /** Returns true once every consumer has taken everything and closed its connection. */
  public boolean acknowledged() {
    return channels.values().stream().allMatch(OutputChannel::acknowledged);
  }

  /**
   * Waits until the sockets have taken everything that was sent; pending records are not touched.
   *
   * @throws CancelledException if the task was cancelled during the wait
   */
  public void awaitSent() {
    if (hasUnsent()) {
      backpressured = true;
      try {
        while (hasUnsent()) {
          awaitIo.run();
        }
      } finally {
        backpressured = false;
      }
    }
  }

  private boolean hasUnsent() {
    for (OutputChannel channel : channels.values()) {
      if (channel.queuedBytes() > 0) {
        return true;
      }
    }
    return false;
  }

  /** Returns the number of frames that sockets have not taken; a snapshot, from any thread. */
  public int queuedFrames() {
    int frames = 0;
    for (OutputChannel channel : channels.values()) {
      frames += channel.queuedFrames();
    }
    return frames;
  }

  /** Returns true while the task waits for room in a send queue. May be called from any thread. */
  public boolean backpressured() {
    return backpressured;
  }

  void waitForRoom(OutputChannel[] targets) {
    if (isFull(targets)) {
      backpressured = true;
      try {
        while (isFull(targets)) {
          awaitIo.run();
        }
      } finally {
        backpressured = false;
      }
    }
  }

  private boolean isFull(OutputChannel[] targets) {
    for (OutputChannel target : targets) {
      if (target.queuedBytes() > config.sendQueueBytes() || target.exhausted()) {
        return true;
      }
    }
    return false;
  }

  ConnectReply examine(String jobId, ConnectRequest request) {
    OutputChannel channel = channels.get(request.getChannel());
    if (channel == null || !request.getJobId().equals(jobId)) {
      String message =
          "no channel %d of job %s here".formatted(request.getChannel(), request.getJobId());
      return ConnectReply.newBuilder()
          .setStatus(Status.STATUS_UNKNOWN_CHANNEL)
          .setMessage(message.substring(0, Math.min(200, message.length())))
          .build();
    }
    return channel.examine(request);
  }

  void attach(ConnectRequest request, SocketChannel socket, SelectionKey key) {
    channels.get(request.getChannel()).attach(request, socket, key);
  }

  public void close() {
    channels.values().forEach(OutputChannel::close);
  }
}
