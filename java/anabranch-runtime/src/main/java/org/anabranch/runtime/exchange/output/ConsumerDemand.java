package org.anabranch.runtime.exchange.output;

import com.google.protobuf.InvalidProtocolBufferException;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.anabranch.proto.v1.ConnectRequest;
import org.anabranch.proto.v1.Demand;
import org.anabranch.runtime.exchange.wire.Rate;

/** What the consumer of an output channel wants, as its producer knows it. */
final class ConsumerDemand {
  private static final int MAX_LENGTH = 64;
  private static final Demand UNLIMITED = Demand.newBuilder().setUntil(Long.MAX_VALUE).build();

  private final ByteBuffer received = ByteBuffer.allocate(Integer.BYTES + MAX_LENGTH);
  private Runnable onChange = () -> {};
  private long until = Long.MAX_VALUE;
  private int frameRecords = Rate.MOST_RECORDS;
  private long sent;

  /** Sets what is called when the size of frames has changed. */
  void onChange(Runnable action) {
    onChange = action;
  }

  /** Returns true while the channel has gone as far as the consumer wants. */
  boolean exhausted() {
    return sent >= until;
  }

  /** Returns how many records a frame may have. */
  int frameRecords() {
    return frameRecords;
  }

  /** A consumer has come; so many records were sent before, or are held for it. */
  void begin(ConnectRequest request, long sentBefore) {
    received.clear();
    sent = sentBefore;
    take(request.hasDemand() ? request.getDemand() : UNLIMITED);
  }

  /** The consumer has ended: nothing waits for it. */
  void end() {
    take(UNLIMITED);
  }

  /** Takes note of how many records were sent in all. */
  void sent(long records) {
    sent = records;
  }

  /**
   * Takes bytes that the consumer has sent.
   *
   * @throws IOException if they are not what a consumer sends
   */
  void feed(ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      received.put(bytes.get());
      if (received.position() >= Integer.BYTES) {
        int length = received.getInt(0);
        if (length < 0 || length > MAX_LENGTH) {
          throw new IOException(
              "the consumer sent a message of %s bytes, at most %d are allowed"
                  .formatted(Integer.toUnsignedString(length), MAX_LENGTH));
        }
        if (received.position() == Integer.BYTES + length) {
          take(length);
        }
      }
    }
  }

  private void take(int length) throws InvalidProtocolBufferException {
    ByteBuffer message = received.duplicate().flip().position(Integer.BYTES);
    Demand demand = length == 0 ? Demand.getDefaultInstance() : Demand.parseFrom(message);
    received.clear();
    take(demand);
  }

  private void take(Demand demand) {
    // It is unsigned: what is beyond the largest long is no limit.
    until = demand.getUntil() < 0 ? Long.MAX_VALUE : demand.getUntil();
    frameRecords = demand.getFrameRecords() <= 0 ? Rate.MOST_RECORDS : demand.getFrameRecords();
    onChange.run();
  }
}
