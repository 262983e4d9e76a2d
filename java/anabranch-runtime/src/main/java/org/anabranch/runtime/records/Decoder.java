package org.anabranch.runtime.records;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.Predicate;
import org.anabranch.proto.v1.Language;
import org.anabranch.proto.v1.Schema;
import org.anabranch.runtime.text.ErrorText;

/**
 * Makes records of payloads, from producers of one language.
 *
 * <p>Belongs to one thread. Whatever the bytes are, the outcome is records or a {@link
 * RecordException}.
 */
public final class Decoder {
  private final ByteReader in = new ByteReader();
  private final ValueDecoder values;
  private final ValueDecoder keys;
  private final Predicate<Throwable> refusals;

  /**
   * Makes a decoder.
   *
   * @param source language of the producers
   * @param types classes of the names
   */
  public Decoder(Language source, TypeRegistry types) {
    this(source, types, error -> false);
  }

  /**
   * Makes a decoder that puts a {@link RefusedValue} in the place of a value that cannot be made,
   * however deep inside the reason is. Bytes that are wrong, and types that the job does not have
   * here, are errors still.
   *
   * @param source language of the producers
   * @param types classes of the names
   * @param refusals whether an error may be one of the value alone
   */
  public Decoder(Language source, TypeRegistry types, Predicate<Throwable> refusals) {
    values = new ValueDecoder(in, types, Dialect.of(source));
    keys = new ValueDecoder(in, types, Dialect.KEY);
    this.refusals = refusals;
  }

  /**
   * Decodes a payload without keys.
   *
   * @param payload the bytes from its position to its limit, which do not move
   * @param n number of records
   * @param schemas the schemas that come with it
   * @return the records, in order
   * @throws RecordException if a record is refused, or the payload is not n records
   */
  public Object[] decode(ByteBuffer payload, int n, List<Schema> schemas) {
    return decodeBatch(payload, n, false, schemas).values();
  }

  /** Decodes a payload without keys from a whole array; see the other method. */
  public Object[] decode(byte[] payload, int n, List<Schema> schemas) {
    return decode(ByteBuffer.wrap(payload), n, schemas);
  }

  /**
   * Decodes a payload.
   *
   * @param payload the bytes from its position to its limit, which do not move
   * @param n number of records
   * @param hasKeys whether the keys of the records come before them
   * @param schemas the schemas that come with it
   * @return the records, in order
   * @throws RecordException if a key or record is refused, or the payload is not n of each; the
   *     keys count first in its index
   */
  public Batch decodeBatch(ByteBuffer payload, int n, boolean hasKeys, List<Schema> schemas) {
    begin(payload);
    values.schemas(schemas);
    keys.schemas(schemas);
    try {
      // Each takes a byte at least; this also refuses a number that is negative here.
      long encoded = (n & 0xffff_ffffL) << (hasKeys ? 1 : 0);
      if (encoded > in.remaining()) {
        throw new RecordException(
            "the payload has %d bytes for %d keys and records".formatted(in.remaining(), encoded));
      }
      Object[] decodedKeys = hasKeys ? fill(n, 0, keys) : null;
      Object[] decoded = fill(n, hasKeys ? n : 0, values);
      if (in.remaining() > 0) {
        throw new RecordException("the payload has %d bytes left over".formatted(in.remaining()));
      }
      return new Batch(decoded, decodedKeys, null);
    } finally {
      in.release();
      values.schemas(List.of());
      keys.schemas(List.of());
    }
  }

  private void begin(ByteBuffer payload) {
    if (payload.hasArray()) {
      int start = payload.arrayOffset() + payload.position();
      in.reset(payload.array(), start, start + payload.remaining());
    } else {
      byte[] copy = new byte[payload.remaining()];
      payload.get(payload.position(), copy);
      in.reset(copy, 0, copy.length);
    }
  }

  /** Reads so many, before which others stand in the payload. */
  private Object[] fill(int n, int before, ValueDecoder decoder) {
    Object[] column = new Object[n];
    int end = in.limit();
    for (int i = 0; i < n; i++) {
      int start = in.position();
      try {
        column[i] = decoder.read();
      } catch (RecordException e) {
        column[i] = refused(e.at(before + i), start, end, decoder);
      } catch (RuntimeException | StackOverflowError | LinkageError e) {
        // Users' classes take part: hashCode of a key, the constructor of a record.
        String what = "it could not be made: " + ErrorText.of(e);
        column[i] = refused(new RecordException(what, e).at(before + i), start, end, decoder);
      }
    }
    return column;
  }

  /** Reads the value from its start once more, as what can be told of it. */
  private RefusedValue refused(RecordException why, int start, int end, ValueDecoder decoder) {
    Throwable cause = why.getCause();
    if (!refusals.test(cause == null ? why : cause)) {
      throw why;
    }
    in.position(start);
    in.limit(end);
    ValueDecoder plain = decoder.plain();
    try {
      return new RefusedValue(plain.read(), why);
    } catch (RecordException wrong) {
      throw why; // the bytes themselves are wrong, or the types of the job
    }
  }
}
