package org.anabranch.runtime.exchange.input;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.anabranch.proto.v1.Channel;
import org.anabranch.proto.v1.ChannelPosition;
import org.anabranch.proto.v1.Endpoint;
import org.anabranch.proto.v1.TaskDescriptor;
import org.anabranch.proto.v1.UnreadFrame;
import org.anabranch.runtime.exchange.wire.BadConnections;
import org.anabranch.runtime.exchange.wire.EventLoop;
import org.anabranch.runtime.exchange.wire.ExchangeConfig;
import org.anabranch.runtime.exchange.wire.ExchangeException;
import org.anabranch.runtime.exchange.wire.Guarantee;
import org.anabranch.runtime.exchange.wire.Position;
import org.anabranch.runtime.exchange.wire.Rate;
import org.anabranch.runtime.exchange.wire.Shortage;

/**
 * All input channels of a task. Frames of one channel keep their order; channels take turns. Used
 * by the task's thread only, except where said.
 */
public final class InputGate {
  // What one read brings at most: the size of a usual frame, or several small ones.
  private static final int READ_BYTES = 64 << 10;

  private final InputChannel.Consumer consumer;
  private final List<InputChannel> channels = new ArrayList<>();
  private final List<Integer> ids = new ArrayList<>();
  private int turn;

  /**
   * Creates the gate of a task, at the positions that its descriptor says.
   *
   * @param guarantee what the channels remember
   */
  public InputGate(
      ExchangeConfig config, EventLoop eventLoop, TaskDescriptor task, Guarantee guarantee) {
    consumer =
        new InputChannel.Consumer(
            config,
            eventLoop,
            task.getIncarnation(),
            !(guarantee instanceof Guarantee.None),
            ByteBuffer.allocateDirect(READ_BYTES),
            new Shortage(),
            new Rate(),
            new BadConnections("gave up"));
    var positions = Position.byChannel(task.getRestore().getInputsList());
    for (int edge = 0; edge < task.getInputsCount(); edge++) {
      String producer = "operator " + task.getInputs(edge).getProducerName();
      for (Channel channel : task.getInputs(edge).getChannelsList()) {
        int id = channel.getChannel();
        ChannelPosition from = positions.getOrDefault(id, Position.start(id));
        channels.add(channel(from, edge, producer, guarantee));
        ids.add(id);
      }
    }
    for (UnreadFrame frame : task.getRestore().getUnreadList()) {
      channel(frame.getHeader().getChannel()).restore(frame);
    }
  }

  private InputChannel channel(
      ChannelPosition from, int edge, String producer, Guarantee guarantee) {
    return guarantee instanceof Guarantee.ExactlyOnce exactlyOnce
        ? new LoggedInputChannel(from, edge, producer, consumer, exactlyOnce.logs())
        : new InputChannel(
            from.getChannel(),
            edge,
            from.getEnded(),
            producer,
            consumer.config().maxFrameBytes(),
            consumer);
  }

  /**
   * Returns a channel.
   *
   * @throws ExchangeException if the task has no such channel
   */
  InputChannel channel(int id) {
    int index = ids.indexOf(id);
    if (index < 0) {
      throw new ExchangeException("unknown channel " + id + ": not an input of this task");
    }
    return channels.get(index);
  }

  /**
   * Dials the producer of a channel, which goes on from the first frame that has not been received.
   *
   * @throws ExchangeException if the task has no such channel
   */
  public void connect(int channel, Endpoint endpoint, int producerIncarnation) {
    channel(channel).connect(endpoint, producerIncarnation);
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

  /** Returns the next channel that may have something, in turn; null if none has. */
  InputChannel next() {
    int n = channels.size();
    for (int i = 0; i < n; i++) {
      int index = turn + i < n ? turn + i : turn + i - n;
      InputChannel channel = channels.get(index);
      if (channel.ready()) {
        turn = index + 1 == n ? 0 : index + 1;
        return channel;
      }
    }
    return null;
  }

  /** Takes from every channel again. */
  void unblock() {
    channels.forEach(channel -> channel.block(false));
  }

  /** Returns the ids of the channels that have not ended. */
  List<Integer> living() {
    return channels.stream().filter(each -> !each.ended()).map(each -> each.id).toList();
  }

  // ---------------------------------------------------------------- reading ahead

  /**
   * Reads what has arrived; returns whether now everything up to the end of input is in memory.
   *
   * @param mostBytes about so many may be in memory
   */
  boolean readAhead(long mostBytes) {
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
  boolean barrierAhead(long checkpoint) {
    return channels.stream().anyMatch(channel -> channel.barrierAhead() >= checkpoint);
  }

  /** Returns what was received and not handed out, in the order of each channel. */
  List<UnreadFrame> unread() {
    return channels.stream().flatMap(channel -> channel.unread().stream()).toList();
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

  /** Returns whether {@link #next} may have something. */
  boolean ready() {
    for (InputChannel channel : channels) {
      if (channel.ready()) {
        return true;
      }
    }
    return false;
  }

  /** Returns how far each channel is, for a snapshot. */
  List<ChannelPosition> positions() {
    return channels.stream().map(InputChannel::position).toList();
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
