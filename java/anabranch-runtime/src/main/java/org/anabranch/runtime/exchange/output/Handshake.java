package org.anabranch.runtime.exchange.output;

import com.google.protobuf.InvalidProtocolBufferException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.Arrays;
import org.anabranch.proto.v1.ConnectReply;
import org.anabranch.proto.v1.ConnectRequest;
import org.anabranch.runtime.exchange.wire.EventLoop;
import org.anabranch.runtime.exchange.wire.ExchangeConfig;
import org.anabranch.runtime.exchange.wire.Preamble;
import org.anabranch.runtime.exchange.wire.Proofs;
import org.anabranch.runtime.exchange.wire.Sockets;

/**
 * The first bytes on a connection, seen from the producer.
 *
 * <pre>
 *   MAGIC, NONCE, PROOF, LENGTH, REQUEST --> admitted or refused
 *      '----------'--> dropped: wrong, too long, too late, gone
 * </pre>
 *
 * <p>A consumer sends all of it at once, and it is taken in one go where it is there. The request
 * is not parsed before the proof has shown whose it is.
 */
final class Handshake implements EventLoop.Handler {
  private final ExchangeConfig config;
  private final SocketChannel socket;
  private final String address;
  private final long deadline;
  private final Acceptor acceptor;
  // A byte longer than what may come, so that more is noticed.
  private final ByteBuffer received =
      ByteBuffer.allocate(Preamble.BYTES + Preamble.MAX_MESSAGE_BYTES + 1);
  private SelectionKey key;

  Handshake(
      ExchangeConfig config,
      SocketChannel socket,
      String address,
      long deadline,
      Acceptor acceptor) {
    this.config = config;
    this.socket = socket;
    this.address = address;
    this.deadline = deadline;
    this.acceptor = acceptor;
  }

  /** Reads what has come already: usually everything. */
  void begin(SelectionKey registered) {
    key = registered;
    ready(registered);
  }

  long deadline() {
    return deadline;
  }

  /** Returns the remote host; empty on a Unix socket. */
  String address() {
    return address;
  }

  /** Returns true as long as nothing has come. */
  boolean silent() {
    return received.position() == 0;
  }

  @Override
  public void ready(SelectionKey ready) {
    try {
      int n = socket.read(received);
      if (n < 0) {
        drop("it was closed before the request was whole");
      } else if (n > 0) {
        look();
      }
    } catch (IOException e) {
      drop(String.valueOf(e.getMessage()));
    }
  }

  private void look() throws IOException {
    int n = received.position();
    int known = Math.min(n, Preamble.MAGIC.length);
    if (!Arrays.equals(received.array(), 0, known, Preamble.MAGIC, 0, known)) {
      drop("wrong magic");
      return;
    }
    if (n < Preamble.BYTES) {
      return;
    }
    int length = received.getInt(Preamble.BYTES - Integer.BYTES);
    if (length < 0 || length > Preamble.MAX_MESSAGE_BYTES) {
      drop("a request of " + Integer.toUnsignedString(length) + " bytes");
    } else if (n > Preamble.BYTES + length) {
      drop("more than a request");
    } else if (n == Preamble.BYTES + length) {
      answer(length);
    }
  }

  private void answer(int length) throws IOException {
    byte[] nonce = bytes(Preamble.MAGIC.length, Proofs.NONCE_BYTES);
    byte[] proof = bytes(Preamble.MAGIC.length + Proofs.NONCE_BYTES, Proofs.BYTES);
    byte[] said = bytes(Preamble.BYTES, length);
    if (!acceptor.admissions().admit(nonce, proof, said)) {
      drop("wrong or repeated proof");
      return;
    }
    ConnectRequest request;
    try {
      request = ConnectRequest.parseFrom(said);
    } catch (InvalidProtocolBufferException e) {
      drop("a request that cannot be parsed");
      return;
    }
    acceptor.finished(this);
    OutputGate output = acceptor.output();
    ConnectReply reply = output.examine(config.jobId(), request);
    byte[] body = reply.toByteArray();
    ByteBuffer bytes = ByteBuffer.allocate(Proofs.BYTES + Integer.BYTES + body.length);
    bytes.put(acceptor.admissions().proofOf(nonce, said, body));
    bytes.putInt(body.length).put(body).flip();
    Thread.interrupted(); // one that user code has left behind would close the socket
    socket.write(bytes); // a fresh socket's buffer always has room for it
    if (reply.getStatus() == ConnectReply.Status.STATUS_OK && !bytes.hasRemaining()) {
      output.attach(request, socket, key);
    } else {
      Sockets.closeQuietly(socket);
    }
  }

  private byte[] bytes(int from, int length) {
    return Arrays.copyOfRange(received.array(), from, from + length);
  }

  void drop(String reason) {
    acceptor.dropped(this, reason);
    close();
  }

  void close() {
    Sockets.closeQuietly(socket);
  }
}
