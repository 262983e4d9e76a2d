package org.anabranch.runtime.exchange.output;

import com.google.protobuf.InvalidProtocolBufferException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.util.function.Consumer;
import org.anabranch.proto.v1.HeldLogs;
import org.anabranch.proto.v1.LogDelta;
import org.anabranch.runtime.exchange.wire.LogMessages;
import org.anabranch.runtime.exchange.wire.ReceiveBuffer;

/** Takes {@link LogMessages} from a socket. */
final class LogReceiver {
  private static final int READ_BYTES = 64 << 10;
  private static final int LENGTH = Integer.BYTES;

  private final int maxFrameBytes;
  private final Consumer<LogDelta> taker;
  private final ByteBuffer scratch = ByteBuffer.allocate(READ_BYTES);
  private final ReceiveBuffer received = new ReceiveBuffer();
  private boolean done;

  /** Takes what is given every part of a log. */
  LogReceiver(int maxFrameBytes, Consumer<LogDelta> taker) {
    this.maxFrameBytes = maxFrameBytes;
    this.taker = taker;
  }

  boolean done() {
    return done;
  }

  /**
   * Reads all that has come; returns false at the end of the stream.
   *
   * @throws IOException if the connection breaks, or the consumer breaks the protocol
   */
  boolean read(ReadableByteChannel socket) throws IOException {
    while (!done) {
      int n = socket.read(scratch.clear());
      if (n <= 0) {
        return n == 0;
      }
      received.append(scratch.flip());
      takeMessages();
    }
    return true;
  }

  /** Returns what has come after the last message. */
  ByteBuffer rest() {
    return ByteBuffer.wrap(received.array(), received.start(), received.available());
  }

  private void takeMessages() throws IOException {
    while (!done && received.available() >= LENGTH) {
      long length = received.unsignedInt(0);
      if (length > maxFrameBytes) {
        throw new IOException(
            "logs of %d bytes in a message, at most %d are allowed"
                .formatted(length, maxFrameBytes));
      }
      if (received.available() < LENGTH + length) {
        return;
      }
      HeldLogs message;
      try {
        message =
            HeldLogs.parser().parseFrom(received.array(), received.start() + LENGTH, (int) length);
      } catch (InvalidProtocolBufferException e) {
        throw new IOException("logs that cannot be parsed", e);
      }
      received.skip(LENGTH + (int) length);
      received.trim();
      done = message.getLast();
      message.getLogsList().forEach(taker);
    }
  }
}
