package org.anabranch.runtime.records;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Modifier;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Collection;
import java.util.Map;

/**
 * The declared type of a field, and what of the decoded values fits it.
 *
 * <p>A value comes from a language that may have one integer type and one list type only. It is
 * converted where that loses nothing, and refused otherwise.
 */
final class FieldType {
  private static final MethodType NO_ARGUMENTS = MethodType.methodType(void.class);

  private final Class<?> declared;
  private final Class<?> boxed;

  FieldType(Class<?> declared) {
    this.declared = declared;
    this.boxed = MethodType.methodType(declared).wrap().returnType();
  }

  /**
   * Returns the value, or the value of the declared type that stands for it.
   *
   * @throws RecordException if there is none
   */
  Object fit(Object value) {
    if (boxed.isInstance(value)) {
      return value;
    }
    if (value == null) {
      if (declared.isPrimitive()) {
        throw new RecordException("the field is %s and cannot be null".formatted(declared));
      }
      return null;
    }
    Object converted = convert(value);
    if (converted == null) {
      throw new RecordException(
          "the field is %s and cannot hold a %s"
              .formatted(declared.getTypeName(), value.getClass().getTypeName()));
    }
    return converted;
  }

  private Object convert(Object value) {
    if (value instanceof Long
        || value instanceof Integer
        || value instanceof Short
        || value instanceof Byte) {
      return integer(((Number) value).longValue());
    }
    if (value instanceof BigInteger big) {
      return big.bitLength() < 64 ? integer(big.longValue()) : bigInteger(big);
    }
    if (value instanceof Double number) {
      return boxed == Float.class ? narrowed(number) : null;
    }
    if (value instanceof Float number) {
      return boxed == Double.class ? (Object) number.doubleValue() : null;
    }
    if (value instanceof Instant instant) {
      // What Python holds at UTC arrives as an instant.
      return boxed == OffsetDateTime.class ? instant.atOffset(ZoneOffset.UTC) : null;
    }
    if (value instanceof Collection<?> || value instanceof Map<?, ?>) {
      return container(value);
    }
    return null;
  }

  private Object integer(long value) {
    if (boxed == Integer.class && value == (int) value) {
      return (int) value;
    }
    if (boxed == Short.class && value == (short) value) {
      return (short) value;
    }
    if (boxed == Byte.class && value == (byte) value) {
      return (byte) value;
    }
    if (boxed == Long.class) {
      return value;
    }
    if (boxed == BigInteger.class) {
      return BigInteger.valueOf(value);
    }
    if (boxed == Double.class && (long) (double) value == value && value != Long.MAX_VALUE) {
      return (double) value;
    }
    if (boxed == Float.class && (long) (float) value == value && value != Long.MAX_VALUE) {
      return (float) value;
    }
    if (boxed == Integer.class
        || boxed == Short.class
        || boxed == Byte.class
        || boxed == Double.class
        || boxed == Float.class) {
      throw new RecordException(
          "the field is %s and cannot hold the integer %d".formatted(declared.getName(), value));
    }
    return null;
  }

  private Object bigInteger(BigInteger value) {
    if (Number.class.isAssignableFrom(boxed) && boxed != BigDecimal.class) {
      throw new RecordException(
          "the field is %s and cannot hold an integer of %d bits"
              .formatted(declared.getName(), value.bitLength() + 1));
    }
    return null;
  }

  private Object narrowed(double value) {
    float narrow = (float) value;
    if (Float.isInfinite(narrow) && !Double.isInfinite(value)) {
      throw new RecordException("the field is float and cannot hold %s".formatted(value));
    }
    return narrow;
  }

  /** A field may ask for a list, set or map of a certain class: that one is filled. */
  @SuppressWarnings("unchecked")
  private Object container(Object value) {
    boolean map = value instanceof Map<?, ?>;
    if (declared.isInterface()
        || Modifier.isAbstract(declared.getModifiers())
        || !(map ? Map.class : Collection.class).isAssignableFrom(declared)) {
      return null;
    }
    try {
      MethodHandle constructor =
          MethodHandles.publicLookup().findConstructor(declared, NO_ARGUMENTS);
      Object container = constructor.invoke();
      if (map) {
        ((Map<Object, Object>) container).putAll((Map<Object, Object>) value);
      } else {
        ((Collection<Object>) container).addAll((Collection<Object>) value);
      }
      return container;
    } catch (NoSuchMethodException | IllegalAccessException e) {
      return null;
    } catch (Throwable e) {
      throw new RecordException(
          "a %s could not be filled: %s".formatted(declared.getTypeName(), e), e);
    }
  }
}
