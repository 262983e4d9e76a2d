package org.anabranch.runtime.exchange;

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
 * One outgoing channel: numbers its frames, queues what the socket does not take, serves one
 * consumer.
 *
 * <p>A consumer that vanishes leaves the channel without a connection; the queue then fills and
 * stops the task, and the master decides what happens.
 */
final class OutputChannel implements Poller.Handler {
  private static final int LENGTHS = 8;

  private final int id;
  private final int incarnation;
  private final SendQueue queue;
  private final ByteBuffer scratch = ByteBuffer.allocate(64);
  private byte[] head = new byte[256];
  private long nextSeq;
  private long nextRecordSeq;
  private int consumerIncarnation = -1;
  private SocketChannel socket;
  private SelectionKey key;
  private boolean waitsForRoom;
  private boolean endQueued;
  private boolean acknowledged;

  OutputChannel(int id, int incarnation, ChunkPool pool) {
    this.id = id;
    this.incarnation = incarnation;
    this.queue = new SendQueue(pool);
  }

  int id() {
    return id;
  }

  long queuedBytes() {
    return queue.bytes();
  }

  int queuedFrames() {
    return queue.frames();
  }

  /** Returns true once the consumer has closed the connection behind the end of input. */
  boolean connected() {
    return consumerIncarnation >= 0;
  }

  boolean acknowledged() {
    return acknowledged;
  }

  /**
   * Completes the header with the channel's own numbers, queues the frame and sends what can be
   * sent.
   */
  void send(FrameHeader.Builder header, byte[] payload, int offset, int length) {
    FrameHeader complete =
        header
            .setChannel(id)
            .setSeq(nextSeq++)
            .setFirstRecordSeq(nextRecordSeq)
            .setIncarnation(incarnation)
            .build();
    nextRecordSeq += complete.getNRecords();
    endQueued |= complete.hasEndOfInput();
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

  /** Decides about a consumer that wants this channel. */
  ConnectReply examine(ConnectRequest request) {
    ConnectReply.Builder reply = ConnectReply.newBuilder().setIncarnation(incarnation);
    if (request.getProducerIncarnation() != incarnation
        || request.getIncarnation() < consumerIncarnation) {
      return reply.setStatus(Status.STATUS_FENCED).setMessage("incarnation is out of date").build();
    }
    if (socket != null && request.getIncarnation() == consumerIncarnation) {
      return reply
          .setStatus(Status.STATUS_FENCED)
          .setMessage("this consumer is connected already")
          .build();
    }
    long firstHeld = nextSeq - queue.frames();
    if (request.getNextSeq() != firstHeld || !queue.atFrameBoundary()) {
      String message =
          "frame %d was asked for, frames from %d on are held"
              .formatted(request.getNextSeq(), firstHeld);
      return reply.setStatus(Status.STATUS_GONE).setMessage(message).build();
    }
    return reply.setStatus(Status.STATUS_OK).build();
  }

  /**
   * Takes the connection of a consumer that was told OK, and sends what has been waiting for it.
   */
  void attach(ConnectRequest request, SocketChannel connection, SelectionKey registered) {
    disconnect();
    consumerIncarnation = request.getIncarnation();
    socket = connection;
    key = registered;
    key.attach(this);
    write();
  }

  @Override
  public void ready(SelectionKey ready) {
    if (ready.isWritable()) {
      write();
    }
    if (socket != null && ready.isReadable()) {
      read();
    }
  }

  private void write() {
    Thread.interrupted(); // one that user code has left behind would close the socket
    try {
      boolean all = queue.writeTo(socket);
      if (all == waitsForRoom || key.interestOps() == 0) {
        key.interestOps(all ? SelectionKey.OP_READ : SelectionKey.OP_READ | SelectionKey.OP_WRITE);
      }
      waitsForRoom = !all;
    } catch (IOException e) {
      disconnect(); // the consumer is gone; the master decides
    }
  }

  /** A consumer sends nothing after the handshake: whatever arrives ends the connection. */
  private void read() {
    boolean closed;
    try {
      closed = socket.read(scratch.clear()) < 0;
      if (!closed && scratch.position() == 0) {
        return;
      }
    } catch (IOException e) {
      closed = false;
    }
    acknowledged = closed && endQueued && queue.bytes() == 0;
    disconnect();
  }

  private void disconnect() {
    if (socket != null) {
      Sockets.closeQuietly(socket);
      socket = null;
      key = null;
      waitsForRoom = false;
    }
  }

  void close() {
    disconnect();
    queue.clear();
  }
}
