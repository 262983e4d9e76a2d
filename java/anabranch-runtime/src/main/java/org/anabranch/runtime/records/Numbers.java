package org.anabranch.runtime.records;

import java.math.BigDecimal;
import java.math.BigInteger;

/** Integers beyond 64 bits and decimals. */
final class Numbers {
  private static final BigInteger TWO_64 = BigInteger.ONE.shiftLeft(64);

  private Numbers() {}

  /** Writes the form that an integer of this value has in any language. */
  static void write(ByteWriter out, BigInteger value) {
    if (value.bitLength() < 64) {
      out.integer(value.longValue());
    } else if (value.signum() > 0 && value.bitLength() == 64) {
      out.unsigned64(value.longValue());
    } else {
      writeBig(out, value);
    }
  }

  /** Writes the form that tells a big integer from a small one whatever its value. */
  static void writeBig(ByteWriter out, BigInteger value) {
    int start = out.beginExtension();
    out.raw(bytes(value));
    out.endExtension(start, Wire.BIG_INT);
  }

  static void write(ByteWriter out, BigDecimal value) {
    int start = out.beginExtension();
    out.int4(value.scale());
    out.raw(bytes(value.unscaledValue()));
    out.endExtension(start, Wire.DECIMAL);
  }

  /** Returns whether an integer may travel as one; longer ones would take quadratic time. */
  static boolean fits(BigInteger value) {
    return value.bitLength() / 8 + 1 <= Wire.MAX_INTEGER_BYTES;
  }

  private static byte[] bytes(BigInteger value) {
    if (!fits(value)) {
      throw new RecordException(
          "an integer of %d bits cannot cross: its limit is %d bytes"
              .formatted(value.bitLength(), Wire.MAX_INTEGER_BYTES));
    }
    return value.toByteArray();
  }

  static Number unsigned64(ByteReader in) {
    long bits = in.int8();
    if (bits >= 0) {
      return bits;
    }
    return BigInteger.valueOf(bits).add(TWO_64);
  }

  static BigInteger bigInteger(ByteReader in) {
    int n = in.remaining();
    if (n == 0) {
      throw new RecordException("an integer has no data");
    }
    if (n > Wire.MAX_INTEGER_BYTES) {
      throw new RecordException(
          "an integer has %d bytes, more than %d".formatted(n, Wire.MAX_INTEGER_BYTES));
    }
    int start = in.skip(n);
    return new BigInteger(in.bytes(), start, n);
  }

  static BigDecimal decimal(ByteReader in) {
    int scale = in.int4();
    return new BigDecimal(bigInteger(in), scale);
  }
}
