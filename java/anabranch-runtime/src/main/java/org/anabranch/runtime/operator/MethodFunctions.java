package org.anabranch.runtime.operator;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Array;
import java.lang.reflect.Method;
import java.lang.reflect.UndeclaredThrowableException;
import java.util.Iterator;
import java.util.stream.BaseStream;
import org.anabranch.api.function.Collector;
import org.anabranch.api.function.FilterFunction;
import org.anabranch.api.function.FlatMapFunction;
import org.anabranch.api.function.Function;
import org.anabranch.api.function.JoinFunction;
import org.anabranch.api.function.KeyFunction;
import org.anabranch.api.function.MapFunction;
import org.anabranch.api.function.PartitionFunction;
import org.anabranch.api.function.ProcessFunction;
import org.anabranch.api.function.ReduceFunction;
import org.anabranch.api.function.SinkFunction;

/** Makes function objects of static methods, which are called through method handles. */
final class MethodFunctions {

  private MethodFunctions() {}

  /** Returns an object of the kind's interface. The method has passed {@link FunctionChecks}. */
  static Function of(FunctionKind kind, Method method) {
    MethodHandle handle = handle(method);
    return switch (kind) {
      case MAP -> (MapFunction<Object, Object>) value -> call(handle, value);
      case KEY_BY -> (KeyFunction<Object, Object>) value -> call(handle, value);
      case FILTER -> (FilterFunction<Object>) value -> (boolean) call(handle, value);
      case SINK -> (SinkFunction<Object>) value -> call(handle, value);
      case REDUCE -> (ReduceFunction<Object>) (old, value) -> call(handle, old, value);
      case FLAT_MAP ->
          method.getParameterCount() == 1
              ? (FlatMapFunction<Object, Object>)
                  (value, collector) -> collectAll(call(handle, value), collector)
              : (FlatMapFunction<Object, Object>)
                  (value, collector) -> call(handle, value, collector);
      case PARTITION ->
          (PartitionFunction<Object>)
              (value, n) -> {
                Object chosen = call(handle, value, n);
                return chosen instanceof Integer index ? new int[] {index} : (int[]) chosen;
              };
      case PROCESS ->
          (ProcessFunction<Object, Object>)
              (value, context, collector) -> call(handle, value, context, collector);
      case JOIN ->
          (JoinFunction<Object, Object, Object>) (left, right) -> call(handle, left, right);
      case SOURCE, AGGREGATE, CONNECT ->
          throw new IllegalArgumentException("a method cannot be a " + kind.verb());
    };
  }

  private static MethodHandle handle(Method method) {
    try {
      MethodHandle handle = MethodHandles.publicLookup().unreflect(method);
      return handle.asType(MethodType.genericMethodType(method.getParameterCount()));
    } catch (IllegalAccessException e) {
      throw new FunctionException("method %s cannot be called: %s".formatted(method, e), e);
    }
  }

  private static Object call(MethodHandle handle, Object value) throws Exception {
    try {
      return (Object) handle.invokeExact(value);
    } catch (Exception | Error e) {
      throw e;
    } catch (Throwable t) {
      throw new UndeclaredThrowableException(t);
    }
  }

  private static Object call(MethodHandle handle, Object first, Object second) throws Exception {
    try {
      return (Object) handle.invokeExact(first, second);
    } catch (Exception | Error e) {
      throw e;
    } catch (Throwable t) {
      throw new UndeclaredThrowableException(t);
    }
  }

  private static Object call(MethodHandle handle, Object first, Object second, Object third)
      throws Exception {
    try {
      return (Object) handle.invokeExact(first, second, third);
    } catch (Exception | Error e) {
      throw e;
    } catch (Throwable t) {
      throw new UndeclaredThrowableException(t);
    }
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
      int length = Array.getLength(elements);
      for (int i = 0; i < length; i++) {
        collector.collect(Array.get(elements, i));
      }
    } else {
      throw new IllegalArgumentException(
          "a flat_map must return an Iterable, Iterator, Stream or array, not "
              + (elements == null ? "null" : elements.getClass().getName()));
    }
  }
}
