package org.anabranch.api;

import java.io.Serializable;
import java.util.HashSet;
import java.util.List;

/**
 * The name of a type and the names of its fields; shared by the rows of one type.
 *
 * @param name name of the type, such as {@code com.acme.Order} or {@code shop.models.Order}
 * @param fields names of the fields, each once
 */
public record RowType(String name, List<String> fields) implements Serializable {

  /**
   * Copies the fields.
   *
   * @throws IllegalArgumentException if two fields have one name
   * @throws NullPointerException if a name is null
   */
  public RowType {
    if (name == null) {
      throw new NullPointerException("the type of a row needs a name");
    }
    fields = List.copyOf(fields);
    if (new HashSet<>(fields).size() != fields.size()) {
      throw new IllegalArgumentException(
          "the fields of %s are not all different: %s".formatted(name, fields));
    }
  }
}
