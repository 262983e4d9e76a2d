package org.anabranch.runtime.records;

import java.util.Arrays;

/** Bytes to decode, and a position in them. Never reads beyond its limit. */
final class ByteReader {
  private byte[] bytes;
  private int position;
  private int limit;

  void reset(byte[] bytes, int start, int end) {
    this.bytes = bytes;
    this.position = start;
    this.limit = end;
  }

  /** Forgets the bytes, so that they can be collected while no batch is decoded. */
  void release() {
    bytes = null;
  }

  byte[] bytes() {
    return bytes;
  }

  int position() {
    return position;
  }

  /** Moves back to where a value has begun. */
  void position(int position) {
    this.position = position;
  }

  int limit() {
    return limit;
  }

  void limit(int limit) {
    this.limit = limit;
  }

  int remaining() {
    return limit - position;
  }

  /** Moves over n bytes; returns where they begin. */
  int skip(int n) {
    int start = position;
    if (n > limit - start) {
      throw new RecordException(
          "the bytes end too early: %d are needed, %d are left".formatted(n, limit - start));
    }
    position = start + n;
    return start;
  }

  int unsigned1() {
    int start = skip(1);
    return bytes[start] & 0xff;
  }

  byte int1() {
    int start = skip(1);
    return bytes[start];
  }

  int unsigned2() {
    return int2() & 0xffff;
  }

  short int2() {
    int start = skip(2);
    return (short) ByteWriter.SHORT.get(bytes, start);
  }

  int int4() {
    int start = skip(4);
    return (int) ByteWriter.INT.get(bytes, start);
  }

  long int8() {
    int start = skip(8);
    return (long) ByteWriter.LONG.get(bytes, start);
  }

  byte[] copy(int n) {
    int start = skip(n);
    return Arrays.copyOfRange(bytes, start, start + n);
  }

  /**
   * Reads a length of 32 bits.
   *
   * @param unit bytes that each counted thing takes at least; what cannot be there is refused
   *     before anything is allocated for it
   */
  int length4(int unit) {
    return within(int4() & 0xffff_ffffL, unit);
  }

  int length2(int unit) {
    return within(unsigned2(), unit);
  }

  int within(long n, int unit) {
    if (n * unit > remaining()) {
      throw new RecordException(
          "the bytes end too early: a length says %d, %d bytes are left".formatted(n, remaining()));
    }
    return (int) n;
  }

  String string(int n) {
    int start = skip(n);
    return Utf8.decode(bytes, start, n);
  }

  /** Reads a string that has to be there. */
  String string(String what) {
    int tag = unsigned1();
    if ((tag & 0xe0) == Wire.FIXSTR) {
      return string(tag & 0x1f);
    }
    return switch (tag) {
      case Wire.STR8 -> string(unsigned1());
      case Wire.STR16 -> string(unsigned2());
      case Wire.STR32 -> string(length4(1));
      default -> throw new RecordException("%s is not a string".formatted(what));
    };
  }

  /** Reads the header of an array that has to be there. */
  int arrayHeader(String what) {
    if (remaining() == 0) {
      throw new RecordException("%s has no data".formatted(what));
    }
    int tag = unsigned1();
    if ((tag & 0xf0) == Wire.FIXARRAY) {
      return within(tag & 0x0f, 1);
    }
    return switch (tag) {
      case Wire.ARRAY16 -> length2(1);
      case Wire.ARRAY32 -> length4(1);
      default -> throw new RecordException("%s is not an array".formatted(what));
    };
  }
}
