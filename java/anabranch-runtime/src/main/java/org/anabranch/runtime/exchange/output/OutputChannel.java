package org.anabranch.runtime.exchange.output;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import org.anabranch.proto.v1.ConnectReply;
import org.anabranch.proto.v1.ConnectReply.Status;
import org.anabranch.proto.v1.ConnectRequest;
import org.anabranch.proto.v1.FrameHeader;
import org.anabranch.runtime.exchange.wire.EventLoop;
import org.anabranch.runtime.exchange.wire.Sockets;

/** One outgoing channel: numbers its frames and sends them to one consumer. */
abstract class OutputChannel implements EventLoop.Handler {
  static final int LENGTHS = 8;

  final int id;
  final int incarnation;
  final SendQueue queue;
  final ConsumerDemand demand = new ConsumerDemand();
  int consumerIncarnation = -1;
  SocketChannel socket;
  boolean waitsForRoom;
  boolean endSent;
  private final ByteBuffer scratch = ByteBuffer.allocate(64);
  private SelectionKey key;
  private boolean acknowledged;

  OutputChannel(int id, int incarnation, ChunkPool pool) {
    this.id = id;
    this.incarnation = incarnation;
    this.queue = new SendQueue(pool);
  }

  int id() {
    return id;
  }

  /** Returns the number of unsent bytes that a task has to wait for. */
  abstract long queuedBytes();

  /** Returns the number of frames that the socket has not taken; a snapshot, from any thread. */
  abstract int queuedFrames();

  /** Returns true once a consumer has come. */
  boolean connected() {
    return consumerIncarnation >= 0;
  }

  /** Returns true once the consumer has closed the connection after the end of input. */
  boolean acknowledged() {
    return acknowledged;
  }

  /** Completes the header with the channel's own numbers and sends what can be sent. */
  abstract void send(FrameHeader.Builder header, byte[] payload, int offset, int length);

  /** Decides about a consumer that wants this channel. */
  final ConnectReply examine(ConnectRequest request) {
    ConnectReply.Builder reply = ConnectReply.newBuilder().setIncarnation(incarnation);
    if (request.getProducerIncarnation() != incarnation
        || request.getIncarnation() < consumerIncarnation) {
      reply.setStatus(Status.STATUS_FENCED).setMessage("incarnation is out of date");
    } else {
      examine(request, reply);
    }
    return reply.build();
  }

  /** Answers a consumer whose request is not out of date. */
  abstract void examine(ConnectRequest request, ConnectReply.Builder reply);

  /**
   * Takes the connection of a consumer that was told OK, and sends what has been waiting for it.
   */
  abstract void attach(ConnectRequest request, SocketChannel connection, SelectionKey registered);

  /** Returns whether frames wait for something that the consumer has been asked for. */
  boolean listens() {
    return false;
  }

  /** Takes what the consumer was asked for; returns false at the end of the stream. */
  boolean listen() throws IOException {
    throw new IllegalStateException("nothing was asked for");
  }

  /** Writes as much as the socket takes; returns true if that was all. */
  abstract boolean writeQueued() throws IOException;

  /** Returns whether a consumer that hangs up now, after the end, has everything. */
  abstract boolean acknowledges();

  /** Returns true if the task has to wait: the consumer wants no more for now. */
  boolean exhausted() {
    return demand.exhausted();
  }

  /** Takes the connection of a consumer, for which so many records were sent or are held. */
  final void adopt(
      ConnectRequest request, long records, SocketChannel connection, SelectionKey registered) {
    consumerIncarnation = request.getIncarnation();
    demand.begin(request, records);
    socket = connection;
    key = registered;
    key.attach(this);
    write();
  }

  @Override
  public final void ready(SelectionKey ready) {
    if (ready.isWritable()) {
      write();
    }
    if (socket != null && ready.isReadable()) {
      read();
    }
  }

  final void write() {
    Thread.interrupted(); // one that user code has left behind would close the socket
    try {
      boolean all = writeQueued();
      if (all == waitsForRoom || key.interestOps() == 0) {
        key.interestOps(all ? SelectionKey.OP_READ : SelectionKey.OP_READ | SelectionKey.OP_WRITE);
      }
      waitsForRoom = !all;
    } catch (IOException e) {
      disconnect(); // the consumer is gone; the master decides
    }
  }

  /**
   * Reads the logs that the consumer was asked for, and then what it wants; after the end, that it
   * has everything.
   */
  final void read() {
    boolean closed = false;
    try {
      if (listens()) {
        if (!listen()) {
          disconnect();
          return;
        }
        if (listens()) {
          return;
        }
      }
      while (!closed) {
        int n = socket.read(scratch.clear());
        if (n == 0) {
          return;
        }
        closed = n < 0;
        demand.feed(scratch.flip());
      }
    } catch (IOException e) {
      closed = false; // the consumer is gone, or it is none
    }
    acknowledged |= closed && endSent && acknowledges();
    disconnect();
  }

  void disconnect() {
    if (socket != null) {
      Sockets.closeQuietly(socket);
      socket = null;
      key = null;
      waitsForRoom = false;
      demand.end();
    }
  }

  void close() {
    disconnect();
    queue.clear();
  }
}
