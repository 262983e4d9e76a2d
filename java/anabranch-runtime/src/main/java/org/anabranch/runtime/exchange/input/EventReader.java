package org.anabranch.runtime.exchange.input;

import java.util.List;
import org.anabranch.proto.v1.ChannelPosition;
import org.anabranch.proto.v1.FrameHeader;
import org.anabranch.proto.v1.TaskDescriptor;
import org.anabranch.proto.v1.UnreadFrame;
import org.anabranch.runtime.exchange.input.InputEvent.Barrier;
import org.anabranch.runtime.exchange.input.InputEvent.EndOfInput;
import org.anabranch.runtime.exchange.input.InputEvent.Records;
import org.anabranch.runtime.exchange.wire.ExchangeException;
import org.anabranch.runtime.exchange.wire.Guarantee;
import org.anabranch.runtime.records.Batch;

/**
 * Reads the input of a task as events: decoded, without what was received before, and aligned. Used
 * by the task's thread only.
 */
public final class EventReader {
  private final InputGate gate;
  private final List<EdgeDecoder> decoders;
  // Null if there are no checkpoints, so that a barrier breaks the protocol.
  private final BarrierAligner aligner;
  private int most = Integer.MAX_VALUE;

  /**
   * Reads from a gate.
   *
   * @param decoders by index of the edge
   * @param guarantee what checkpoints the task takes
   */
  public EventReader(
      InputGate gate, List<EdgeDecoder> decoders, TaskDescriptor task, Guarantee guarantee) {
    this.gate = gate;
    this.decoders = decoders;
    long epoch = task.getRestore().getNumber();
    this.aligner =
        guarantee instanceof Guarantee.None
            ? null
            : new BarrierAligner(epoch, guarantee instanceof Guarantee.ExactlyOnce);
  }

  /** Returns true once every channel has ended; at once if there is none. */
  public boolean ended() {
    return gate.ended();
  }

  /** Returns whether a channel has ended. */
  public boolean ended(int channel) {
    return gate.channel(channel).ended();
  }

  /** Returns whether {@link #next} may have something. */
  public boolean ready() {
    return gate.ready();
  }

  /** Has {@link #next} return at most so many records at once. */
  public void takeAtMost(int records) {
    most = records;
  }

  /**
   * Returns what comes next, on whatever channel; null if nothing has come.
   *
   * @throws ExchangeException if a producer broke the protocol
   * @throws UnreadableRecordException if a record cannot be decoded
   */
  public InputEvent next() {
    for (InputChannel channel = gate.next(); channel != null; channel = gate.next()) {
      InputEvent event = nextOf(channel, most);
      if (event != null) {
        return event;
      }
    }
    return null;
  }

  /**
   * Returns what comes next on one channel, and leaves the others alone; null if nothing has come.
   *
   * @param atMost records to return at most
   * @throws ExchangeException if the producer broke the protocol, or there is no such channel
   * @throws UnreadableRecordException if a record cannot be decoded
   */
  public InputEvent nextOf(int channel, int atMost) {
    return nextOf(gate.channel(channel), atMost);
  }

  private InputEvent nextOf(InputChannel channel, int atMost) {
    Records left = channel.takeLeft(atMost);
    if (left != null) {
      return left;
    }
    while (channel.complete()) {
      Frame frame = channel.take();
      InputEvent event = event(channel, frame, atMost);
      channel.advance();
      if (event != null) {
        return event;
      }
    }
    return null;
  }

  // ---------------------------------------------------------------- checkpoints

  /** Returns the checkpoint whose barrier has come on some channels and not on all; 0: none. */
  public long aligning() {
    return aligner == null ? 0 : aligner.aligning();
  }

  /** Reads all channels again: the checkpoint was taken, with or without its barriers. */
  public void enterEpoch(long number) {
    aligner.enterEpoch(number);
    gate.unblock();
  }

  /**
   * Reads what has arrived; returns whether now everything up to the end of input is in memory.
   *
   * @param mostBytes about so many may be in memory
   */
  public boolean readAhead(long mostBytes) {
    return gate.readAhead(mostBytes);
  }

  /** Returns whether the barrier of a checkpoint, or of a later one, was read ahead. */
  public boolean barrierAhead(long checkpoint) {
    return gate.barrierAhead(checkpoint);
  }

  /** Returns what was read and not returned yet, in the order of each channel. */
  public List<UnreadFrame> unread() {
    return gate.unread();
  }

  /** Returns how far each channel is, for a snapshot: what was returned of it. */
  public List<ChannelPosition> positions() {
    return gate.positions();
  }

  // ---------------------------------------------------------------- from frames to events

  /** Returns what a frame brings; null if that is nothing that was not received before. */
  private InputEvent event(InputChannel channel, Frame frame, int atMost) {
    return switch (frame.header().getControlCase()) {
      case CONTROL_NOT_SET -> records(channel, frame, atMost);
      case END_OF_INPUT -> end(channel);
      case BARRIER -> barrier(channel, frame.header());
      case WATERMARK -> throw unexpected(channel, frame.header());
    };
  }

  private static ExchangeException unexpected(InputChannel channel, FrameHeader header) {
    return channel.violation("a " + header.getControlCase() + ", which this worker cannot handle");
  }

  private Records records(InputChannel channel, Frame frame, int atMost) {
    Batch batch = decoders.get(channel.edge()).decode(frame);
    if (batch.size() == frame.skip()) {
      return null;
    }
    long first = frame.header().getFirstRecordSeq();
    Records all = new Records(channel.id, channel.edge(), first, batch);
    return channel.atMost(atMost, all.slice(frame.skip(), batch.size()), frame);
  }

  private EndOfInput end(InputChannel channel) {
    channel.end();
    return new EndOfInput(channel.id, aligned());
  }

  private Barrier barrier(InputChannel channel, FrameHeader header) {
    if (aligner == null) {
      throw unexpected(channel, header);
    }
    long number = header.getBarrier().getNumber();
    if (aligner.supersedes(number)) {
      gate.unblock();
    }
    if (aligner.meet(number, channel.id) && aligner.blocks()) {
      channel.block(true);
    }
    return new Barrier(channel.id, number, aligned());
  }

  private long aligned() {
    // After the last end there is the last snapshot, which needs no barrier.
    return aligner == null || gate.ended() ? 0 : aligner.aligned(gate.living());
  }
}
