package org.anabranch.api.graph;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectOutputStream;
import java.io.OutputStream;
import java.io.Serializable;
import java.lang.invoke.SerializedLambda;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.Set;
import org.anabranch.api.JobGraphException;
import org.anabranch.api.function.Function;

/** Serializes functions, and finds what stands in the way where that fails. */
final class Serializer {
  private Serializer() {}

  /**
   * An object as bytes.
   *
   * @param classes the classes that are needed to read it, except those of the JDK and the API
   */
  record Serialized(byte[] bytes, Set<Class<?>> classes) {}

  static Serialized serialize(Function function) {
    try {
      var bytes = new ByteArrayOutputStream();
      try (var out = new NotingOutputStream(bytes)) {
        out.writeObject(function);
        out.flush();
        return new Serialized(bytes.toByteArray(), Set.copyOf(out.classes));
      }
    } catch (IOException e) {
      String culprit = find(function, Collections.newSetFromMap(new IdentityHashMap<>()));
      throw new JobGraphException(
          "%s cannot be serialized for the workers: %s; make it Serializable, or create it in open() instead"
              .formatted(Names.of(function), culprit == null ? e.toString() : culprit),
          e);
    }
  }

  /** Takes note of the classes of what is written. */
  private static final class NotingOutputStream extends ObjectOutputStream {
    private static final String API = "org.anabranch.api.";

    private final Set<Class<?>> classes = new LinkedHashSet<>();

    NotingOutputStream(OutputStream target) throws IOException {
      super(target);
    }

    @Override
    protected void annotateClass(Class<?> written) {
      Class<?> type = written;
      while (type.isArray()) {
        type = type.getComponentType();
      }
      ClassLoader loader = type.getClassLoader();
      boolean ofJdk = loader == null || loader == ClassLoader.getPlatformClassLoader();
      if (!ofJdk && !type.getName().startsWith(API)) {
        classes.add(type);
      }
    }
  }

  /** Returns the innermost thing that cannot be serialized, as text, or null if there is none. */
  private static String find(Object object, Set<Object> seen) {
    if (object == null || !seen.add(object) || isSerializable(object)) {
      return null;
    }
    SerializedLambda lambda = asLambda(object);
    if (lambda != null) {
      return findCaptured(lambda, seen);
    }
    if (!(object instanceof Serializable)) {
      return object.getClass().getName() + " is not Serializable";
    }
    if (object instanceof Iterable<?> elements) {
      for (Object element : elements) {
        String inside = find(element, seen);
        if (inside != null) {
          return "an element of a %s: %s".formatted(object.getClass().getSimpleName(), inside);
        }
      }
    }
    for (Class<?> type = object.getClass(); type != null; type = type.getSuperclass()) {
      for (Field field : type.getDeclaredFields()) {
        int modifiers = field.getModifiers();
        if (Modifier.isStatic(modifiers) || Modifier.isTransient(modifiers)) {
          continue;
        }
        String inside = find(read(field, object), seen);
        if (inside != null) {
          return "field '%s' of %s: %s".formatted(field.getName(), type.getName(), inside);
        }
      }
    }
    return null;
  }

  private static String findCaptured(SerializedLambda lambda, Set<Object> seen) {
    for (int i = 0; i < lambda.getCapturedArgCount(); i++) {
      String inside = find(lambda.getCapturedArg(i), seen);
      if (inside != null) {
        String method = lambda.getImplClass().replace('/', '.') + "." + lambda.getImplMethodName();
        return "captured value %d of the lambda %s: %s".formatted(i + 1, method, inside);
      }
    }
    return null;
  }

  private static boolean isSerializable(Object object) {
    try (var out = new ObjectOutputStream(OutputStream.nullOutputStream())) {
      out.writeObject(object);
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  /** Returns the parts of a serializable lambda or method reference; null for any other object. */
  static SerializedLambda asLambda(Object object) {
    try {
      Method writeReplace = object.getClass().getDeclaredMethod("writeReplace");
      writeReplace.setAccessible(true);
      return writeReplace.invoke(object) instanceof SerializedLambda lambda ? lambda : null;
    } catch (ReflectiveOperationException | RuntimeException e) {
      return null;
    }
  }

  static Object read(Field field, Object object) {
    try {
      field.setAccessible(true);
      return field.get(object);
    } catch (ReflectiveOperationException | RuntimeException e) {
      return null; // a field of the JDK's own; it is not what the user can change
    }
  }
}
