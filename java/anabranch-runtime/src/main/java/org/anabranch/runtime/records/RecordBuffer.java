package org.anabranch.runtime.records;

import java.util.Arrays;

/**
 * Encoded records that wait until they become a payload, whole or in parts.
 *
 * <p>Keys and records are kept apart, as a payload has all keys first.
 */
public final class RecordBuffer {
  // Of a task with many channels, most buffers are empty.
  private static final int INITIAL = 0;
  private static final int KEPT = 64 << 10;
  private static final int FIRST_RECORDS = 16;

  private final ByteWriter keys = new ByteWriter(INITIAL, KEPT);
  private final ByteWriter values = new ByteWriter(INITIAL, KEPT);
  private final SchemaSet schemas = new SchemaSet();
  // Where each record ends, and its key.
  private int[] keyEnds = {};
  private int[] valueEnds = {};
  private int size;

  /** Adds the record that the encoder has encoded last, with its key if it has one. */
  public void add(Encoder encoder) {
    if (size == valueEnds.length) {
      int room = Math.max(FIRST_RECORDS, 2 * size);
      keyEnds = Arrays.copyOf(keyEnds, room);
      valueEnds = Arrays.copyOf(valueEnds, room);
    }
    ByteWriter record = encoder.record();
    int value = encoder.recordKeyLength();
    keys.raw(record.bytes(), 0, value);
    values.raw(record.bytes(), value, record.position() - value);
    keyEnds[size] = keys.position();
    valueEnds[size] = values.position();
    size++;
    schemas.addAll(encoder.recordSchemas());
  }

  /** Returns the number of records. */
  public int size() {
    return size;
  }

  /** Returns the number of bytes of the records and their keys. */
  public int bytes() {
    return keys.position() + values.position();
  }

  /**
   * Returns how many bytes a payload and its schemas would take with the record that the encoder
   * has encoded last; schemas that both have count twice.
   *
   * @param reserve bytes to add for each schema
   */
  public long bytesWith(Encoder encoder, int reserve) {
    return (long) bytes()
        + encoder.record().position()
        + schemas.bytes(reserve)
        + encoder.recordSchemas().bytes(reserve);
  }

  /**
   * Returns a part as a payload, with the schemas of all. It is valid until the buffer is changed,
   * or another payload is made with the encoder.
   *
   * @param assembler lends memory
   */
  public EncodedBatch payload(int from, int to, Encoder assembler) {
    int firstKey = start(keyEnds, from);
    int keyBytes = start(keyEnds, to) - firstKey;
    int firstValue = start(valueEnds, from);
    int valueBytes = start(valueEnds, to) - firstValue;
    if (keyBytes == 0) {
      return new EncodedBatch(values.bytes(), firstValue, valueBytes, schemas.toList());
    }
    ByteWriter assembled = assembler.assembly();
    assembled.clear();
    assembled.raw(keys.bytes(), firstKey, keyBytes);
    assembled.raw(values.bytes(), firstValue, valueBytes);
    return new EncodedBatch(assembled.bytes(), 0, assembled.position(), schemas.toList());
  }

  private static int start(int[] ends, int record) {
    return record == 0 ? 0 : ends[record - 1];
  }

  /** Forgets everything. */
  public void clear() {
    keys.clear();
    values.clear();
    schemas.clear();
    size = 0;
  }
}
