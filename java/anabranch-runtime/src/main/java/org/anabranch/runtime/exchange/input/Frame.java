package org.anabranch.runtime.exchange.input;

import com.google.protobuf.ByteString;
import org.anabranch.proto.v1.FrameHeader;
import org.anabranch.proto.v1.UnreadFrame;

/**
 * One frame as it was received: a view into its channel's buffer, valid until the next one is asked
 * for.
 *
 * @param skip how many records at its beginning were received before
 */
record Frame(FrameHeader header, byte[] bytes, int payloadStart, int payloadLength, int skip) {

  /** Returns a frame that was kept. */
  static Frame of(UnreadFrame unread) {
    byte[] payload = unread.getPayload().toByteArray();
    return new Frame(unread.getHeader(), payload, 0, payload.length, unread.getSkip());
  }

  /** Returns a copy to keep. */
  UnreadFrame toUnread() {
    return UnreadFrame.newBuilder()
        .setHeader(header.toBuilder().clearDeltas())
        .setPayload(ByteString.copyFrom(bytes, payloadStart, payloadLength))
        .setSkip(skip)
        .build();
  }
}
