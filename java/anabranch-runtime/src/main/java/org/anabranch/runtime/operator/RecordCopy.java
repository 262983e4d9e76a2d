package org.anabranch.runtime.operator;

import java.util.Collections;
import java.util.Set;
import org.anabranch.proto.v1.EncodedValues;

/** A record as it was before a function was called with it, which may change it and fail then. */
final class RecordCopy {
  private static final Set<Class<?>> UNCHANGEABLE =
      Set.of(
          String.class,
          Boolean.class,
          Character.class,
          Byte.class,
          Short.class,
          Integer.class,
          Long.class,
          Float.class,
          Double.class);

  private final Object record;
  private final StateCodec codec;
  // null if the record cannot change, or cannot be encoded: it is to be shown at least
  private final EncodedValues copy;

  /** Takes the record as it is now. */
  RecordCopy(Object record, StateCodec codec) {
    this.record = record;
    this.codec = codec;
    this.copy = copyOf(record, codec);
  }

  private static EncodedValues copyOf(Object record, StateCodec codec) {
    if (record == null || UNCHANGEABLE.contains(record.getClass())) {
      return null;
    }
    try {
      return codec.encode(Collections.singletonList(record));
    } catch (RuntimeException | StackOverflowError e) {
      return null;
    }
  }

  /** Returns the record as it was. */
  Object record() {
    if (copy == null) {
      return record;
    }
    try {
      return codec.decode(copy).get(0);
    } catch (RuntimeException | StackOverflowError e) {
      return record;
    }
  }
}
