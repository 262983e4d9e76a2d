package org.anabranch.runtime.state;

import com.google.protobuf.ByteString;
import org.anabranch.proto.v1.EncodedValues;

/** Where the bytes of encoded values are. */
@FunctionalInterface
public interface Payloads extends AutoCloseable {
  /** In the message itself. */
  Payloads IN_MESSAGE = EncodedValues::getPayload;

  /** Returns the bytes of these values. */
  ByteString of(EncodedValues values);

  @Override
  default void close() {}
}
