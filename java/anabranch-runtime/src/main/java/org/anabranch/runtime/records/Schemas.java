package org.anabranch.runtime.records;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import org.anabranch.proto.v1.Schema;

/** Makes and checks schemas. */
final class Schemas {
  /** The order of fields, the same in every language. */
  static final Comparator<String> FIELD_ORDER =
      (left, right) ->
          Arrays.compareUnsigned(
              left.getBytes(StandardCharsets.UTF_8), right.getBytes(StandardCharsets.UTF_8));

  private Schemas() {}

  /** Returns the schema of a type with these fields, in whatever order they come. */
  static Schema of(String name, Collection<String> fields) {
    List<String> sorted = new ArrayList<>(fields);
    sorted.sort(FIELD_ORDER);
    return Schema.newBuilder().setId(id(name, sorted)).setName(name).addAllFields(sorted).build();
  }

  /**
   * Checks a schema that has arrived.
   *
   * @throws RecordException if its id is not the one of its name and fields, or these are not in
   *     order
   */
  static void check(Schema schema) {
    List<String> fields = schema.getFieldsList();
    for (int i = 1; i < fields.size(); i++) {
      if (FIELD_ORDER.compare(fields.get(i - 1), fields.get(i)) >= 0) {
        throw new RecordException(
            "the schema of %s has its fields out of order: %s".formatted(schema.getName(), fields));
      }
    }
    if (schema.getId() != id(schema.getName(), fields)) {
      throw new RecordException(
          "the schema of %s has the id %016x, which is not its own"
              .formatted(schema.getName(), schema.getId()));
    }
  }

  private static long id(String name, List<String> sorted) {
    ByteWriter out = new ByteWriter();
    out.arrayHeader(2);
    out.string(name);
    out.arrayHeader(sorted.size());
    for (String field : sorted) {
      out.string(field);
    }
    try {
      byte[] hash = MessageDigest.getInstance("SHA-256").digest(out.copyFrom(0));
      return (long) ByteWriter.LONG.get(hash, 0);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JDK has SHA-256", e);
    }
  }
}
