package org.anabranch.runtime.records;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/** A growing byte array, and MessagePack's forms in it. */
final class ByteWriter {
  static final VarHandle SHORT =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.BIG_ENDIAN);
  static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
  static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

  private static final int INITIAL = 1 << 10;
  // One huge batch must not hold its memory for the rest of the job.
  private static final int KEPT = 4 << 20;
  private static final int LARGEST = Integer.MAX_VALUE - 8;
  // The commonest extension header: EXT8, length, code.
  private static final int EXT_HEADER = 3;

  private final int initial;
  private final int kept;
  private byte[] bytes;
  private int position;

  ByteWriter() {
    this(INITIAL, KEPT);
  }

  /** Creates an array that begins with a length, and is kept when cleared up to another. */
  ByteWriter(int initial, int kept) {
    this.initial = initial;
    this.kept = kept;
    bytes = new byte[initial];
  }

  byte[] bytes() {
    return bytes;
  }

  int position() {
    return position;
  }

  void clear() {
    position = 0;
    if (bytes.length > kept) {
      bytes = new byte[initial];
    }
  }

  /** Forgets what was written from a position on. */
  void rewind(int position) {
    this.position = position;
  }

  byte[] copyFrom(int start) {
    return Arrays.copyOfRange(bytes, start, position);
  }

  /** Makes room for n bytes and moves over them; returns where they begin. */
  int skip(int n) {
    int start = position;
    if (n > bytes.length - start) {
      grow(n);
    }
    position = start + n;
    return start;
  }

  private void grow(int n) {
    long needed = (long) position + n;
    if (needed > LARGEST) {
      throw new RecordException("the batch takes more than 2 GiB");
    }
    bytes = Arrays.copyOf(bytes, (int) Math.min(LARGEST, Math.max(needed, 2L * bytes.length)));
  }

  void byte1(int value) {
    // The one byte is by far the commonest write, hence not through skip().
    if (position == bytes.length) {
      grow(1);
    }
    bytes[position++] = (byte) value;
  }

  void int4(int value) {
    int start = skip(4);
    INT.set(bytes, start, value);
  }

  void int8(long value) {
    int start = skip(8);
    LONG.set(bytes, start, value);
  }

  void raw(byte[] source) {
    raw(source, 0, source.length);
  }

  void raw(byte[] source, int offset, int length) {
    int start = skip(length);
    System.arraycopy(source, offset, bytes, start, length);
  }

  private void tagged1(int tag, int value) {
    int start = skip(2);
    bytes[start] = (byte) tag;
    bytes[start + 1] = (byte) value;
  }

  private void tagged2(int tag, int value) {
    int start = skip(3);
    bytes[start] = (byte) tag;
    SHORT.set(bytes, start + 1, (short) value);
  }

  private void tagged4(int tag, int value) {
    int start = skip(5);
    bytes[start] = (byte) tag;
    INT.set(bytes, start + 1, value);
  }

  private void tagged8(int tag, long value) {
    int start = skip(9);
    bytes[start] = (byte) tag;
    LONG.set(bytes, start + 1, value);
  }

  /** Writes the shortest form. */
  void integer(long value) {
    if (value >= 0) {
      if (value < 0x80) {
        byte1((int) value);
      } else if (value < 0x100) {
        tagged1(Wire.UINT8, (int) value);
      } else if (value < 0x1_0000) {
        tagged2(Wire.UINT16, (int) value);
      } else if (value < 0x1_0000_0000L) {
        tagged4(Wire.UINT32, (int) value);
      } else {
        tagged8(Wire.UINT64, value);
      }
    } else if (value >= -32) {
      byte1((int) value);
    } else if (value >= Byte.MIN_VALUE) {
      tagged1(Wire.INT8, (int) value);
    } else if (value >= Short.MIN_VALUE) {
      tagged2(Wire.INT16, (int) value);
    } else if (value >= Integer.MIN_VALUE) {
      tagged4(Wire.INT32, (int) value);
    } else {
      tagged8(Wire.INT64, value);
    }
  }

  void unsigned64(long value) {
    tagged8(Wire.UINT64, value);
  }

  void wideByte(byte value) {
    tagged1(Wire.INT8, value);
  }

  void wideShort(short value) {
    tagged2(Wire.INT16, value);
  }

  void wideInt(int value) {
    tagged4(Wire.INT32, value);
  }

  void wideLong(long value) {
    tagged8(Wire.INT64, value);
  }

  void float64(double value) {
    // doubleToLongBits makes all NaN one.
    tagged8(Wire.FLOAT64, Double.doubleToLongBits(value));
  }

  void float32(float value) {
    tagged4(Wire.FLOAT32, Float.floatToIntBits(value));
  }

  void binary(byte[] value) {
    int n = value.length;
    if (n < 0x100) {
      tagged1(Wire.BIN8, n);
    } else if (n < 0x1_0000) {
      tagged2(Wire.BIN16, n);
    } else {
      tagged4(Wire.BIN32, n);
    }
    raw(value);
  }

  void arrayHeader(int n) {
    if (n < 16) {
      byte1(Wire.FIXARRAY | n);
    } else if (n < 0x1_0000) {
      tagged2(Wire.ARRAY16, n);
    } else {
      tagged4(Wire.ARRAY32, n);
    }
  }

  void mapHeader(int n) {
    if (n < 16) {
      byte1(Wire.FIXMAP | n);
    } else if (n < 0x1_0000) {
      tagged2(Wire.MAP16, n);
    } else {
      tagged4(Wire.MAP32, n);
    }
  }

  private void stringHeader(int n) {
    if (n < 32) {
      byte1(Wire.FIXSTR | n);
    } else if (n < 0x100) {
      tagged1(Wire.STR8, n);
    } else if (n < 0x1_0000) {
      tagged2(Wire.STR16, n);
    } else {
      tagged4(Wire.STR32, n);
    }
  }

  /**
   * Writes a string.
   *
   * @throws RecordException if it has a surrogate without its other half
   */
  void string(String value) {
    int length = value.length();
    int begin = position;
    stringHeader(length);
    int to = skip(length);
    byte[] into = bytes;
    for (int i = 0; i < length; i++) {
      char c = value.charAt(i);
      if (c >= 0x80) {
        // Not ASCII after all: the header may be another.
        position = begin;
        wideString(value);
        return;
      }
      into[to + i] = (byte) c;
    }
  }

  private void wideString(String value) {
    int length = value.length();
    int encodedLength = Utf8.length(value);
    stringHeader(encodedLength);
    int to = skip(encodedLength);
    byte[] into = bytes;
    for (int i = 0; i < length; i++) {
      char c = value.charAt(i);
      if (c < 0x80) {
        into[to++] = (byte) c;
      } else if (c < 0x800) {
        into[to++] = (byte) (0xc0 | c >> 6);
        into[to++] = (byte) (0x80 | c & 0x3f);
      } else if (Character.isSurrogate(c)) {
        int point = Character.toCodePoint(c, value.charAt(++i));
        into[to++] = (byte) (0xf0 | point >> 18);
        into[to++] = (byte) (0x80 | point >> 12 & 0x3f);
        into[to++] = (byte) (0x80 | point >> 6 & 0x3f);
        into[to++] = (byte) (0x80 | point & 0x3f);
      } else {
        into[to++] = (byte) (0xe0 | c >> 12);
        into[to++] = (byte) (0x80 | c >> 6 & 0x3f);
        into[to++] = (byte) (0x80 | c & 0x3f);
      }
    }
  }

  /** Begins an extension whose length is not known yet; returns what to give to its end. */
  int beginExtension() {
    return skip(EXT_HEADER);
  }

  /** Ends an extension: writes its header and moves its data if the header is another. */
  void endExtension(int start, int code) {
    int data = start + EXT_HEADER;
    int n = position - data;
    int fixed =
        switch (n) {
          case 1 -> Wire.FIXEXT1;
          case 2 -> Wire.FIXEXT2;
          case 4 -> Wire.FIXEXT4;
          case 8 -> Wire.FIXEXT8;
          case 16 -> Wire.FIXEXT16;
          default -> 0;
        };
    if (fixed != 0) {
      System.arraycopy(bytes, data, bytes, data - 1, n);
      position--;
      bytes[start] = (byte) fixed;
      bytes[start + 1] = (byte) code;
    } else if (n < 0x100) {
      bytes[start] = (byte) Wire.EXT8;
      bytes[start + 1] = (byte) n;
      bytes[start + 2] = (byte) code;
    } else if (n < 0x1_0000) {
      skip(1);
      System.arraycopy(bytes, data, bytes, data + 1, n);
      bytes[start] = (byte) Wire.EXT16;
      SHORT.set(bytes, start + 1, (short) n);
      bytes[start + 3] = (byte) code;
    } else {
      skip(3);
      System.arraycopy(bytes, data, bytes, data + 3, n);
      bytes[start] = (byte) Wire.EXT32;
      INT.set(bytes, start + 1, n);
      bytes[start + 5] = (byte) code;
    }
  }

  /** Writes the header of an extension whose length is known. */
  void extensionHeader(int n, int code) {
    switch (n) {
      case 4 -> tagged1(Wire.FIXEXT4, code);
      case 8 -> tagged1(Wire.FIXEXT8, code);
      case 16 -> tagged1(Wire.FIXEXT16, code);
      case 12 -> {
        tagged1(Wire.EXT8, n);
        byte1(code);
      }
      default -> throw new IllegalArgumentException("no fixed extension of " + n + " bytes");
    }
  }
}
