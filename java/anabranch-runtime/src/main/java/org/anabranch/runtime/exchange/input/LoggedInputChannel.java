package org.anabranch.runtime.exchange.input;

import java.io.IOException;
import org.anabranch.proto.v1.ChannelPosition;
import org.anabranch.proto.v1.ConnectReply;
import org.anabranch.proto.v1.ConnectRequest;
import org.anabranch.proto.v1.FrameHeader;
import org.anabranch.proto.v1.FrameHeader.ControlCase;
import org.anabranch.proto.v1.UnreadFrame;
import org.anabranch.runtime.exchange.wire.LogMessages;
import org.anabranch.runtime.exchange.wire.Position;
import org.anabranch.runtime.replay.TaskLogs;

/**
 * Receives each record and each control frame of a channel once, whichever incarnation of the
 * producer sends it. A channel that has ended still dials: a new producer wants to hear what the
 * task holds of its log.
 */
final class LoggedInputChannel extends InputChannel {
  private static final int ANY = -1;

  private final TaskLogs logs;
  private final Consumer consumer;
  private Position received;
  private long nextSeq = ANY;

  LoggedInputChannel(
      ChannelPosition from, int edge, String producer, Consumer consumer, TaskLogs logs) {
    super(
        from.getChannel(),
        edge,
        from.getEnded(),
        producer,
        consumer.config().maxFrameBytes(),
        consumer);
    this.logs = logs;
    this.consumer = consumer;
    this.received = Position.of(from);
  }

  /** Returns what was handed out. */
  @Override
  ChannelPosition position() {
    Position position = received;
    for (UnreadFrame unread : unread()) {
      FrameHeader header = unread.getHeader();
      position = position.plus(unread.getSkip() - header.getNRecords(), isControl(header) ? -1 : 0);
    }
    return position.toBuilder(id).setEnded(ended()).build();
  }

  @Override
  void restore(UnreadFrame unread) {
    super.restore(unread);
    FrameHeader header = unread.getHeader();
    received = received.plus(header.getNRecords() - unread.getSkip(), isControl(header) ? 1 : 0);
  }

  private static boolean isControl(FrameHeader header) {
    return header.getControlCase() != ControlCase.CONTROL_NOT_SET;
  }

  @Override
  long receivedRecords() {
    return received.records();
  }

  @Override
  void complete(ConnectRequest.Builder asked) {
    nextSeq = ANY;
    asked.setNextRecordSeq(received.records()).setNextControlSeq(received.controls());
  }

  @Override
  void admitted(ConnectReply reply) throws IOException {
    if (reply.getWantsLogs()) {
      tell(
          new LogMessages(
              logs.held(reply.getWantedTasksList()), consumer.config().maxFrameBytes()));
    } else {
      super.admitted(reply);
    }
  }

  @Override
  void accept(FrameHeader header) {
    if (nextSeq != ANY && header.getSeq() != nextSeq) {
      throw violation("frame %d, not %d".formatted(header.getSeq(), nextSeq));
    }
    boolean control = isControl(header);
    if (header.getNRecords() == 0 && !control) { // determinants only, which count for nothing
      logs.merge(header.getDeltasList());
      skip(0);
      return;
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
    skip((int) known);
    received = received.plus(header.getNRecords() - known, isControl(header) ? 1 : 0);
  }
}
