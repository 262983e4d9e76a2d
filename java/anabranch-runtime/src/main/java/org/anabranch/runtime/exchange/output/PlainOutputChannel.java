package org.anabranch.runtime.exchange.output;

import com.google.protobuf.CodedOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import org.anabranch.proto.v1.ConnectReply;
import org.anabranch.proto.v1.ConnectReply.Status;
import org.anabranch.proto.v1.ConnectRequest;
import org.anabranch.proto.v1.FrameHeader;

/**
 * A channel that keeps a frame until the socket has taken it, and not longer: of a job without
 * recovery, or of one in which all tasks begin again together.
 *
 * <p>A consumer that vanishes leaves the channel without a connection; the queue then fills and
 * stops the task, and the master decides what happens.
 */
final class PlainOutputChannel extends OutputChannel {
  private byte[] head = new byte[256];
  private long nextSeq;
  private long nextRecordSeq;
  private long epoch;

  PlainOutputChannel(int id, int incarnation, ChunkPool pool) {
    super(id, incarnation, pool);
  }

  @Override
  long queuedBytes() {
    return queue.bytes();
  }

  @Override
  int queuedFrames() {
    return queue.frames();
  }

  @Override
  void send(FrameHeader.Builder header, byte[] payload, int offset, int length) {
    FrameHeader complete =
        header
            .setChannel(id)
            .setEpoch(epoch)
            .setSeq(nextSeq++)
            .setFirstRecordSeq(nextRecordSeq)
            .setIncarnation(incarnation)
            .build();
    nextRecordSeq += complete.getNRecords();
    demand.sent(nextRecordSeq);
    endSent |= complete.hasEndOfInput();
    epoch = complete.hasBarrier() ? complete.getBarrier().getNumber() : epoch;
    int headLength = encodeHead(complete, length);
    queue.append(head, 0, headLength);
    queue.append(payload, offset, length);
    queue.endFrame();
    if (socket != null && !waitsForRoom) {
      write();
    }
  }

  private int encodeHead(FrameHeader header, int payloadLength) {
    int headerLength = header.getSerializedSize();
    if (head.length < LENGTHS + headerLength) {
      head = new byte[LENGTHS + 2 * headerLength];
    }
    ByteBuffer.wrap(head).putInt(4 + headerLength + payloadLength).putInt(headerLength);
    try {
      CodedOutputStream out = CodedOutputStream.newInstance(head, LENGTHS, headerLength);
      header.writeTo(out);
      out.checkNoSpaceLeft();
    } catch (IOException e) {
      throw new IllegalStateException("an array cannot fail to be written", e);
    }
    return LENGTHS + headerLength;
  }

  @Override
  void examine(ConnectRequest request, ConnectReply.Builder reply) {
    boolean again = request.getIncarnation() == consumerIncarnation;
    if (again && socket != null) {
      read(); // one that dials again has closed the connection before, which we may not have seen
    }
    if (again && socket != null) {
      reply.setStatus(Status.STATUS_FENCED).setMessage("this consumer is connected already");
      return;
    }
    long firstHeld = nextSeq - queue.frames();
    if (request.getNextSeq() != firstHeld || !queue.atFrameBoundary()) {
      String message =
          "frame %d was asked for, frames from %d on are held"
              .formatted(request.getNextSeq(), firstHeld);
      reply.setStatus(Status.STATUS_GONE).setMessage(message);
      return;
    }
    reply.setStatus(Status.STATUS_OK);
  }

  @Override
  void attach(ConnectRequest request, SocketChannel connection, SelectionKey registered) {
    disconnect();
    adopt(request, nextRecordSeq, connection, registered);
  }

  @Override
  boolean writeQueued() throws IOException {
    return queue.writeTo(socket);
  }

  @Override
  boolean acknowledges() {
    return queue.bytes() == 0;
  }
}
