package org.anabranch.api.graph;

import java.lang.invoke.MethodHandleInfo;
import java.lang.invoke.SerializedLambda;
import java.util.Arrays;
import java.util.Collection;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.anabranch.api.JobGraphException;
import org.anabranch.api.function.SinkFunction;

/** Finds sinks that would fill a collection of the program, of which the workers get copies. */
public final class ResultBuffers {
  private ResultBuffers() {}

  /**
   * Refuses a sink like {@code results::add}, and a lambda or a class within a method that captures
   * an empty collection.
   *
   * @throws JobGraphException if it is one; the message says what to do instead
   */
  public static void refuse(SinkFunction<?> sink) {
    SerializedLambda lambda = Serializer.asLambda(sink);
    if (lambda == null) {
      capturesOf(sink).filter(each -> isBuffer(each) && isEmpty(each)).forEach(ResultBuffers::fail);
      return;
    }
    for (int i = 0; i < lambda.getCapturedArgCount(); i++) {
      Object captured = lambda.getCapturedArg(i);
      if (isBuffer(captured) && (isOwnMethod(lambda) || isEmpty(captured))) {
        fail(captured);
      }
    }
  }

  private static void fail(Object captured) {
    throw new JobGraphException(
        ("the sink would fill a %s of this program, but it runs in workers, which get a copy of"
                + " it that nobody reads; end the stream with executeAndCollect or collect")
            .formatted(captured.getClass().getSimpleName()));
  }

  /**
   * Returns the local variables that an anonymous or local class has taken: the compiler's fields.
   */
  private static Stream<Object> capturesOf(SinkFunction<?> sink) {
    Class<?> type = sink.getClass();
    if (!type.isAnonymousClass() && !type.isLocalClass()) {
      return Stream.empty();
    }
    return Arrays.stream(type.getDeclaredFields())
        .filter(field -> field.isSynthetic() && field.getName().startsWith("val$"))
        .map(field -> Serializer.read(field, sink))
        .filter(Objects::nonNull);
  }

  /** Returns whether the lambda is a method of the captured object itself. */
  private static boolean isOwnMethod(SerializedLambda lambda) {
    int kind = lambda.getImplMethodKind();
    return (kind == MethodHandleInfo.REF_invokeVirtual
            || kind == MethodHandleInfo.REF_invokeInterface)
        && !lambda.getImplClass().equals(lambda.getCapturingClass());
  }

  /**
   * Returns whether something can be filled; the JDK's immutable collections are of two families.
   */
  private static boolean isBuffer(Object captured) {
    if (captured == null) {
      return false;
    }
    String type = captured.getClass().getName();
    return (captured instanceof Collection || captured instanceof Map)
            && !type.startsWith("java.util.ImmutableCollections")
            && !type.startsWith("java.util.Collections$Unmodifiable")
            && !type.startsWith("java.util.Collections$Empty")
        || captured instanceof StringBuilder
        || captured instanceof StringBuffer
        || type.startsWith("java.util.concurrent.atomic.");
  }

  private static boolean isEmpty(Object captured) {
    return captured instanceof Collection<?> collection && collection.isEmpty()
        || captured instanceof Map<?, ?> map && map.isEmpty()
        || captured instanceof CharSequence text && text.isEmpty();
  }
}
