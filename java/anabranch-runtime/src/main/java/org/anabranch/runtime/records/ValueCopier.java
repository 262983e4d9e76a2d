package org.anabranch.runtime.records;

import com.google.protobuf.Message;
import java.io.File;
import java.io.Serializable;
import java.lang.reflect.Array;
import java.lang.reflect.Modifier;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.net.URI;
import java.net.URL;
import java.nio.charset.Charset;
import java.util.AbstractMap;
import java.util.ArrayList;
import java.util.Currency;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Pattern;
import org.anabranch.api.Row;
import org.anabranch.api.tuple.Tuple;

/**
 * Copies what a user's function emits for the engine: a copy, where somebody could still change it.
 *
 * <p>What cannot be changed stays itself, and so does what cannot be copied. What to do with a
 * class is decided once and remembered. Belongs to one thread.
 */
public final class ValueCopier {

  /** Copies the values of one class. */
  @FunctionalInterface
  interface Way {
    Object copy(Object value);
  }

  /** Of what cannot be changed, or cannot be copied. */
  private static final Way ITSELF = value -> value;

  private static final int FEW = 64;

  private static final Set<Class<?>> ATOMIC =
      Set.of(
          String.class,
          Boolean.class,
          Character.class,
          Byte.class,
          Short.class,
          Integer.class,
          Long.class,
          Float.class,
          Double.class,
          BigInteger.class,
          BigDecimal.class,
          MathContext.class,
          UUID.class,
          Class.class,
          Locale.class,
          Currency.class,
          URI.class,
          URL.class,
          File.class,
          Pattern.class);

  private final TypeRegistry types;
  private final JdkCollections collections = new JdkCollections(this);
  private final Map<Class<?>, Way> ways = new HashMap<>();
  // Parts may occur twice in a value, or hold each other: the copies of the value at hand.
  private Map<Object, Object> copies = new IdentityHashMap<>();
  private Class<?> lastClass;
  private Way lastWay;

  /** Creates a copier for a job's types. */
  public ValueCopier(TypeRegistry types) {
    this.types = types;
  }

  /** Returns the value if it cannot be changed, else a copy of whatever in it can be changed. */
  public Object copy(Object value) {
    if (value == null) {
      return null;
    }
    Way way = wayOf(value);
    if (way == ITSELF) {
      return value;
    }
    try {
      return way.copy(value);
    } catch (RuntimeException | StackOverflowError e) { // of the user's collections, for one
      return value;
    } finally {
      forgetCopies();
    }
  }

  private void forgetCopies() {
    if (copies.size() > FEW) {
      copies = new IdentityHashMap<>();
    } else if (!copies.isEmpty()) {
      copies.clear();
    }
  }

  /** Returns what stands for a part of a value in the copy of the value. */
  Object part(Object value) {
    if (value == null) {
      return null;
    }
    Way way = wayOf(value);
    if (way == ITSELF) {
      return value;
    }
    Object known = copies.get(value);
    return known != null ? known : way.copy(value);
  }

  /** Takes note of a copy, before its parts are copied: one of them may be the value again. */
  <T> T begin(Object value, T copy) {
    copies.put(value, copy);
    return copy;
  }

  private Way wayOf(Object value) {
    Class<?> type = value.getClass();
    if (type == lastClass) {
      return lastWay;
    }
    Way way = ways.get(type);
    if (way == null) {
      way = choose(type, value);
      ways.put(type, way);
    }
    lastClass = type;
    lastWay = way;
    return way;
  }

  private Way choose(Class<?> type, Object value) {
    if (isAtomic(type) || value instanceof Enum || value instanceof Charset) {
      return ITSELF;
    }
    if (type.isArray()) {
      return type.getComponentType().isPrimitive() ? this::primitives : this::array;
    }
    if (value instanceof Tuple) {
      return tuple -> tuple((Tuple) tuple);
    }
    if (value instanceof Row) {
      return row -> row((Row) row);
    }
    if (value instanceof Optional) {
      return optional -> optional((Optional<?>) optional);
    }
    if (PlainClasses.isOfTheJdk(type)) {
      Way way = value instanceof Map.Entry ? this::entry : collections.wayOf(type, value);
      return way != null ? way : serialized(type, value);
    }
    return instance(type, value);
  }

  private static boolean isAtomic(Class<?> type) {
    return ATOMIC.contains(type)
        || type.isEnum()
        || type.getPackageName().startsWith("java.time")
        || Message.class.isAssignableFrom(type)
        || type.isHidden() // a lambda
        || type.isSynthetic();
  }

  /** Returns whether whatever a field of this type holds cannot be changed. */
  private static boolean isClosed(Class<?> declared, List<Class<?>> around) {
    if (declared.isPrimitive() || isAtomic(declared)) {
      return true;
    }
    return Modifier.isFinal(declared.getModifiers())
        && !declared.isArray()
        && !PlainClasses.isOfTheJdk(declared)
        && !Tuple.class.isAssignableFrom(declared)
        && declared != Row.class
        && isFrozen(declared, around);
  }

  /** Returns whether the instances of exactly this class cannot be changed, with all they hold. */
  private static boolean isFrozen(Class<?> type, List<Class<?>> around) {
    if (around.contains(type)) {
      return true;
    }
    List<Class<?>> within = new ArrayList<>(around);
    within.add(type);
    for (Class<?> owner = type; owner != null; owner = owner.getSuperclass()) {
      for (var field : owner.getDeclaredFields()) {
        int modifiers = field.getModifiers();
        if (!Modifier.isStatic(modifiers)
            && !(Modifier.isFinal(modifiers) && isClosed(field.getType(), within))) {
          return false;
        }
      }
    }
    return true;
  }

  private Object primitives(Object array) {
    int n = Array.getLength(array);
    Object copy = begin(array, Array.newInstance(array.getClass().getComponentType(), n));
    System.arraycopy(array, 0, copy, 0, n);
    return copy;
  }

  private Object array(Object value) {
    Object[] array = (Object[]) value;
    Object[] copy = begin(array, array.clone());
    for (int i = 0; i < copy.length; i++) {
      copy[i] = part(copy[i]);
    }
    return copy;
  }

  private Object tuple(Tuple tuple) {
    int n = tuple.size();
    for (int i = 0; i < n; i++) {
      Object value = tuple.get(i);
      if (value != null && wayOf(value) != ITSELF) {
        List<Object> parts = parts(tuple.toList());
        return parts == null ? tuple : begin(tuple, Tuple.fromList(parts));
      }
    }
    return tuple;
  }

  private Object row(Row row) {
    List<Object> parts = parts(new ArrayList<>(row.toMap().values()));
    return parts == null ? row : begin(row, new Row(row.type(), parts));
  }

  private Object optional(Optional<?> optional) {
    Object value = optional.orElse(null);
    Object part = part(value);
    return part == value ? optional : begin(optional, Optional.of(part));
  }

  private Object entry(Object value) {
    Map.Entry<?, ?> entry = (Map.Entry<?, ?>) value;
    return begin(
        entry, new AbstractMap.SimpleEntry<>(part(entry.getKey()), part(entry.getValue())));
  }

  /** Returns the copies of values, or null if all of them stand for themselves. */
  List<Object> parts(List<?> values) {
    List<Object> parts = new ArrayList<>(values.size());
    boolean same = true;
    for (Object value : values) {
      Object part = part(value);
      same &= part == value;
      parts.add(part);
    }
    return same ? null : parts;
  }

  private Way instance(Class<?> type, Object value) {
    try {
      InstanceType instances = types.instanceType(type);
      if (isFrozen(type, List.of())) {
        return ITSELF;
      }
      if (type.isRecord()) {
        return instance -> ofRecord(instances, instance);
      }
      PlainCopies plain = PlainCopies.of(type);
      return instance -> plain.copy(instance, this);
    } catch (RecordException e) {
      return serialized(type, value);
    }
  }

  private Object ofRecord(InstanceType type, Object instance) {
    int n = type.size();
    Object[] parts = new Object[n];
    boolean same = true;
    for (int i = 0; i < n; i++) {
      Object value = type.get(instance, i);
      parts[i] = part(value);
      same &= value == parts[i] || isBoxed(value);
    }
    if (same) {
      return instance;
    }
    Object unfinished = type.begin();
    for (int i = 0; i < n; i++) {
      type.put(unfinished, i, parts[i]);
    }
    try {
      return begin(instance, type.end(unfinished));
    } catch (RecordException e) { // its constructor refuses the copy
      return instance;
    }
  }

  /** A component that is primitive is another object each time that it is read. */
  private static boolean isBoxed(Object value) {
    return value instanceof Number || value instanceof Boolean || value instanceof Character;
  }

  /** Whatever else can be serialized is copied that way. */
  private Way serialized(Class<?> type, Object sample) {
    if (!(sample instanceof Serializable)) {
      return ITSELF;
    }
    return value -> {
      try {
        byte[] bytes = JavaObjects.write(value);
        return begin(value, JavaObjects.read(bytes, 0, bytes.length, types.loader()));
      } catch (RecordException | LinkageError e) {
        // It would fail again for each record.
        ways.put(type, ITSELF);
        lastClass = null;
        return value;
      }
    };
  }
}
