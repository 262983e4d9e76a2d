package org.anabranch.runtime.records;

import java.util.ArrayList;
import java.util.List;
import org.anabranch.proto.v1.Schema;

/** The schemas that a batch refers to. They are few, and mostly the one that came last. */
final class SchemaSet {
  private final List<Schema> schemas = new ArrayList<>();
  private int bytes;

  void add(Schema schema) {
    for (int i = 0; i < schemas.size(); i++) {
      if (schemas.get(i).getId() == schema.getId()) {
        return;
      }
    }
    schemas.add(schema);
    bytes += schema.getSerializedSize();
  }

  void addAll(SchemaSet others) {
    for (int i = 0; i < others.schemas.size(); i++) {
      add(others.schemas.get(i));
    }
  }

  /** Returns how many bytes the schemas take, and so many more for each. */
  int bytes(int reserve) {
    return bytes + reserve * schemas.size();
  }

  List<Schema> toList() {
    return schemas.isEmpty() ? List.of() : List.copyOf(schemas);
  }

  void clear() {
    schemas.clear();
    bytes = 0;
  }
}
