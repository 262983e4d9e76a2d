package org.anabranch.runtime.records;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.anabranch.api.Row;
import org.anabranch.api.RowType;
import org.anabranch.api.tuple.Tuple;
import org.anabranch.api.tuple.Tuple1;
import org.anabranch.api.tuple.Tuple2;
import org.anabranch.api.tuple.Tuple3;
import org.anabranch.api.tuple.Tuple4;
import org.anabranch.api.tuple.Tuple5;
import org.anabranch.api.tuple.Tuple6;
import org.anabranch.api.tuple.Tuple7;
import org.anabranch.api.tuple.Tuple8;
import org.anabranch.api.tuple.TupleN;
import org.anabranch.proto.v1.Schema;
import org.anabranch.runtime.records.TypeRegistry.Incoming;

/**
 * Reads values in one dialect.
 *
 * <p>The bytes may be anything. Memory is taken in step with what has been read: a length alone
 * never makes it allocate more than a little.
 */
sealed class ValueDecoder permits PlainValueDecoder {
  // A container that says it is larger grows as its elements arrive.
  private static final int TRUSTED_SIZE = 1 << 12;

  final ByteReader in;
  final TypeRegistry types;
  final Dialect dialect;
  private List<Schema> schemas = List.of();

  ValueDecoder(ByteReader in, TypeRegistry types, Dialect dialect) {
    this.in = in;
    this.types = types;
    this.dialect = dialect;
  }

  /** Sets the schemas that the values to come may refer to. */
  final void schemas(List<Schema> schemas) {
    this.schemas = schemas;
  }

  /** Returns what reads the same bytes without the classes of users. */
  final ValueDecoder plain() {
    ValueDecoder plain = new PlainValueDecoder(in, types, dialect);
    plain.schemas(schemas);
    return plain;
  }

  final Object read() {
    return read(0);
  }

  final Object read(int depth) {
    int tag = in.unsigned1();
    if (tag < Wire.FIXMAP) {
      return (long) tag;
    }
    if (tag >= Wire.NEGATIVE_FIXINT) {
      return (long) (byte) tag;
    }
    if (tag < Wire.NIL) {
      if (tag >= Wire.FIXSTR) {
        return in.string(tag & 0x1f);
      }
      int n = tag & 0x0f;
      return tag >= Wire.FIXARRAY ? list(in.within(n, 1), depth) : map(in.within(n, 2), depth);
    }
    return switch (tag) {
      case Wire.NIL -> null;
      case Wire.FALSE -> Boolean.FALSE;
      case Wire.TRUE -> Boolean.TRUE;
      case Wire.BIN8 -> in.copy(in.unsigned1());
      case Wire.BIN16 -> in.copy(in.unsigned2());
      case Wire.BIN32 -> in.copy(in.length4(1));
      case Wire.FLOAT32 -> float32();
      case Wire.FLOAT64 -> Double.longBitsToDouble(in.int8());
      case Wire.UINT8 -> (long) in.unsigned1();
      case Wire.UINT16 -> (long) in.unsigned2();
      case Wire.UINT32 -> in.int4() & 0xffff_ffffL;
      case Wire.UINT64 -> Numbers.unsigned64(in);
      case Wire.INT8, Wire.INT16, Wire.INT32, Wire.INT64 -> signed(tag);
      case Wire.STR8 -> in.string(in.unsigned1());
      case Wire.STR16 -> in.string(in.unsigned2());
      case Wire.STR32 -> in.string(in.length4(1));
      case Wire.ARRAY16 -> list(in.length2(1), depth);
      case Wire.ARRAY32 -> list(in.length4(1), depth);
      case Wire.MAP16 -> map(in.length2(2), depth);
      case Wire.MAP32 -> map(in.length4(2), depth);
      case Wire.FIXEXT1 -> extension(1, depth);
      case Wire.FIXEXT2 -> extension(2, depth);
      case Wire.FIXEXT4 -> extension(4, depth);
      case Wire.FIXEXT8 -> extension(8, depth);
      case Wire.FIXEXT16 -> extension(16, depth);
      case Wire.EXT8 -> extension(in.unsigned1(), depth);
      case Wire.EXT16 -> extension(in.unsigned2(), depth);
      case Wire.EXT32 -> extension(in.length4(1), depth);
      default -> throw new RecordException("the byte %02X begins no value".formatted(tag));
    };
  }

  private Object float32() {
    float value = Float.intBitsToFloat(in.int4());
    // Not "? value : (double) value", which would be a double in both cases.
    if (dialect == Dialect.JAVA) {
      return value;
    }
    return (double) value;
  }

  private Object signed(int tag) {
    if (dialect == Dialect.JAVA) {
      // The width is the type.
      switch (tag) {
        case Wire.INT8:
          return in.int1();
        case Wire.INT16:
          return in.int2();
        case Wire.INT32:
          return in.int4();
        default:
          return in.int8();
      }
    }
    return switch (tag) {
      case Wire.INT8 -> (long) in.int1();
      case Wire.INT16 -> (long) in.int2();
      case Wire.INT32 -> (long) in.int4();
      default -> in.int8();
    };
  }

  static int inside(int depth) {
    if (depth == Wire.MAX_DEPTH) {
      throw Wire.tooDeep();
    }
    return depth + 1;
  }

  private Object element(int index, int depth) {
    try {
      return read(depth);
    } catch (RecordException e) {
      throw e.inElement(index);
    }
  }

  final List<Object> list(int n, int depth) {
    int within = inside(depth);
    List<Object> list = new ArrayList<>(Math.min(n, TRUSTED_SIZE));
    for (int i = 0; i < n; i++) {
      list.add(element(i, within));
    }
    return list;
  }

  Object map(int n, int depth) {
    int within = inside(depth);
    Map<Object, Object> map = new LinkedHashMap<>(capacity(n));
    Contents contents = new Contents();
    for (int i = 0; i < n; i++) {
      Object key;
      try {
        key = read(within);
      } catch (RecordException e) {
        throw e.inUnread("keys", i);
      }
      Object value;
      try {
        value = read(within);
      } catch (RecordException e) {
        throw e.inValueOf(key);
      }
      map.put(key, value);
      if (map.size() == i || contents.isRepeated(key)) {
        throw new RecordException("a dict has a key twice").inKey(key);
      }
    }
    return map;
  }

  private static int capacity(int n) {
    // Room for n entries at the load factor of 3/4.
    return Math.min(n, TRUSTED_SIZE) * 4 / 3 + 1;
  }

  private Object extension(int length, int depth) {
    int code = in.int1();
    in.within(length, 1);
    int outerLimit = in.limit();
    int end = in.position() + length;
    in.limit(end);
    Object value = extensionData(code, length, depth);
    if (in.position() != end) {
      throw new RecordException(
          "extension %d has %d bytes left over".formatted(code, end - in.position()));
    }
    in.limit(outerLimit);
    return value;
  }

  Object extensionData(int code, int length, int depth) {
    return switch (code) {
      case Wire.TUPLE -> tuple(depth);
      case Wire.BIG_INT -> Numbers.bigInteger(in);
      case Wire.SET -> set(depth);
      case Wire.FROZEN_SET -> Collections.unmodifiableSet(set(depth));
      case Wire.DATE -> Temporals.date(in);
      case Wire.TIME -> Temporals.time(in);
      case Wire.INSTANT -> Temporals.instant(in);
      case Wire.OFFSET_DATE_TIME -> Temporals.offsetDateTime(in, dialect == Dialect.JAVA);
      case Wire.LOCAL_DATE_TIME -> Temporals.localDateTime(in);
      case Wire.DURATION -> Temporals.duration(in);
      case Wire.DECIMAL -> Numbers.decimal(in);
      case Wire.UUID -> new UUID(in.int8(), in.int8());
      case Wire.ENUM -> enumeration();
      case Wire.INSTANCE -> instance(depth);
      case Wire.PROTOBUF -> message();
      case Wire.PICKLE ->
          throw new RecordException("a pickled Python object cannot be read in Java");
      case Wire.JAVA_OBJECT -> javaObject(length);
      default -> throw new RecordException("extension %d is unknown".formatted(code));
    };
  }

  private Tuple tuple(int depth) {
    int n = in.arrayHeader("a tuple");
    int d = inside(depth);
    return switch (n) {
      case 1 -> new Tuple1<>(element(0, d));
      case 2 -> new Tuple2<>(element(0, d), element(1, d));
      case 3 -> new Tuple3<>(element(0, d), element(1, d), element(2, d));
      case 4 -> new Tuple4<>(element(0, d), element(1, d), element(2, d), element(3, d));
      case 5 ->
          new Tuple5<>(element(0, d), element(1, d), element(2, d), element(3, d), element(4, d));
      case 6 ->
          new Tuple6<>(
              element(0, d),
              element(1, d),
              element(2, d),
              element(3, d),
              element(4, d),
              element(5, d));
      case 7 ->
          new Tuple7<>(
              element(0, d),
              element(1, d),
              element(2, d),
              element(3, d),
              element(4, d),
              element(5, d),
              element(6, d));
      case 8 ->
          new Tuple8<>(
              element(0, d),
              element(1, d),
              element(2, d),
              element(3, d),
              element(4, d),
              element(5, d),
              element(6, d),
              element(7, d));
      default -> new TupleN(list(n, depth));
    };
  }

  private Set<Object> set(int depth) {
    int n = in.arrayHeader("a set");
    int within = inside(depth);
    Set<Object> set = new LinkedHashSet<>(capacity(n));
    Contents contents = new Contents();
    int before = -1;
    for (int i = 0; i < n; i++) {
      int start = in.position();
      Object element;
      try {
        element = read(within);
      } catch (RecordException e) {
        throw e.inUnread("elements", i);
      }
      set.add(element);
      // Objects of the users' that equal only themselves are compared by their bytes.
      if (set.size() == i
          || contents.isRepeated(element)
          || (i > 0 && sameBytes(before, start, in.position()))) {
        throw new RecordException("a set has an element twice").inUnread("elements", i);
      }
      before = start;
    }
    return set;
  }

  private boolean sameBytes(int before, int start, int end) {
    return Arrays.equals(in.bytes(), before, start, in.bytes(), start, end);
  }

  private Object enumeration() {
    EnumName name = enumName();
    return types.enumConstant(name.type(), name.constant());
  }

  final EnumName enumName() {
    if (in.arrayHeader("an enum") != 2) {
      throw new RecordException("an enum is not an array of two strings");
    }
    String type = in.string("the type of an enum");
    return new EnumName(type, in.string("the constant of an enum"));
  }

  record EnumName(String type, String constant) {}

  private Object instance(int depth) {
    long id = in.int8();
    int within = inside(depth);
    Incoming incoming = types.incoming(schema(id));
    if (incoming instanceof Incoming.AsInstance known) {
      return instance(known.type(), within);
    }
    if (incoming instanceof Incoming.AsRow unknown) {
      return row(unknown.type(), within);
    }
    throw new RecordException(((Incoming.Refused) incoming).reason());
  }

  final Schema schema(long id) {
    for (int i = 0; i < schemas.size(); i++) {
      Schema schema = schemas.get(i);
      if (schema.getId() == id) {
        return schema;
      }
    }
    throw new RecordException("the frame has no schema %016x".formatted(id));
  }

  private Object instance(InstanceType type, int depth) {
    Object unfinished = type.begin();
    for (int i = 0; i < type.size(); i++) {
      try {
        type.put(unfinished, i, type.fit(read(depth), i));
      } catch (RecordException e) {
        throw e.inField(type.fieldName(i));
      }
    }
    return type.end(unfinished);
  }

  private Row row(RowType type, int depth) {
    int n = type.fields().size();
    List<Object> values = new ArrayList<>(Math.min(n, TRUSTED_SIZE));
    for (int i = 0; i < n; i++) {
      try {
        values.add(read(depth));
      } catch (RecordException e) {
        throw e.inField(type.fields().get(i));
      }
    }
    return new Row(type, values);
  }

  private Object message() {
    if (dialect == Dialect.KEY) {
      throw new RecordException("a protobuf message cannot be a key");
    }
    MessageType type = types.messageType(in.string("the name of a message"));
    int n = in.remaining();
    return type.parse(in.bytes(), in.skip(n), n);
  }

  private Object javaObject(int length) {
    if (dialect != Dialect.JAVA) {
      throw new RecordException("a serialized Java object may come from Java only, as no key");
    }
    return JavaObjects.read(in.bytes(), in.skip(length), length, types.loader());
  }
}
