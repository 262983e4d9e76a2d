package org.anabranch.runtime.exchange;

import org.anabranch.proto.v1.ChannelPosition;
import org.anabranch.proto.v1.ConnectRequest;
import org.anabranch.proto.v1.FrameHeader;
import org.anabranch.proto.v1.FrameHeader.ControlCase;
import org.anabranch.runtime.recovery.TaskLogs;

/**
 * Receives each record and each control frame of a channel once, whichever incarnation of the
 * producer sends it. A channel that has ended still dials: a new producer wants to hear what the
 * task holds of its log.
 */
final class LoggedInputChannel extends InputChannel {
  private static final int ANY = -1;

  private final TaskLogs logs;
  private Position received;
  private boolean blocked;
  private long nextSeq = ANY;
  private int skipped;
  // Records that were received and not handed out, from an index on.
  private InputBatch rest;
  private int restFrom;

  LoggedInputChannel(
      ChannelPosition from, int edge, String producer, Consumer consumer, TaskLogs logs) {
    super(
        from.getChannel(),
        edge,
        from.getEnded(),
        producer,
        (long) consumer.config().maxFrameBytes() + Handshake.MAX_LOGS_BYTES,
        consumer);
    this.logs = logs;
    this.received = Position.of(from);
  }

  boolean blocked() {
    return blocked;
  }

  void block(boolean now) {
    blocked = now;
  }

  /** Returns whether something can be taken now. */
  boolean ready() {
    return !blocked && (rest != null || complete());
  }

  /** Returns what was received, in which what is kept back counts. */
  ChannelPosition position() {
    return received.toBuilder(id).setEnded(ended()).build();
  }

  @Override
  void complete(ConnectRequest.Builder asked) {
    nextSeq = ANY;
    asked
        .setNextRecordSeq(received.records())
        .setNextControlSeq(received.controls())
        .addAllHeld(logs.held());
  }

  @Override
  void accept(FrameHeader header) {
    if (nextSeq != ANY && header.getSeq() != nextSeq) {
      throw violation("frame %d, not %d".formatted(header.getSeq(), nextSeq));
    }
    long known = received.records() - header.getFirstRecordSeq();
    if (known < 0
        || known > header.getNRecords()
        || header.getFirstControlSeq() != received.controls()) {
      throw violation(
          "record %d and control frame %d, not %s"
              .formatted(header.getFirstRecordSeq(), header.getFirstControlSeq(), received));
    }
    logs.merge(header.getDeltasList());
    nextSeq = header.getSeq() + 1;
    skipped = (int) known;
    boolean control = header.getControlCase() != ControlCase.CONTROL_NOT_SET;
    received = received.plus(header.getNRecords() - known, control ? 1 : 0);
  }

  /** Keeps the records of the frame taken last that were not received before. */
  void keep(InputBatch batch) {
    if (skipped < batch.size()) {
      rest = batch;
      restFrom = skipped;
    }
  }

  /** Returns records that were kept, at most so many, or null if there are none. */
  InputBatch take(int most) {
    if (rest == null) {
      return null;
    }
    int from = restFrom;
    restFrom = from + Math.min(rest.size() - from, most);
    InputBatch taken = rest.slice(from, restFrom);
    if (restFrom == rest.size()) {
      rest = null;
    }
    return taken;
  }
}
