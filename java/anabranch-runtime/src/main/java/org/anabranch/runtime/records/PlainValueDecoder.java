package org.anabranch.runtime.records;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.anabranch.api.tuple.Tuple;
import org.anabranch.api.tuple.Tuple2;
import org.anabranch.proto.v1.Schema;
import org.anabranch.runtime.records.TypeRegistry.Incoming;

/**
 * Reads what a value holds, running no code of the user's.
 *
 * <p>An instance becomes a map of its fields, a constant of an enum its name, and a serialized
 * object its bytes, as does a scalar that is out of range here. A set becomes a list, and so does a
 * map, of pairs, if a map or list is among the keys: Python could not take it otherwise.
 */
final class PlainValueDecoder extends ValueDecoder {
  PlainValueDecoder(ByteReader in, TypeRegistry types, Dialect dialect) {
    super(in, types, dialect);
  }

  @Override
  Object map(int n, int depth) {
    List<Object> keys = new ArrayList<>();
    List<Object> values = new ArrayList<>();
    int within = inside(depth);
    for (int i = 0; i < n; i++) {
      keys.add(read(within));
      values.add(read(within));
    }
    Map<Object, Object> map = new LinkedHashMap<>();
    List<Object> pairs = new ArrayList<>();
    boolean hashable = true;
    for (int i = 0; i < n; i++) {
      map.put(keys.get(i), values.get(i));
      pairs.add(new Tuple2<>(keys.get(i), values.get(i)));
      hashable &= isHashable(keys.get(i));
    }
    return hashable && map.size() == n ? map : pairs;
  }

  private static boolean isHashable(Object key) {
    if (key instanceof Tuple tuple) {
      return tuple.toList().stream().allMatch(PlainValueDecoder::isHashable);
    }
    return !(key instanceof Map || key instanceof List);
  }

  @Override
  Object extensionData(int code, int length, int depth) {
    return switch (code) {
      case Wire.SET, Wire.FROZEN_SET -> list(in.arrayHeader("a set"), depth);
      case Wire.ENUM -> {
        EnumName name = enumName();
        types.checkEnum(name.type());
        yield name.constant();
      }
      case Wire.INSTANCE -> fields(depth);
      case Wire.JAVA_OBJECT ->
          dialect == Dialect.JAVA ? in.copy(length) : super.extensionData(code, length, depth);
      case Wire.TUPLE, Wire.PROTOBUF, Wire.PICKLE -> super.extensionData(code, length, depth);
      default -> scalar(code, length, depth);
    };
  }

  private Object scalar(int code, int length, int depth) {
    int start = in.position();
    try {
      return super.extensionData(code, length, depth);
    } catch (RecordException e) {
      if (!Wire.isScalar(code)) {
        throw e;
      }
      in.position(start);
      return in.copy(length);
    }
  }

  private Map<String, Object> fields(int depth) {
    Schema schema = schema(in.int8());
    if (types.incoming(schema) instanceof Incoming.Refused refused) {
      throw new RecordException(refused.reason());
    }
    int within = inside(depth);
    Map<String, Object> fields = new LinkedHashMap<>();
    for (String name : schema.getFieldsList()) {
      fields.put(name, read(within));
    }
    return fields;
  }
}
