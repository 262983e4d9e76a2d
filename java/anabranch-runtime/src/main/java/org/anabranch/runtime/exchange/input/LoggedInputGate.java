package org.anabranch.runtime.exchange.input;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.anabranch.proto.v1.ChannelPosition;
import org.anabranch.proto.v1.FrameHeader;
import org.anabranch.runtime.exchange.wire.ExchangeException;
import org.anabranch.runtime.exchange.wire.Position;
import org.anabranch.runtime.replay.TaskLogs;

/** All input channels of a task in a job with recovery. Used by the task's thread only. */
public final class LoggedInputGate extends InputGate {

  private final TaskLogs logs;
  private final Map<Integer, ChannelPosition> positions;
  private final List<LoggedInputChannel> channels = new ArrayList<>();

  LoggedInputGate(
      InputChannel.Consumer consumer, TaskLogs logs, Map<Integer, ChannelPosition> positions) {
    super(consumer);
    this.logs = logs;
    this.positions = positions;
  }

  @Override
  InputChannel channel(int id, int edge, String producer) {
    LoggedInputChannel channel =
        new LoggedInputChannel(
            positions.getOrDefault(id, Position.start(id)), edge, producer, consumer, logs);
    channels.add(channel);
    return channel;
  }

  /** Not to be used: what is taken here has to be logged. */
  @Override
  public InputBatch next() {
    throw new UnsupportedOperationException("in a job with recovery use nextReceived");
  }

  /**
   * Returns what has come next on one channel, and leaves the others alone.
   *
   * @param most records to return at most
   * @return records or a control frame; null if nothing has come yet
   * @throws ExchangeException as above, or if there is no such channel
   */
  public Received take(int channel, int most) {
    return take(find(channel), most);
  }

  @Override
  void meetBarrier(InputChannel channel, FrameHeader header) {
    // It is handed out like every control frame.
  }

  private LoggedInputChannel find(int id) {
    for (LoggedInputChannel channel : channels) {
      if (channel.id == id) {
        return channel;
      }
    }
    throw new ExchangeException(
        "a log refers to channel " + id + ", which is not an input of this task");
  }

  /** Returns whether a channel has ended. */
  public boolean ended(int channel) {
    return find(channel).ended();
  }

  /** Takes nothing from a channel until {@link #unblock}. */
  public void block(int channel) {
    find(channel).block(true);
  }

  /** Undoes every {@link #block}. */
  public void unblock() {
    channels.forEach(channel -> channel.block(false));
  }

  /** Returns true if every channel is blocked or has ended. */
  public boolean aligned() {
    for (LoggedInputChannel channel : channels) {
      if (!channel.blocked() && !channel.ended()) {
        return false;
      }
    }
    return true;
  }

  @Override
  public List<ChannelPosition> positions() {
    return channels.stream().map(LoggedInputChannel::position).toList();
  }
}
