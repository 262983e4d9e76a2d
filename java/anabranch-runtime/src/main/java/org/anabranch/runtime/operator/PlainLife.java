package org.anabranch.runtime.operator;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import org.anabranch.api.function.RuntimeContext;

/**
 * The public {@code open(RuntimeContext)} and {@code close()} of a function that is not a rich one.
 * Whoever has written them wants them to be called, as in Python.
 */
final class PlainLife {
  private PlainLife() {}

  static void open(Object function, RuntimeContext context) throws Exception {
    Method open = find(function, "open", RuntimeContext.class);
    if (open != null) {
      call(open, function, context);
    }
  }

  static void close(Object function) throws Exception {
    Method close = find(function, "close");
    if (close != null) {
      call(close, function);
    }
  }

  private static Method find(Object function, String name, Class<?>... parameters) {
    try {
      Method found = function.getClass().getMethod(name, parameters);
      return Modifier.isStatic(found.getModifiers()) ? null : found;
    } catch (NoSuchMethodException e) {
      return null;
    }
  }

  private static void call(Method method, Object function, Object... arguments) throws Exception {
    method.setAccessible(true); // the class need not be public
    try {
      method.invoke(function, arguments);
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof Error error) {
        throw error;
      }
      throw (Exception) e.getCause(); // the user's own, not the wrapping of the reflective call
    }
  }
}
