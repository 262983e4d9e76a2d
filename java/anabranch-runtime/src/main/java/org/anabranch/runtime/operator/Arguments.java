package org.anabranch.runtime.operator;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.List;

/** Fits decoded constructor arguments to declared parameter types. */
final class Arguments {
  // Of the types that a whole number becomes, after Long itself.
  private static final List<Class<?>> NEAREST_TO_LONG =
      List.of(Integer.class, Short.class, Byte.class, BigInteger.class, Double.class, Float.class);
  private static final int SUPERTYPE = 10;
  private static final int ANYTHING = 20;

  private Arguments() {}

  /**
   * Returns the arguments in the types of the parameters: whole numbers are narrowed if they fit,
   * and become floating-point numbers where those are declared.
   *
   * @throws IllegalArgumentException naming the first argument that does not fit
   */
  static Object[] fit(Class<?>[] parameters, Object[] arguments) {
    Object[] fitted = new Object[arguments.length];
    for (int i = 0; i < arguments.length; i++) {
      fitted[i] = fit(i, parameters[i], arguments[i]);
    }
    return fitted;
  }

  private static Object fit(int index, Class<?> parameter, Object argument) {
    if (argument == null && !parameter.isPrimitive()) {
      return null;
    }
    if (argument instanceof Long whole) {
      Object number = number(parameter, whole);
      if (number != null) {
        return number;
      }
    }
    if (argument instanceof Double real && (parameter == float.class || parameter == Float.class)) {
      return real.floatValue();
    }
    if (boxed(parameter).isInstance(argument)) {
      return argument;
    }
    throw new IllegalArgumentException(
        "argument %d is a %s and does not fit parameter type %s"
            .formatted(
                index + 1,
                argument == null ? "null" : argument.getClass().getSimpleName() + " " + argument,
                parameter.getSimpleName()));
  }

  private static Object number(Class<?> parameter, long value) {
    Class<?> type = boxed(parameter);
    if (type == Integer.class && value == (int) value) {
      return (int) value;
    }
    if (type == Short.class && value == (short) value) {
      return (short) value;
    }
    if (type == Byte.class && value == (byte) value) {
      return (byte) value;
    }
    if (type == Double.class && isExact(value, (double) value)) {
      return (double) value;
    }
    if (type == Float.class && isExact(value, (float) value)) {
      return (float) value;
    }
    return type == BigInteger.class ? BigInteger.valueOf(value) : null;
  }

  private static boolean isExact(long value, double floating) {
    return new BigDecimal(floating).compareTo(BigDecimal.valueOf(value)) == 0;
  }

  /**
   * Returns how far the declared types are from the arguments, which fit them: of two constructors
   * the nearer one is meant.
   */
  static int distance(Class<?>[] parameters, Object[] arguments) {
    int distance = 0;
    for (int i = 0; i < arguments.length; i++) {
      distance += distance(boxed(parameters[i]), arguments[i]);
    }
    return distance;
  }

  private static int distance(Class<?> type, Object argument) {
    if (argument == null || type == argument.getClass()) {
      return 0;
    }
    if (argument instanceof Long && NEAREST_TO_LONG.contains(type)) {
      return 1 + NEAREST_TO_LONG.indexOf(type);
    }
    if (argument instanceof Double && type == Float.class) {
      return 1;
    }
    return type == Object.class ? ANYTHING : SUPERTYPE;
  }

  private static Class<?> boxed(Class<?> type) {
    return java.lang.invoke.MethodType.methodType(type).wrap().returnType();
  }
}
