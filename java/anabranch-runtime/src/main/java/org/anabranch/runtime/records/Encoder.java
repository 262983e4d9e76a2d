package org.anabranch.runtime.records;

import java.util.List;
import org.anabranch.proto.v1.Language;

/**
 * Makes payloads of records, for consumers of one language.
 *
 * <p>Belongs to one thread. Reuses its memory: what it returns is valid until its next call. A
 * refused batch leaves the encoder as good as new.
 */
public final class Encoder {
  private final ByteWriter out = new ByteWriter();
  private final SchemaSet schemas = new SchemaSet();
  private final ValueEncoder values;
  private final ValueEncoder keys;
  private final ByteWriter assembly = new ByteWriter();
  private int keyLength;

  /**
   * Makes an encoder.
   *
   * @param target language of the consumers; between Java and Java a value keeps its very type
   * @param types names of the classes
   */
  public Encoder(Language target, TypeRegistry types) {
    values = new ValueEncoder(out, schemas, types, Dialect.of(target));
    keys = new ValueEncoder(out, schemas, types, Dialect.KEY);
  }

  /**
   * Encodes records without keys, in order.
   *
   * @throws RecordException if one cannot be encoded; names its position, type and path
   */
  public EncodedBatch encode(List<?> records) {
    begin();
    append(values, records, 0);
    return end();
  }

  /**
   * Encodes records with their keys: all keys, then all records.
   *
   * @param recordKeys one for each record; encoded alike for every language
   * @param records the records, in the order of their keys
   * @throws RecordException if a key or record cannot be encoded; names its position, type and path
   */
  public EncodedBatch encode(List<?> recordKeys, List<?> records) {
    if (recordKeys.size() != records.size()) {
      throw new IllegalArgumentException(
          "%d keys for %d records".formatted(recordKeys.size(), records.size()));
    }
    begin();
    append(keys, recordKeys, 0);
    append(values, records, recordKeys.size());
    return end();
  }

  /**
   * Encodes one record, for {@link RecordBuffer#add}.
   *
   * @throws RecordException if it cannot be encoded; names its type and path
   */
  public void encodeRecord(Object value) {
    begin();
    keyLength = 0;
    write(values, value);
  }

  /**
   * Encodes one record with its key, for {@link RecordBuffer#add}.
   *
   * @throws RecordException if one of them cannot be encoded; names its type and path
   */
  public void encodeRecord(Object key, Object value) {
    begin();
    write(keys, key);
    keyLength = out.position();
    write(values, value);
  }

  private static void write(ValueEncoder encoder, Object value) {
    try {
      encoder.write(value);
    } catch (RuntimeException e) {
      throw failure(e, -1);
    }
  }

  /** Returns where the key and the value of the last record stand. */
  ByteWriter record() {
    return out;
  }

  int recordKeyLength() {
    return keyLength;
  }

  SchemaSet recordSchemas() {
    return schemas;
  }

  /** Returns memory for payloads, which outlasts the next record. */
  ByteWriter assembly() {
    return assembly;
  }

  /**
   * Encodes a key: equal keys, and no others, have equal bytes in every language.
   *
   * @throws RecordException if the value cannot be a key
   */
  public byte[] encodeKey(Object key) {
    begin();
    try {
      keys.write(key);
    } catch (RuntimeException e) {
      throw failure(e, -1);
    }
    return out.copyFrom(0);
  }

  private void begin() {
    out.clear();
    schemas.clear();
  }

  private void append(ValueEncoder encoder, List<?> batch, int first) {
    int n = batch.size();
    for (int i = 0; i < n; i++) {
      try {
        encoder.write(batch.get(i));
      } catch (RuntimeException e) {
        throw failure(e, first + i);
      }
    }
  }

  private EncodedBatch end() {
    return new EncodedBatch(out.bytes(), 0, out.position(), schemas.toList());
  }

  /** Users' lists and maps run users' code, which may throw anything. */
  private static RecordException failure(RuntimeException e, int index) {
    RecordException failure =
        e instanceof RecordException known
            ? known
            : new RecordException("it could not be read: " + e, e);
    return failure.at(index);
  }
}
