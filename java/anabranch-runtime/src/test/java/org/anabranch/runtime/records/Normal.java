package org.anabranch.runtime.records;

import java.math.BigInteger;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.anabranch.api.Row;
import org.anabranch.api.tuple.Tuple;

/**
 * Values in a form that tells apart what the codec must tell apart, and no more: arrays are equal
 * by their contents, the order of a map counts, a list is not a tuple.
 */
record Normal(String kind, Object content) {

  /** Returns the normal form of what a value is between Java and Java. */
  static Normal of(Object value) {
    return of(value, false);
  }

  /** Returns the normal form of what a value becomes on its way to Python and back. */
  static Normal ofForeign(Object value) {
    return of(value, true);
  }

  private static Normal of(Object value, boolean foreign) {
    if (value == null) {
      return new Normal("null", null);
    }
    if (foreign) {
      value = widened(value);
    }
    if (value instanceof byte[] bytes) {
      return new Normal("bytes", HexFormat.of().formatHex(bytes));
    }
    if (value instanceof Tuple tuple) {
      return new Normal("tuple", all(tuple.toList(), foreign));
    }
    if (value instanceof List<?> list) {
      return new Normal("list", all(list, foreign));
    }
    if (value instanceof Set<?> set) {
      boolean frozen =
          set.getClass().getName().contains("Unmodifiable")
              || set.getClass().getName().contains("Immutable");
      return new Normal(frozen ? "frozen set" : "set", new HashSet<>(all(set, foreign)));
    }
    if (value instanceof Map<?, ?> map) {
      List<Object> entries = new ArrayList<>();
      map.forEach((k, v) -> entries.add(List.of(of(k, foreign), of(v, foreign))));
      return new Normal("map", entries);
    }
    if (value instanceof Row row) {
      return new Normal("row " + row.name(), of(row.toMap(), foreign).sorted());
    }
    return new Normal(value.getClass().getName(), value);
  }

  private Object sorted() {
    return new HashSet<>((List<?>) content);
  }

  private static List<Normal> all(Iterable<?> values, boolean foreign) {
    List<Normal> normal = new ArrayList<>();
    values.forEach(value -> normal.add(of(value, foreign)));
    return normal;
  }

  private static Object widened(Object value) {
    if (value instanceof Integer || value instanceof Short || value instanceof Byte) {
      return ((Number) value).longValue();
    }
    if (value instanceof Float number) {
      return number.doubleValue();
    }
    if (value instanceof BigInteger big && big.bitLength() < 64) {
      return big.longValue();
    }
    if (value instanceof OffsetDateTime time && time.getOffset().getTotalSeconds() == 0) {
      return time.toInstant();
    }
    return value;
  }
}
