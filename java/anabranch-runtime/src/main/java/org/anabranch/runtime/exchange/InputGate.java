package org.anabranch.runtime.exchange;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.anabranch.proto.v1.Channel;
import org.anabranch.proto.v1.ChannelPosition;
import org.anabranch.proto.v1.Endpoint;
import org.anabranch.proto.v1.FrameHeader;
import org.anabranch.proto.v1.InputEdge;
import org.anabranch.proto.v1.Schema;
import org.anabranch.runtime.records.Decoder;
import org.anabranch.runtime.records.RecordException;

/**
 * All input channels of a task. Records of one channel keep their order; channels take turns, frame
 * by frame. Used by the task's thread only, except where said.
 */
public sealed class InputGate permits UnalignedInputGate, LoggedInputGate {
  private record Edge(String producer, Decoder decoder, long[] received) {}

  final InputChannel.Consumer consumer;
  private final List<Edge> edges = new ArrayList<>();
  private final List<InputChannel> channels = new ArrayList<>();
  private final List<Integer> ids = new ArrayList<>();
  private int turn;

  InputGate(InputChannel.Consumer consumer) {
    this.consumer = consumer;
  }

  final List<InputChannel> channels() {
    return Collections.unmodifiableList(channels);
  }

  final void add(InputEdge edge, Decoder decoder) {
    for (Channel channel : edge.getChannelsList()) {
      channels.add(
          channel(channel.getChannel(), edges.size(), "operator " + edge.getProducerName()));
      ids.add(channel.getChannel());
    }
    edges.add(new Edge(edge.getProducerName(), decoder, new long[1]));
  }

  InputChannel channel(int id, int edge, String producer) {
    return new InputChannel(id, edge, false, producer, consumer.config().maxFrameBytes(), consumer);
  }

  /**
   * Dials the producer of a channel, which goes on from the first frame that has not been received.
   *
   * @throws ExchangeException if the task has no such channel
   */
  public void connect(int channel, Endpoint endpoint, int producerIncarnation) {
    int index = ids.indexOf(channel);
    if (index < 0) {
      throw new ExchangeException("the master names channel " + channel + ", which is not mine");
    }
    channels.get(index).connect(endpoint, producerIncarnation);
  }

  /** Returns true once every channel is open. */
  public boolean connected() {
    return channels.stream().allMatch(InputChannel::connected);
  }

  /** Returns true once every channel has ended; at once if there is none. */
  public boolean ended() {
    for (InputChannel channel : channels) {
      if (!channel.ended()) {
        return false;
      }
    }
    return true;
  }

  /** Returns the number of channels that hold a complete frame; a snapshot, from any thread. */
  public int waitingFrames() {
    int waiting = 0;
    for (InputChannel channel : channels) {
      waiting += channel.complete() ? 1 : 0;
    }
    return waiting;
  }

  /**
   * Returns the records of the next frame that has arrived, or null if there is none. Handles
   * control frames on the way; see {@link #ended}.
   *
   * @throws ExchangeException if a producer broke the protocol
   * @throws UnreadableRecordException if a record cannot be decoded
   */
  public InputBatch next() {
    for (Received more = nextReceived(); more != null; more = nextReceived()) {
      if (more.batch() != null) {
        return more.batch();
      }
    }
    return null;
  }

  /**
   * Returns what has come next, records or a control frame, or null if there is nothing.
   *
   * @throws ExchangeException if a producer broke the protocol
   * @throws UnreadableRecordException if a record cannot be decoded
   */
  public Received nextReceived() {
    int n = channels.size();
    for (int i = 0; i < n; i++) {
      int index = turn + i < n ? turn + i : turn + i - n;
      Received received = next(channels.get(index));
      if (received != null) {
        turn = index + 1 == n ? 0 : index + 1;
        return received;
      }
    }
    return null;
  }

  /** Returns what has come next on a channel, or null. */
  Received next(InputChannel channel) {
    return channel.complete() ? read(channel) : null;
  }

  /** Returns whether {@link #nextReceived} may have something. */
  public boolean ready() {
    for (InputChannel channel : channels) {
      if (channel.complete()) {
        return true;
      }
    }
    return false;
  }

  /** Takes the frame that a channel holds, whose records become a batch. */
  final Received read(InputChannel channel) {
    Frame frame = channel.take();
    FrameHeader header = frame.header();
    InputBatch batch = null;
    switch (header.getControlCase()) {
      case CONTROL_NOT_SET -> batch = decode(channel, frame);
      case END_OF_INPUT -> channel.end();
      case BARRIER -> meetBarrier(channel, header);
      case WATERMARK -> throw unexpected(channel, header);
    }
    channel.advance();
    return new Received(channel.id, batch, batch == null ? header : null);
  }

  /** Takes note of a barrier. */
  void meetBarrier(InputChannel channel, FrameHeader header) {
    throw unexpected(channel, header);
  }

  /** Returns how far each channel is, for a snapshot; empty without recovery. */
  public List<ChannelPosition> positions() {
    return List.of();
  }

  private ExchangeException unexpected(InputChannel channel, FrameHeader header) {
    return new ExchangeException(
        "operator %s sent a %s, which this worker cannot handle"
            .formatted(edges.get(channel.edge()).producer(), header.getControlCase()));
  }

  private InputBatch decode(InputChannel channel, Frame frame) {
    Edge edge = edges.get(channel.edge());
    int n = frame.header().getNRecords();
    boolean hasKeys = frame.header().getHasKeys();
    ByteBuffer payload =
        ByteBuffer.wrap(frame.bytes(), frame.payloadStart(), frame.payloadLength());
    try {
      List<Schema> schemas = frame.header().getSchemasList();
      Object[] records =
          hasKeys
              ? edge.decoder().decodeKeyed(payload, n, schemas)
              : edge.decoder().decode(payload, n, schemas);
      edge.received()[0] += n;
      long first = frame.header().getFirstRecordSeq();
      return new InputBatch(channel.edge(), channel.id, first, records, n, hasKeys);
    } catch (RecordException e) {
      throw new UnreadableRecordException(
          "a record from operator " + edge.producer() + " cannot be taken",
          edge.received()[0] + Math.max(0, e.index()) % Math.max(1, n),
          e);
    }
  }

  void tick(long now) {
    for (InputChannel channel : channels) {
      channel.tick(now);
    }
  }

  /** Returns whether {@link #tick} has something to wait for. */
  boolean hasDeadlines() {
    for (InputChannel channel : channels) {
      if (channel.dialling()) {
        return true;
      }
    }
    return false;
  }

  void close() {
    channels.forEach(InputChannel::close);
  }
}
