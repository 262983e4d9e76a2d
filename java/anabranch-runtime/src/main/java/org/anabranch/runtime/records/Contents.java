package org.anabranch.runtime.records;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.anabranch.api.Row;
import org.anabranch.api.tuple.Tuple;

/**
 * Keys by their contents: an array equals only itself, and so does a container that holds one,
 * while elsewhere the bytes are the value.
 */
final class Contents {
  private Set<Object> seen;

  /** Returns whether a key or element that holds an array has been there before. */
  boolean isRepeated(Object key) {
    Object contents = of(key);
    if (contents == key) {
      // Its own equality will do.
      return false;
    }
    if (seen == null) {
      seen = new HashSet<>();
    }
    return !seen.add(contents);
  }

  /**
   * Returns what equals the contents of another such value; the value itself if it has no array.
   */
  private static Object of(Object value) {
    if (value instanceof byte[] bytes) {
      return new Bytes(bytes);
    }
    if (value instanceof Tuple tuple) {
      return ofParts(value, "tuple", tuple.toList());
    }
    if (value instanceof List<?> list) {
      return ofParts(value, "list", list);
    }
    if (value instanceof Set<?> set) {
      List<Object> parts = new ArrayList<>(set);
      Object contents = ofParts(value, "set", parts);
      // Their order does not count.
      return contents == value ? value : Tuple.of("set", new HashSet<>(parts(parts)));
    }
    if (value instanceof Map<?, ?> map) {
      List<Object> parts = new ArrayList<>(map.keySet());
      parts.addAll(map.values());
      return ofParts(value, "map", parts);
    }
    if (value instanceof Row row) {
      List<Object> parts = new ArrayList<>(row.toMap().values());
      return ofParts(value, row.type(), parts);
    }
    return value;
  }

  private static Object ofParts(Object value, Object kind, List<?> values) {
    List<Object> parts = parts(values);
    for (int i = 0; i < parts.size(); i++) {
      if (parts.get(i) != values.get(i)) {
        return Tuple.of(kind, Tuple.fromList(parts));
      }
    }
    return value;
  }

  /** Bytes that are compared where data has chosen many of one hash. */
  private record Bytes(byte[] bytes) implements Comparable<Bytes> {
    @Override
    public boolean equals(Object other) {
      return other instanceof Bytes that && Arrays.equals(bytes, that.bytes);
    }

    @Override
    public int hashCode() {
      return Arrays.hashCode(bytes);
    }

    @Override
    public int compareTo(Bytes that) {
      return Arrays.compareUnsigned(bytes, that.bytes);
    }
  }

  private static List<Object> parts(List<?> values) {
    List<Object> parts = new ArrayList<>(values.size());
    for (Object value : values) {
      parts.add(of(value));
    }
    return parts;
  }
}
