package org.anabranch.runtime.exchange;

import com.google.protobuf.InvalidProtocolBufferException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.function.Consumer;
import org.anabranch.proto.v1.ConnectReply;
import org.anabranch.proto.v1.ConnectRequest;

/**
 * The first bytes on a connection, seen from the producer.
 *
 * <pre>
 *   PRELUDE (magic and token) --> LENGTH --> REQUEST --> admitted or refused
 *      |                            |          |
 *      '----------------------------'----------'--> dropped: wrong, too long, too late, gone
 * </pre>
 *
 * <p>Nothing behind the token is looked at, and nothing is allocated for it, before the token has
 * matched.
 */
final class Handshake implements Poller.Handler {
  static final byte[] MAGIC = "ANB1".getBytes(StandardCharsets.US_ASCII);
  static final int MAX_MESSAGE_BYTES = 4096;

  /** With recovery a consumer brings along the determinant logs that it holds. */
  static final int MAX_LOGS_BYTES = 64 << 20;

  private enum Stage {
    PRELUDE,
    LENGTH,
    REQUEST
  }

  private final ExchangeConfig config;
  private final SocketChannel socket;
  private final long deadline;
  private final OutputGate output;
  private final Consumer<Handshake> finished;
  private ByteBuffer expected = ByteBuffer.allocate(MAGIC.length + ExchangeConfig.TOKEN_BYTES);
  private Stage stage = Stage.PRELUDE;
  private SelectionKey key;

  Handshake(
      ExchangeConfig config,
      SocketChannel socket,
      long deadline,
      OutputGate output,
      Consumer<Handshake> finished) {
    this.config = config;
    this.socket = socket;
    this.deadline = deadline;
    this.output = output;
    this.finished = finished;
  }

  void begin(SelectionKey registered) {
    key = registered;
  }

  long deadline() {
    return deadline;
  }

  @Override
  public void ready(SelectionKey ready) {
    try {
      // Never reads beyond the request: what follows is not this class's to read.
      while (true) {
        if (socket.read(expected) < 0) {
          drop();
          return;
        }
        if (expected.hasRemaining()) {
          return;
        }
        if (!advance()) {
          return;
        }
      }
    } catch (IOException e) {
      drop();
    }
  }

  /** Handles a stage that has arrived whole; returns whether to read on. */
  private boolean advance() throws IOException {
    return switch (stage) {
      case PRELUDE -> {
        byte[] right = new byte[expected.capacity()];
        ByteBuffer.wrap(right).put(MAGIC).put(config.token());
        if (!MessageDigest.isEqual(right, expected.array())) {
          drop();
          yield false;
        }
        expected = ByteBuffer.allocate(Integer.BYTES);
        stage = Stage.LENGTH;
        yield true;
      }
      case LENGTH -> {
        int length = expected.getInt(0);
        if (length < 0 || length > output.maxRequestBytes()) {
          drop();
          yield false;
        }
        expected = ByteBuffer.allocate(length);
        stage = Stage.REQUEST;
        yield true;
      }
      case REQUEST -> {
        answer();
        yield false;
      }
    };
  }

  private void answer() throws IOException {
    ConnectRequest request;
    try {
      request = ConnectRequest.parseFrom(expected.array());
    } catch (InvalidProtocolBufferException e) {
      drop();
      return;
    }
    finished.accept(this);
    ConnectReply reply = output.examine(config.jobId(), request);
    byte[] body = reply.toByteArray();
    ByteBuffer bytes = ByteBuffer.allocate(Integer.BYTES + body.length);
    bytes.putInt(body.length).put(body).flip();
    Thread.interrupted(); // one that user code has left behind would close the socket
    socket.write(bytes); // a fresh socket's buffer always has room for it
    if (reply.getStatus() == ConnectReply.Status.STATUS_OK && !bytes.hasRemaining()) {
      output.attach(request, socket, key);
    } else {
      Sockets.closeQuietly(socket);
    }
  }

  void drop() {
    finished.accept(this);
    Sockets.closeQuietly(socket);
  }
}
