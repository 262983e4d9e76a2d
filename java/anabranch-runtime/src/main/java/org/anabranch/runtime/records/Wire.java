package org.anabranch.runtime.records;

/** Numbers of docs/design/002-records.md. */
final class Wire {
  static final int FIXMAP = 0x80;
  static final int FIXARRAY = 0x90;
  static final int FIXSTR = 0xa0;
  static final int NIL = 0xc0;
  static final int FALSE = 0xc2;
  static final int TRUE = 0xc3;
  static final int BIN8 = 0xc4;
  static final int BIN16 = 0xc5;
  static final int BIN32 = 0xc6;
  static final int EXT8 = 0xc7;
  static final int EXT16 = 0xc8;
  static final int EXT32 = 0xc9;
  static final int FLOAT32 = 0xca;
  static final int FLOAT64 = 0xcb;
  static final int UINT8 = 0xcc;
  static final int UINT16 = 0xcd;
  static final int UINT32 = 0xce;
  static final int UINT64 = 0xcf;
  static final int INT8 = 0xd0;
  static final int INT16 = 0xd1;
  static final int INT32 = 0xd2;
  static final int INT64 = 0xd3;
  static final int FIXEXT1 = 0xd4;
  static final int FIXEXT2 = 0xd5;
  static final int FIXEXT4 = 0xd6;
  static final int FIXEXT8 = 0xd7;
  static final int FIXEXT16 = 0xd8;
  static final int STR8 = 0xd9;
  static final int STR16 = 0xda;
  static final int STR32 = 0xdb;
  static final int ARRAY16 = 0xdc;
  static final int ARRAY32 = 0xdd;
  static final int MAP16 = 0xde;
  static final int MAP32 = 0xdf;
  static final int NEGATIVE_FIXINT = 0xe0;

  static final int TUPLE = 1;
  static final int BIG_INT = 2;
  static final int SET = 3;
  static final int FROZEN_SET = 4;
  static final int DATE = 5;
  static final int TIME = 6;
  static final int INSTANT = 7;
  static final int OFFSET_DATE_TIME = 8;
  static final int LOCAL_DATE_TIME = 9;
  static final int DURATION = 10;
  static final int DECIMAL = 11;
  static final int UUID = 12;
  static final int ENUM = 13;
  static final int INSTANCE = 14;
  static final int PROTOBUF = 15;
  static final int PICKLE = 16;
  static final int JAVA_OBJECT = 17;

  /** How many containers may enclose a value. */
  static final int MAX_DEPTH = 64;

  /** Bytes of an integer beyond 64 bits, and of the unscaled value of a decimal, at most. */
  static final int MAX_INTEGER_BYTES = 1 << 14;

  private Wire() {}

  /** Returns whether an extension holds one number or point in time and no other values. */
  static boolean isScalar(int extension) {
    return extension == BIG_INT || (extension >= DATE && extension <= UUID);
  }

  static RecordException tooDeep() {
    return new RecordException(
        "it is nested deeper than %d levels, or contains itself".formatted(MAX_DEPTH));
  }
}
