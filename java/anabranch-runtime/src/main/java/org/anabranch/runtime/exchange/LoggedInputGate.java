package org.anabranch.runtime.exchange;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.anabranch.proto.v1.ChannelPosition;
import org.anabranch.proto.v1.FrameHeader;
import org.anabranch.runtime.recovery.TaskLogs;

/** All input channels of a task in a job with recovery. Used by the task's thread only. */
public final class LoggedInputGate extends InputGate {

  /**
   * What was taken from a channel.
   *
   * @param channel its id
   * @param batch records; null if it was a control frame
   * @param control the header of a control frame, else null
   */
  public record Received(int channel, InputBatch batch, FrameHeader control) {}

  private final TaskLogs logs;
  private final Map<Integer, ChannelPosition> positions;
  private final List<LoggedInputChannel> channels = new ArrayList<>();
  private int turn;

  LoggedInputGate(
      ExchangeConfig config,
      Poller poller,
      int incarnation,
      TaskLogs logs,
      Map<Integer, ChannelPosition> positions) {
    super(config, poller, incarnation);
    this.logs = logs;
    this.positions = positions;
  }

  @Override
  InputChannel channel(int id, int edge, String producer) {
    LoggedInputChannel channel =
        new LoggedInputChannel(
            positions.getOrDefault(id, Position.start(id)),
            edge,
            incarnation,
            producer,
            config,
            poller,
            scratch,
            logs);
    channels.add(channel);
    return channel;
  }

  /** Not to be used: what is taken here has to be logged. */
  @Override
  public InputBatch next() {
    throw new UnsupportedOperationException("in a job with recovery use nextReceived");
  }

  /**
   * Returns what has come next on a channel that is not blocked, or null.
   *
   * @throws ExchangeException if a producer broke the protocol
   * @throws UnreadableRecordException if a record cannot be decoded
   */
  public Received nextReceived() {
    int n = channels.size();
    for (int i = 0; i < n; i++) {
      int index = turn + i < n ? turn + i : turn + i - n;
      LoggedInputChannel channel = channels.get(index);
      Received received = channel.ready() ? take(channel, Integer.MAX_VALUE) : null;
      if (received != null) {
        turn = index + 1 == n ? 0 : index + 1;
        return received;
      }
    }
    return null;
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

  private Received take(LoggedInputChannel channel, int most) {
    while (true) {
      InputBatch kept = channel.take(most);
      if (kept != null) {
        return new Received(channel.id, kept, null);
      }
      if (!channel.complete()) {
        return null;
      }
      Frame frame = channel.take();
      FrameHeader header = frame.header();
      switch (header.getControlCase()) {
        case CONTROL_NOT_SET -> channel.keep(decode(channel.edge(), frame));
        case END_OF_INPUT -> channel.end();
        case BARRIER -> {}
        case WATERMARK -> throw unexpected(channel, header);
      }
      channel.advance();
      if (header.getControlCase() != FrameHeader.ControlCase.CONTROL_NOT_SET) {
        return new Received(channel.id, null, header);
      }
    }
  }

  private LoggedInputChannel find(int id) {
    for (LoggedInputChannel channel : channels) {
      if (channel.id == id) {
        return channel;
      }
    }
    throw new ExchangeException("a log names channel " + id + ", which is not mine");
  }

  /** Returns whether {@link #nextReceived} may have something. */
  public boolean ready() {
    for (LoggedInputChannel channel : channels) {
      if (channel.ready()) {
        return true;
      }
    }
    return false;
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

  /** Returns what was received on each channel. */
  public List<ChannelPosition> positions() {
    return channels.stream().map(LoggedInputChannel::position).toList();
  }
}
