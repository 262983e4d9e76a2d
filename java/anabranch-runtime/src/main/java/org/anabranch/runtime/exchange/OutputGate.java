package org.anabranch.runtime.exchange;

import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.anabranch.proto.v1.Channel;
import org.anabranch.proto.v1.ConnectReply;
import org.anabranch.proto.v1.ConnectReply.Status;
import org.anabranch.proto.v1.ConnectRequest;
import org.anabranch.proto.v1.OutputEdge;
import org.anabranch.runtime.records.Encoder;

/** All output edges of a task. Used by the task's thread only, except where said. */
public final class OutputGate {
  private final ExchangeConfig config;
  private final Runnable awaitIo;
  private final ChunkPool pool = new ChunkPool();
  private final Map<Integer, OutputChannel> channels = new HashMap<>();
  private final List<EdgeWriter> edges = new ArrayList<>();
  private volatile boolean backpressured;

  /**
   * Creates a gate without edges.
   *
   * @param awaitIo serves the task's connections, after waiting until one of them is ready
   */
  OutputGate(ExchangeConfig config, Runnable awaitIo) {
    this.config = config;
    this.awaitIo = awaitIo;
  }

  /** Adds an edge; see {@link Exchange#addOutput}. */
  void add(
      OutputEdge edge,
      int incarnation,
      Partitioner partitioner,
      boolean broadcast,
      Encoder encoder) {
    List<OutputChannel> added = new ArrayList<>();
    for (Channel channel : edge.getChannelsList()) {
      OutputChannel output = new OutputChannel(channel.getChannel(), incarnation, pool);
      channels.put(output.id(), output);
      added.add(output);
    }
    edges.add(
        new EdgeWriter(
            added.toArray(OutputChannel[]::new),
            broadcast,
            partitioner,
            edge.getCarriesKeys(),
            edge.getConsumerName(),
            encoder,
            config,
            this));
  }

  /**
   * Takes one record for every edge. Records of one channel arrive in the order in which they were
   * emitted.
   *
   * <p>Blocks while a channel that the record has made full has more unsent bytes than {@code
   * anabranch.exchange.send-queue-bytes}; connections are served meanwhile.
   *
   * @param key the record's key; counts only on keyed edges
   * @throws UnsendableRecordException if a record cannot be encoded for its consumer
   * @throws CancelledException if the task was cancelled during a wait
   * @throws Exception what a user's partition function has thrown
   */
  public void emit(Object key, Object value) throws Exception {
    for (int i = 0; i < edges.size(); i++) {
      edges.get(i).write(key, value);
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
      if (target.queuedBytes() > config.sendQueueBytes()) {
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

  void close() {
    channels.values().forEach(OutputChannel::close);
  }
}
