package org.anabranch.runtime.exchange.input;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Predicate;
import org.anabranch.proto.v1.Channel;
import org.anabranch.proto.v1.ChannelPosition;
import org.anabranch.proto.v1.Endpoint;
import org.anabranch.proto.v1.FrameHeader;
import org.anabranch.proto.v1.InputEdge;
import org.anabranch.proto.v1.Schema;
import org.anabranch.proto.v1.TaskDescriptor;
import org.anabranch.proto.v1.UnreadFrame;
import org.anabranch.runtime.exchange.wire.BadConnections;
import org.anabranch.runtime.exchange.wire.ExchangeConfig;
import org.anabranch.runtime.exchange.wire.ExchangeException;
import org.anabranch.runtime.exchange.wire.Guarantee;
import org.anabranch.runtime.exchange.wire.Poller;
import org.anabranch.runtime.exchange.wire.Position;
import org.anabranch.runtime.exchange.wire.Rate;
import org.anabranch.runtime.exchange.wire.Shortage;
import org.anabranch.runtime.records.Decoder;
import org.anabranch.runtime.records.RecordException;
import org.anabranch.runtime.records.TypeRegistry;

/**
 * All input channels of a task. Records of one channel keep their order; channels take turns, frame
 * by frame. Used by the task's thread only, except where said.
 */
public sealed class InputGate permits UnalignedInputGate, LoggedInputGate {
  // What one read brings at most: the size of a usual frame, or several small ones.
  private static final int READ_BYTES = 64 << 10;

  private record Edge(String producer, Decoder decoder, long[] received) {}

  final InputChannel.Consumer consumer;
  private final List<Edge> edges = new ArrayList<>();
  private final List<InputChannel> channels = new ArrayList<>();
  private final List<Integer> ids = new ArrayList<>();
  private int turn;
  private int most = Integer.MAX_VALUE;

  /**
   * Creates the gate of a task, at the positions that its descriptor says.
   *
   * @param guarantee what the channels remember
   * @param refusals whether an error may leave out the record alone that it is about; see {@link
   *     Decoder}
   */
  public static InputGate of(
      ExchangeConfig config,
      Poller poller,
      TaskDescriptor task,
      Guarantee guarantee,
      TypeRegistry types,
      Predicate<Throwable> refusals) {
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
    List<ChannelPosition> positions = task.getRestore().getInputsList();
    InputGate gate;
    if (guarantee instanceof Guarantee.ExactlyOnce exactlyOnce) {
      gate = new LoggedInputGate(consumer, exactlyOnce.logs(), Position.byChannel(positions));
    } else {
      gate = producersMove ? new UnalignedInputGate(consumer, positions) : new InputGate(consumer);
    }
    for (InputEdge edge : task.getInputsList()) {
      gate.add(edge, new Decoder(edge.getProducerLanguage(), types, refusals));
    }
    gate.restore(task.getRestore().getUnreadList());
    return gate;
  }

  InputGate(InputChannel.Consumer consumer) {
    this.consumer = consumer;
  }

  final List<InputChannel> channels() {
    return Collections.unmodifiableList(channels);
  }

  private void add(InputEdge edge, Decoder decoder) {
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
      throw new ExchangeException("unknown channel " + channel + ": not an input of this task");
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

  /** Has {@link #nextReceived} return at most so many records at once. */
  public final void takeAtMost(int records) {
    most = records;
  }

  /** Returns what has come next on a channel, or null. */
  private Received next(InputChannel channel) {
    return channel.ready() ? take(channel, most) : null;
  }

  final Received take(InputChannel channel, int atMost) {
    while (true) {
      InputBatch kept = channel.takeKept(atMost);
      if (kept != null) {
        return new Received(channel.id, kept, null);
      }
      if (!channel.complete()) {
        return null;
      }
      Received received = read(channel);
      if (received.control() != null) {
        return received;
      }
      channel.keep(received.batch());
    }
  }

  // ---------------------------------------------------------------- reading ahead

  /**
   * Reads what has arrived; returns whether now everything up to the end of input is in memory.
   *
   * @param mostBytes about so many may be in memory
   */
  public final boolean readAhead(long mostBytes) {
    long room = mostBytes;
    for (InputChannel channel : channels) {
      room -= channel.aheadBytes();
    }
    boolean readToEnd = true;
    for (InputChannel channel : channels) {
      room -= channel.readAhead(room);
      readToEnd &= channel.readToEnd();
    }
    return readToEnd;
  }

  /** Returns whether the barrier of a checkpoint, or of a later one, was read ahead. */
  public final boolean barrierAhead(long checkpoint) {
    return channels.stream().anyMatch(channel -> channel.barrierAhead() >= checkpoint);
  }

  /** Returns what was received and not handed out, in the order of each channel. */
  public final List<UnreadFrame> unread() {
    return channels.stream().flatMap(channel -> channel.unread().stream()).toList();
  }

  /** Takes the frames that an earlier incarnation of the task has received and not handled. */
  private void restore(List<UnreadFrame> unread) {
    for (UnreadFrame frame : unread) {
      channels.get(ids.indexOf(frame.getHeader().getChannel())).restore(frame);
    }
  }

  /**
   * Takes note of how long the task has taken for records of a channel, and tells the producer how
   * much it wants where that matters.
   */
  public void took(int channel, int records, long nanos) {
    consumer.rate().took(records, nanos);
    int open = 0;
    InputChannel taken = null;
    for (InputChannel each : channels) {
      open += each.ended() ? 0 : 1;
      taken = each.id == channel ? each : taken;
    }
    if (taken != null) {
      taken.demand(consumer.rate().window(Math.max(1, open)));
    }
  }

  /** Has every producer go further: one channel is waited for, and others are left alone. */
  public void demandMore() {
    for (InputChannel channel : channels) {
      if (!channel.ended()) {
        channel.demandMore();
      }
    }
  }

  /** Returns whether {@link #nextReceived} may have something. */
  public final boolean ready() {
    for (InputChannel channel : channels) {
      if (channel.ready()) {
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

  public void tick(long now) {
    for (InputChannel channel : channels) {
      channel.tick(now);
    }
  }

  /** Returns whether {@link #tick} has something to wait for. */
  public boolean hasDeadlines() {
    for (InputChannel channel : channels) {
      if (channel.hasDeadline()) {
        return true;
      }
    }
    return false;
  }

  public void close() {
    channels.forEach(InputChannel::close);
  }
}
