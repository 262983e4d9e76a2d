package org.anabranch.runtime.records;

import java.io.Serializable;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.RandomAccess;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.anabranch.api.Row;
import org.anabranch.api.tuple.Tuple;
import org.anabranch.runtime.records.TypeRegistry.RowShape;

/** Writes values in one dialect. What to do with a class is decided once and remembered. */
final class ValueEncoder {

  /** Writes the values of one class; depth is the number of containers around the value. */
  private interface Writer {
    void write(Object value, int depth);
  }

  // The JDK tells nobody which sets cannot be modified.
  private static final Set<Class<?>> FROZEN =
      Stream.of(
              Collections.unmodifiableSet(new HashSet<>()),
              Collections.unmodifiableSortedSet(Collections.emptySortedSet()),
              Collections.unmodifiableNavigableSet(Collections.emptyNavigableSet()),
              Collections.emptySet(),
              Collections.singleton(1),
              Set.of(1),
              Set.of(1, 2, 3))
          .map(Object::getClass)
          .collect(Collectors.toUnmodifiableSet());

  // Different values of these have different bytes; no two keys of one map can collide.
  private static final Set<Class<?>> ONE_FORM =
      Set.of(String.class, Long.class, Integer.class, Double.class, Boolean.class, UUID.class);

  private final ByteWriter out;
  private final SchemaSet schemas;
  private final TypeRegistry types;
  private final Dialect dialect;
  private final Map<Class<?>, Writer> writers = new HashMap<>();
  private Class<?> lastClass;
  private Writer lastWriter;

  ValueEncoder(ByteWriter out, SchemaSet schemas, TypeRegistry types, Dialect dialect) {
    this.out = out;
    this.schemas = schemas;
    this.types = types;
    this.dialect = dialect;
  }

  void write(Object value) {
    write(value, 0);
  }

  private void write(Object value, int depth) {
    if (value == null) {
      out.byte1(Wire.NIL);
      return;
    }
    Class<?> type = value.getClass();
    if (type == String.class) {
      out.string((String) value);
    } else if (type == Long.class) {
      if (dialect == Dialect.JAVA) {
        out.wideLong((Long) value);
      } else {
        out.integer((Long) value);
      }
    } else if (type == Double.class) {
      out.float64((Double) value);
    } else if (type == lastClass) {
      lastWriter.write(value, depth);
    } else {
      Writer writer = writers.get(type);
      if (writer == null) {
        writer = choose(type, value);
        writers.put(type, writer);
      }
      lastClass = type;
      lastWriter = writer;
      writer.write(value, depth);
    }
  }

  private Writer choose(Class<?> type, Object value) {
    Writer scalar = dialect == Dialect.JAVA ? javaScalar(type) : plainScalar(type);
    if (scalar == null) {
      scalar = scalar(type);
    }
    if (scalar != null) {
      return scalar;
    }
    if (value instanceof Tuple) {
      return (tuple, depth) -> tuple((Tuple) tuple, depth);
    }
    if (value instanceof Row) {
      return (row, depth) -> row((Row) row, depth);
    }
    if (value instanceof List<?>) {
      return (list, depth) -> list((List<?>) list, depth);
    }
    if (value instanceof Map<?, ?>) {
      return (map, depth) -> map((Map<?, ?>) map, depth);
    }
    if (value instanceof Set<?>) {
      int code = FROZEN.contains(type) ? Wire.FROZEN_SET : Wire.SET;
      return (set, depth) -> set((Set<?>) set, code, depth);
    }
    if (value instanceof Enum<?> constant) {
      String name = types.nameOf(constant.getDeclaringClass());
      return (each, depth) -> enumeration(name, (Enum<?>) each);
    }
    return MessageType.isMessage(type) ? message(type) : object(type, value);
  }

  /** What must keep its very type. */
  private Writer javaScalar(Class<?> type) {
    if (type == Integer.class) {
      return (value, depth) -> out.wideInt((Integer) value);
    }
    if (type == Short.class) {
      return (value, depth) -> out.wideShort((Short) value);
    }
    if (type == Byte.class) {
      return (value, depth) -> out.wideByte((Byte) value);
    }
    if (type == Float.class) {
      return (value, depth) -> out.float32((Float) value);
    }
    if (type == BigInteger.class) {
      return (value, depth) -> {
        if (Numbers.fits((BigInteger) value)) {
          Numbers.writeBig(out, (BigInteger) value);
        } else {
          javaObject(value);
        }
      };
    }
    if (type == BigDecimal.class) {
      return (value, depth) -> {
        if (Numbers.fits(((BigDecimal) value).unscaledValue())) {
          Numbers.write(out, (BigDecimal) value);
        } else {
          javaObject(value);
        }
      };
    }
    return null;
  }

  /** What becomes one of fewer types. */
  private Writer plainScalar(Class<?> type) {
    if (type == Integer.class || type == Short.class || type == Byte.class) {
      return (value, depth) -> out.integer(((Number) value).longValue());
    }
    if (type == Float.class) {
      return (value, depth) -> out.float64((Float) value);
    }
    if (type == BigInteger.class) {
      return (value, depth) -> Numbers.write(out, (BigInteger) value);
    }
    if (type == OffsetDateTime.class) {
      return (value, depth) -> {
        OffsetDateTime time = (OffsetDateTime) value;
        if (time.getOffset().getTotalSeconds() == 0) {
          Temporals.write(out, time.toInstant());
        } else {
          Temporals.write(out, time);
        }
      };
    }
    return null;
  }

  private Writer scalar(Class<?> type) {
    if (type == Boolean.class) {
      return (value, depth) -> out.byte1((Boolean) value ? Wire.TRUE : Wire.FALSE);
    }
    if (type == byte[].class) {
      return (value, depth) -> out.binary((byte[]) value);
    }
    if (type == Instant.class) {
      return (value, depth) -> Temporals.write(out, (Instant) value);
    }
    if (type == LocalDate.class) {
      return (value, depth) -> Temporals.write(out, (LocalDate) value);
    }
    if (type == LocalTime.class) {
      return (value, depth) -> Temporals.write(out, (LocalTime) value);
    }
    if (type == LocalDateTime.class) {
      return (value, depth) -> Temporals.write(out, (LocalDateTime) value);
    }
    if (type == OffsetDateTime.class) {
      return (value, depth) -> Temporals.write(out, (OffsetDateTime) value);
    }
    if (type == Duration.class) {
      return (value, depth) -> Temporals.write(out, (Duration) value);
    }
    if (type == BigDecimal.class) {
      return (value, depth) -> Numbers.write(out, (BigDecimal) value);
    }
    if (type == UUID.class) {
      return (value, depth) -> uuid((UUID) value);
    }
    return null;
  }

  private void uuid(UUID value) {
    out.extensionHeader(16, Wire.UUID);
    out.int8(value.getMostSignificantBits());
    out.int8(value.getLeastSignificantBits());
  }

  private void enumeration(String typeName, Enum<?> constant) {
    int start = out.beginExtension();
    out.arrayHeader(2);
    out.string(typeName);
    out.string(constant.name());
    out.endExtension(start, Wire.ENUM);
  }

  private static int inside(int depth) {
    if (depth == Wire.MAX_DEPTH) {
      throw Wire.tooDeep();
    }
    return depth + 1;
  }

  private void element(Object value, int index, int depth) {
    try {
      write(value, depth);
    } catch (RecordException e) {
      throw e.inElement(index);
    }
  }

  private void tuple(Tuple tuple, int depth) {
    int within = inside(depth);
    int start = out.beginExtension();
    int n = tuple.size();
    out.arrayHeader(n);
    for (int i = 0; i < n; i++) {
      element(tuple.get(i), i, within);
    }
    out.endExtension(start, Wire.TUPLE);
  }

  private void list(List<?> list, int depth) {
    int within = inside(depth);
    int n = list.size();
    out.arrayHeader(n);
    if (list instanceof RandomAccess) {
      for (int i = 0; i < n; i++) {
        element(list.get(i), i, within);
      }
      return;
    }
    int i = 0;
    for (Object value : list) {
      element(value, i++, within);
    }
    checkCount(n, i, list);
  }

  /** A length that has been written must be what follows, or all that follows is read wrong. */
  private static void checkCount(int announced, int found, Object container) {
    if (announced != found) {
      throw new RecordException(
          "a %s says that it has %d elements and has %d; is it being modified?"
              .formatted(container.getClass().getTypeName(), announced, found));
    }
  }

  private void map(Map<?, ?> map, int depth) {
    int within = inside(depth);
    int n = map.size();
    out.mapHeader(n);
    byte[][] keys = haveOneForm(map.keySet()) ? null : new byte[n][];
    int i = 0;
    for (Map.Entry<?, ?> entry : map.entrySet()) {
      Object key = entry.getKey();
      try {
        int start = out.position();
        write(key, within);
        if (keys != null && i < n) {
          keys[i] = out.copyFrom(start);
        }
      } catch (RecordException e) {
        throw e.inKey(key);
      }
      try {
        write(entry.getValue(), within);
      } catch (RecordException e) {
        throw e.inValueOf(key);
      }
      i++;
    }
    checkCount(n, i, map);
    if (keys != null) {
      sortDistinct(keys);
    }
  }

  private static boolean haveOneForm(Set<?> keys) {
    Class<?> common = null;
    for (Object key : keys) {
      if (key == null || (common != null && key.getClass() != common)) {
        return false;
      }
      common = key.getClass();
    }
    return common == null || ONE_FORM.contains(common);
  }

  private void set(Set<?> set, int code, int depth) {
    int within = inside(depth);
    int start = out.beginExtension();
    out.arrayHeader(set.size());
    int first = out.position();
    byte[][] elements = new byte[set.size()][];
    int i = 0;
    for (Object element : set) {
      int begin = out.position();
      try {
        write(element, within);
      } catch (RecordException e) {
        throw e.inElementOfSet(element);
      }
      if (i < elements.length) {
        elements[i] = out.copyFrom(begin);
      }
      i++;
    }
    checkCount(elements.length, i, set);
    sortDistinct(elements);
    out.rewind(first);
    for (byte[] element : elements) {
      out.raw(element);
    }
    out.endExtension(start, code);
  }

  /** Two Java values may be one value for others: an Integer 1 and a Long 1. */
  private static void sortDistinct(byte[][] encoded) {
    Arrays.sort(encoded, Arrays::compareUnsigned);
    for (int i = 1; i < encoded.length; i++) {
      if (Arrays.equals(encoded[i - 1], encoded[i])) {
        throw new RecordException(
            "two of its keys or elements differ in Java only, such as an Integer 1 and a Long 1");
      }
    }
  }

  private void row(Row row, int depth) {
    int within = inside(depth);
    RowShape shape = types.rowShape(row.type());
    schemas.add(shape.schema());
    int start = out.beginExtension();
    out.int8(shape.schema().getId());
    for (int field : shape.order()) {
      try {
        write(row.get(field), within);
      } catch (RecordException e) {
        throw e.inField(row.type().fields().get(field));
      }
    }
    out.endExtension(start, Wire.INSTANCE);
  }

  private void instance(InstanceType type, Object instance, int depth) {
    int within = inside(depth);
    schemas.add(type.schema());
    int start = out.beginExtension();
    out.int8(type.schema().getId());
    for (int i = 0; i < type.size(); i++) {
      try {
        write(type.get(instance, i), within);
      } catch (RecordException e) {
        throw e.inField(type.fieldName(i));
      }
    }
    out.endExtension(start, Wire.INSTANCE);
  }

  private Writer message(Class<?> type) {
    if (dialect == Dialect.KEY) {
      return refusal("a protobuf message (%s) cannot be a key".formatted(type.getName()));
    }
    MessageType messages = types.messageType(type);
    return (message, depth) -> {
      int start = out.beginExtension();
      out.string(messages.fullName());
      messages.write(out, message);
      out.endExtension(start, Wire.PROTOBUF);
    };
  }

  private Writer object(Class<?> type, Object value) {
    String reason;
    try {
      InstanceType instances = types.instanceType(type);
      return (instance, depth) -> instance(instances, instance, depth);
    } catch (RecordException e) {
      reason = e.getMessage();
    }
    return switch (dialect) {
      case KEY -> refusal("a %s cannot be a key: %s".formatted(type.getTypeName(), reason));
      case PYTHON -> refusal("a %s cannot go to Python: %s".formatted(type.getTypeName(), reason));
      case JAVA ->
          value instanceof Serializable
              ? (object, depth) -> javaObject(object)
              : refusal("a %s is not Serializable, and %s".formatted(type.getTypeName(), reason));
    };
  }

  private void javaObject(Object value) {
    int start = out.beginExtension();
    out.raw(JavaObjects.write(value));
    out.endExtension(start, Wire.JAVA_OBJECT);
  }

  private static Writer refusal(String message) {
    return (value, depth) -> {
      throw new RecordException(message);
    };
  }
}
