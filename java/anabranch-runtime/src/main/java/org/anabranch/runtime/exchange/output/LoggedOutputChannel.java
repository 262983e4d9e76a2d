package org.anabranch.runtime.exchange.output;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.ArrayDeque;
import java.util.List;
import org.anabranch.proto.v1.ChannelPosition;
import org.anabranch.proto.v1.ConnectReply;
import org.anabranch.proto.v1.ConnectReply.Status;
import org.anabranch.proto.v1.ConnectRequest;
import org.anabranch.proto.v1.FrameHeader;
import org.anabranch.proto.v1.FrameHeader.ControlCase;
import org.anabranch.proto.v1.LogDelta;
import org.anabranch.runtime.exchange.wire.Position;
import org.anabranch.runtime.replay.InFlightLog;
import org.anabranch.runtime.replay.NondeterminismException;
import org.anabranch.runtime.replay.Piece;
import org.anabranch.runtime.replay.Piggyback;
import org.anabranch.runtime.replay.SentFrame;
import org.anabranch.runtime.replay.TaskLogs;

/**
 * A channel of a job with recovery: keeps every frame in its in-flight log, sends from there, and
 * serves any incarnation of its consumer from the position that it asks for.
 *
 * <p>While there is no consumer the log grows, and nobody waits. The determinants of a frame are
 * put in front of the socket: then they are all that was logged before the frame was cut, or more.
 */
final class LoggedOutputChannel extends OutputChannel {
  // What is taken from the log ahead of the socket: several small frames, or a large one.
  private static final int STAGED_BYTES = 64 << 10;

  /** Where a frame ends on the channel, and its bytes. */
  private record FrameEnd(Position position, int bytes) {}

  private final TaskLogs logs;
  private final InFlightLog log;
  private final Piggyback piggyback;
  private final ArrayDeque<FrameEnd> ends = new ArrayDeque<>();
  private final int maxFrameBytes;
  private final byte[] lengths = new byte[LENGTHS];
  private Position start;
  private Position end;
  private Position received = new Position(0, 0);
  private volatile InFlightLog.Cursor cursor;
  private long unstagedBytes;
  // While the consumer still sends the logs it was asked for.
  private LogReceiver receiver;
  private boolean connected;

  LoggedOutputChannel(
      ChannelPosition from, int incarnation, ChunkPool pool, TaskLogs logs, int maxFrameBytes) {
    super(from.getChannel(), incarnation, pool);
    this.maxFrameBytes = maxFrameBytes;
    this.logs = logs;
    this.log = logs.inFlight(Integer.toString(from.getChannel()));
    this.piggyback = logs.piggyback();
    this.start = Position.of(from);
    this.end = start;
    this.endSent = from.getEnded();
  }

  @Override
  long queuedBytes() {
    // A second run produces what was in the log before, so there is no need to wait for room.
    return socket == null || !logs.live() ? 0 : queue.bytes() + unstagedBytes + dueBytes();
  }

  /** A frame that waits does not go ahead of its determinants, so a task waits for them too. */
  private long dueBytes() {
    return cursor.seq() < log.nextSeq() ? logs.dueBytes(piggyback) : 0;
  }

  @Override
  boolean exhausted() {
    return logs.live() && super.exhausted();
  }

  @Override
  int queuedFrames() {
    InFlightLog.Cursor from = cursor;
    return from == null ? 0 : (int) (log.nextSeq() - from.seq()) + queue.frames();
  }

  @Override
  boolean acknowledged() {
    return super.acknowledged() || (endSent && !end.isAfter(received));
  }

  @Override
  void send(FrameHeader.Builder header, byte[] payload, int offset, int length) {
    FrameHeader complete =
        header
            .setChannel(id)
            .setEpoch(logs.cut())
            .setSeq(log.nextSeq())
            .setFirstRecordSeq(end.records())
            .setFirstControlSeq(end.controls())
            .setIncarnation(incarnation)
            .build();
    log.append(complete, payload, offset, length);
    endSent |= complete.hasEndOfInput();
    boolean control = complete.getControlCase() != ControlCase.CONTROL_NOT_SET;
    end = end.plus(complete.getNRecords(), control ? 1 : 0);
    demand.sent(end.records());
    FrameEnd frame = new FrameEnd(end, LENGTHS + complete.getSerializedSize() + length);
    ends.add(frame);
    if (socket == null) {
      return;
    }
    if (!end.isAfter(received)) {
      cursor = log.framesFrom(log.nextSeq()); // the consumer has it, of an incarnation before
      return;
    }
    unstagedBytes += frame.bytes();
    if (!waitsForRoom) {
      write();
    }
  }

  @Override
  void examine(ConnectRequest request, ConnectReply.Builder reply) {
    if (start.isAfter(Position.of(request))) {
      String message =
          "%s was asked for, what follows %s is held".formatted(Position.of(request), start);
      reply.setStatus(Status.STATUS_GONE).setMessage(message);
      return;
    }
    if (logs.gathers()) {
      reply.setWantsLogs(true).addAllWantedTasks(logs.wantedTasks());
    }
    reply.setStatus(Status.STATUS_OK);
  }

  /** Returns true once a consumer has come and has sent the logs it was asked for. */
  @Override
  boolean connected() {
    return connected;
  }

  @Override
  boolean listens() {
    return receiver != null;
  }

  @Override
  boolean listen() throws IOException {
    boolean more = receiver.read(socket);
    if (receiver.done()) {
      demand.feed(receiver.rest());
      receiver = null;
      connected = true;
      write();
    }
    return more;
  }

  @Override
  void attach(ConnectRequest request, SocketChannel connection, SelectionKey registered) {
    disconnect();
    logs.beginSharing(piggyback);
    if (logs.gathers()) {
      receiver = new LogReceiver(maxFrameBytes, delta -> logs.consumerHolds(piggyback, delta));
    } else {
      connected = true;
    }
    received = Position.of(request);
    if (logs.live()) {
      checkNothingMissing();
    }
    long seq = log.nextSeq();
    for (var ofLast = ends.descendingIterator(); ofLast.hasNext(); seq--) {
      FrameEnd frame = ofLast.next();
      if (!frame.position().isAfter(received)) {
        break;
      }
      unstagedBytes += frame.bytes();
    }
    cursor = log.framesFrom(seq);
    adopt(request, end.records(), connection, registered);
  }

  /**
   * Makes sure that all that the consumer has, of whatever incarnation, has been produced.
   *
   * @throws NondeterminismException if something has not
   */
  void checkNothingMissing() {
    if (received.isAfter(end)) {
      throw new NondeterminismException(
          "the consumer of channel %d has got %s of an earlier run, and this run has come to %s only"
              .formatted(id, received, end));
    }
  }

  @Override
  boolean writeQueued() throws IOException {
    if (receiver != null) {
      return true; // the consumer reads nothing before it has told all
    }
    do {
      while (queue.bytes() < STAGED_BYTES && stageNext()) {}
      if (!queue.writeTo(socket)) {
        return false;
      }
    } while (cursor.seq() < log.nextSeq());
    return true;
  }

  private boolean stageNext() {
    if (cursor.seq() >= log.nextSeq()) {
      return false;
    }
    Piece due = logs.next(piggyback, Piece.bytesOf(maxFrameBytes));
    byte[] deltas = encoded(due.deltas());
    if (due.full()) { // more is due than goes along with a frame
      stageAlone(cursor.seq(), deltas);
      return true;
    }
    SentFrame frame = cursor.next();
    long size = (long) frame.header().remaining() + deltas.length + frame.payload().remaining();
    if (size > maxFrameBytes - LENGTHS && deltas.length > 0) {
      stageAlone(frame.seq(), deltas);
      deltas = EdgeWriter.NO_PAYLOAD;
    }
    int headerLength = frame.header().remaining() + deltas.length;
    ByteBuffer.wrap(lengths)
        .putInt(Integer.BYTES + headerLength + frame.payload().remaining())
        .putInt(headerLength);
    queue.append(lengths, 0, LENGTHS);
    append(frame.header());
    queue.append(deltas, 0, deltas.length);
    append(frame.payload());
    queue.endFrame();
    unstagedBytes -= LENGTHS + frame.header().remaining() + frame.payload().remaining();
    return true;
  }

  /** Stages a frame of determinants, which goes ahead of this frame and counts for nothing. */
  private void stageAlone(long seq, byte[] deltas) {
    byte[] header =
        FrameHeader.newBuilder()
            .setChannel(id)
            .setEpoch(logs.epoch())
            .setSeq(seq)
            .setIncarnation(incarnation)
            .build()
            .toByteArray();
    int headerLength = header.length + deltas.length;
    ByteBuffer.wrap(lengths).putInt(Integer.BYTES + headerLength).putInt(headerLength);
    queue.append(lengths, 0, LENGTHS);
    queue.append(header, 0, header.length);
    queue.append(deltas, 0, deltas.length);
  }

  private static byte[] encoded(List<LogDelta> due) {
    return due.isEmpty()
        ? EdgeWriter.NO_PAYLOAD
        : FrameHeader.newBuilder().addAllDeltas(due).build().toByteArray();
  }

  private void append(ByteBuffer bytes) {
    queue.append(bytes.array(), bytes.arrayOffset() + bytes.position(), bytes.remaining());
  }

  @Override
  boolean acknowledges() {
    return queue.bytes() == 0 && cursor.seq() == log.nextSeq();
  }

  @Override
  void disconnect() {
    super.disconnect();
    receiver = null;
    cursor = null;
    unstagedBytes = 0;
    queue.clear();
  }

  /** Returns what went on the channel so far. */
  ChannelPosition position() {
    return end.toBuilder(id).setEnded(endSent).build();
  }

  /** Forgets the frames of all epochs before this one. */
  void dropBefore(long epoch) {
    // What a connected consumer has not been sent yet is of an epoch that it has not completed.
    long first = log.firstSeq();
    log.dropBefore(epoch);
    for (long dropped = log.firstSeq() - first; dropped > 0; dropped--) {
      start = ends.remove().position();
    }
  }

  @Override
  void close() {
    super.close();
    log.close();
  }
}
