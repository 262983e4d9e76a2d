package org.anabranch.api;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * An instance of a class that this side does not have: the name of its type, and its fields by
 * name.
 *
 * <p>A record arrives as a row if the job's jars hold no class of its name; it goes back out as
 * what it was. A row is immutable. Two rows are equal if their types have one name and they have
 * the same fields with equal values, in whatever order.
 */
public final class Row implements Serializable {
  private static final long serialVersionUID = 1L;

  private final RowType type;
  // Declared as a class, so that a serialized row holds nothing unexpected.
  private final ArrayList<Object> values;

  /**
   * Makes a row.
   *
   * @param type name and fields
   * @param values one for each field of the type, in its order; they are copied
   * @throws IllegalArgumentException if there are more or fewer values than fields
   */
  public Row(RowType type, List<?> values) {
    if (type.fields().size() != values.size()) {
      throw new IllegalArgumentException(
          "%s has %d fields, there are %d values"
              .formatted(type.name(), type.fields().size(), values.size()));
    }
    this.type = type;
    this.values = new ArrayList<>(values);
  }

  /**
   * Returns a row.
   *
   * @param name name of its type
   * @param fields its fields, in order
   */
  public static Row of(String name, Map<String, ?> fields) {
    return new Row(
        new RowType(name, List.copyOf(fields.keySet())), new ArrayList<>(fields.values()));
  }

  /** Returns name and fields of the row's type. */
  public RowType type() {
    return type;
  }

  /** Returns the name of the row's type. */
  public String name() {
    return type.name();
  }

  /**
   * Returns the value of a field.
   *
   * @throws IllegalArgumentException if there is no such field
   */
  public Object get(String field) {
    int index = type.fields().indexOf(field);
    if (index < 0) {
      throw new IllegalArgumentException(
          "%s has no field '%s'; it has %s".formatted(name(), field, type.fields()));
    }
    return values.get(index);
  }

  /**
   * Returns the value of a field by its place in {@code type().fields()}.
   *
   * @throws IndexOutOfBoundsException if there is no such field
   */
  public Object get(int index) {
    return values.get(index);
  }

  /** Returns the fields by name, in order; unmodifiable. */
  public Map<String, Object> toMap() {
    Map<String, Object> fields = new LinkedHashMap<>();
    for (int i = 0; i < values.size(); i++) {
      fields.put(type.fields().get(i), values.get(i));
    }
    return Collections.unmodifiableMap(fields);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Row row
        && name().equals(row.name())
        && (type.fields().equals(row.type.fields())
            ? values.equals(row.values)
            : toMap().equals(row.toMap()));
  }

  @Override
  public int hashCode() {
    int hash = name().hashCode();
    for (int i = 0; i < values.size(); i++) {
      // A sum, as the order of the fields does not count.
      hash += type.fields().get(i).hashCode() ^ Objects.hashCode(values.get(i));
    }
    return hash;
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder(name()).append('(');
    for (int i = 0; i < values.size(); i++) {
      text.append(i == 0 ? "" : ", ").append(type.fields().get(i)).append('=').append(get(i));
    }
    return text.append(')').toString();
  }
}
