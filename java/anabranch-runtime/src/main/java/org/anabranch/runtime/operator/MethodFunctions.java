package org.anabranch.runtime.operator;

import java.lang.invoke.CallSite;
import java.lang.invoke.LambdaMetafactory;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Array;
import java.lang.reflect.Method;
import java.util.Iterator;
import java.util.function.BiFunction;
import java.util.stream.BaseStream;
import org.anabranch.api.function.Collector;
import org.anabranch.api.function.FlatMapFunction;
import org.anabranch.api.function.MapFunction;
import org.anabranch.api.function.PartitionFunction;

/**
 * Makes function objects of static methods, as the compiler makes them of {@code Text::shout}: a
 * call costs what a call of the method costs.
 */
final class MethodFunctions {

  private MethodFunctions() {}

  /** Returns an object of the kind's interface. The method has passed {@link FunctionChecks}. */
  static Object of(FunctionKind kind, Method method) {
    return switch (kind) {
      case FLAT_MAP -> flatMap(method);
      case PARTITION -> partition(method);
      default -> spin(kind.type(), method);
    };
  }

  private static Object flatMap(Method method) {
    if (method.getParameterCount() == 2) {
      return spin(FlatMapFunction.class, method);
    }
    @SuppressWarnings("unchecked")
    MapFunction<Object, Object> elements =
        (MapFunction<Object, Object>) spin(MapFunction.class, method);
    FlatMapFunction<Object, Object> function =
        (value, collector) -> collectAll(elements.map(value), collector);
    return function;
  }

  private static void collectAll(Object elements, Collector<Object> collector) {
    if (elements instanceof Iterable<?> iterable) {
      iterable.forEach(collector::collect);
    } else if (elements instanceof BaseStream<?, ?> stream) {
      try (stream) {
        stream.iterator().forEachRemaining(collector::collect);
      }
    } else if (elements instanceof Iterator<?> iterator) {
      iterator.forEachRemaining(collector::collect);
    } else if (elements != null && elements.getClass().isArray()) {
      for (int i = 0; i < Array.getLength(elements); i++) {
        collector.collect(Array.get(elements, i));
      }
    } else {
      throw new ClassCastException(
          "a flat_map must return an Iterable, Iterator, Stream or array, not "
              + (elements == null ? "null" : elements.getClass().getName()));
    }
  }

  private static Object partition(Method method) {
    @SuppressWarnings("unchecked")
    BiFunction<Object, Object, Object> chosen =
        (BiFunction<Object, Object, Object>) spin(BiFunction.class, method);
    PartitionFunction<Object> function =
        (value, n) -> {
          Object result = chosen.apply(value, n);
          return result instanceof Integer index ? new int[] {index} : (int[]) result;
        };
    return function;
  }

  private static Object spin(Class<?> type, Method method) {
    try {
      MethodHandles.Lookup lookup = lookup(method.getDeclaringClass());
      MethodHandle target = lookup.unreflect(method);
      Method single = singleMethod(type);
      MethodType erased = MethodType.methodType(single.getReturnType(), single.getParameterTypes());
      MethodType called = called(erased, target.type());
      CallSite site =
          LambdaMetafactory.metafactory(
              lookup, single.getName(), MethodType.methodType(type), erased, target, called);
      return type.cast(site.getTarget().invoke());
    } catch (Throwable t) {
      throw new FunctionException("method " + method + " cannot be called: " + t, t);
    }
  }

  /**
   * A lookup that sees both the method and our interfaces: the JDK's own classes do not see them.
   */
  private static MethodHandles.Lookup lookup(Class<?> type) throws IllegalAccessException {
    MethodHandles.Lookup own = MethodHandles.lookup();
    return type.getModule().isNamed() ? own : MethodHandles.privateLookupIn(type, own);
  }

  private static Method singleMethod(Class<?> type) {
    for (Method method : type.getMethods()) {
      if (java.lang.reflect.Modifier.isAbstract(method.getModifiers())) {
        return method;
      }
    }
    throw new IllegalStateException(type + " has no method to implement");
  }

  /** The types a call really has: the method's own, boxed where the interface deals in objects. */
  private static MethodType called(MethodType erased, MethodType target) {
    MethodType called = erased;
    for (int i = 0; i < erased.parameterCount(); i++) {
      if (!erased.parameterType(i).isPrimitive()) {
        called = called.changeParameterType(i, target.wrap().parameterType(i));
      }
    }
    if (!erased.returnType().isPrimitive()) {
      called = called.changeReturnType(target.wrap().returnType());
    }
    return called;
  }
}
