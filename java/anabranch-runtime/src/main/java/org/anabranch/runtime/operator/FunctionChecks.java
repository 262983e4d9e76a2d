package org.anabranch.runtime.operator;

import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Finds out whether a class or a static method fits the place it is wanted for, and says why not.
 */
public final class FunctionChecks {

  private FunctionChecks() {}

  /**
   * Loads a user's class.
   *
   * @param name binary name, {@code "com.acme.Outer$Inner"} for instance
   * @throws ClassNotFoundException if the loader has no such class
   * @throws FunctionException if the class is there but cannot be used in this JVM
   */
  public static Class<?> loadClass(ClassLoader loader, String name) throws ClassNotFoundException {
    try {
      return Class.forName(name, false, loader);
    } catch (LinkageError e) {
      throw unusable(name, e);
    }
  }

  /**
   * Checks a class whose objects are to be the function.
   *
   * @param arguments number of constructor arguments
   * @throws FunctionException with one message for the user
   */
  public static void checkClass(FunctionKind kind, Class<?> type, int arguments) {
    String name = type.getName();
    try {
      int modifiers = type.getModifiers();
      if (!kind.type().isAssignableFrom(type)) {
        throw new FunctionException(
            "%s needs a %s; class %s %s"
                .formatted(kind.verb(), kind.type().getName(), name, whatItIs(type)));
      }
      if (type.isInterface() || Modifier.isAbstract(modifiers)) {
        String what = type.isInterface() ? "an interface" : "abstract";
        throw new FunctionException(
            "class %s is %s; name a class that can be instantiated".formatted(name, what));
      }
      if (!Modifier.isPublic(modifiers)) {
        throw new FunctionException("class " + name + " is not public; declare it public");
      }
      if (type.isMemberClass() && !Modifier.isStatic(modifiers)) {
        throw new FunctionException(
            "class %s is an inner class, which needs an object of %s; declare it static"
                .formatted(name, type.getEnclosingClass().getName()));
      }
      if (constructors(type, arguments).isEmpty()) {
        throw new FunctionException(noConstructor(type, arguments));
      }
    } catch (LinkageError e) {
      throw unusable(name, e);
    }
  }

  static List<Constructor<?>> constructors(Class<?> type, int arguments) {
    return Arrays.stream(type.getConstructors())
        .filter(constructor -> constructor.getParameterCount() == arguments)
        .collect(Collectors.toList());
  }

  private static String noConstructor(Class<?> type, int arguments) {
    String wanted =
        switch (arguments) {
          case 0 -> "without arguments";
          case 1 -> "with 1 argument";
          default -> "with " + arguments + " arguments";
        };
    String found =
        Arrays.stream(type.getDeclaredConstructors())
            .map(FunctionChecks::signature)
            .collect(Collectors.joining(", "));
    return "class %s has no public constructor %s; it has %s"
        .formatted(type.getName(), wanted, found);
  }

  private static String signature(Constructor<?> constructor) {
    String modifiers = Modifier.toString(constructor.getModifiers());
    return (modifiers.isEmpty() ? "" : modifiers + " ")
        + constructor.getDeclaringClass().getSimpleName()
        + parameters(constructor.getParameterTypes());
  }

  private static String parameters(Class<?>[] types) {
    return Arrays.stream(types)
        .map(Class::getSimpleName)
        .collect(Collectors.joining(", ", "(", ")"));
  }

  private static String whatItIs(Class<?> type) {
    List<String> kinds = new ArrayList<>();
    for (FunctionKind kind : FunctionKind.values()) {
      if (kind.type().isAssignableFrom(type)) {
        kinds.add(kind.type().getSimpleName());
      }
    }
    return kinds.isEmpty() ? "does not implement it" : "is a " + String.join(" and a ", kinds);
  }

  /**
   * Finds the static method that is to be the function.
   *
   * @throws FunctionException with one message for the user
   */
  public static Method findMethod(FunctionKind kind, Class<?> type, String name) {
    String reference = type.getName() + "::" + name;
    if (!kind.allowsMethods()) {
      throw new FunctionException(
          "%s cannot be a method (%s); name a class that implements %s"
              .formatted(kind.verb(), reference, kind.type().getName()));
    }
    try {
      List<Method> named =
          Arrays.stream(type.getMethods())
              .filter(method -> method.getName().equals(name) && !method.isBridge())
              .toList();
      if (named.isEmpty()) {
        throw new FunctionException(noMethod(type, name));
      }
      List<Method> fitting =
          named.stream()
              .filter(method -> Modifier.isStatic(method.getModifiers()))
              .filter(method -> kind.allowsParameters(method.getParameterCount()))
              .filter(method -> returnFits(kind, method))
              .toList();
      if (fitting.isEmpty()) {
        throw new FunctionException(
            "%s does not fit %s, which needs a public static method with parameters %s%s; it is %s"
                .formatted(reference, kind.verb(), kind.parameters(), result(kind), list(named)));
      }
      if (!Modifier.isPublic(type.getModifiers())) {
        throw new FunctionException(
            "class " + type.getName() + " is not public; declare it public");
      }
      return onlyOne(reference, fitting);
    } catch (LinkageError e) {
      throw unusable(type.getName(), e);
    }
  }

  private static String noMethod(Class<?> type, String name) {
    boolean hidden =
        Arrays.stream(type.getDeclaredMethods()).anyMatch(method -> method.getName().equals(name));
    if (hidden) {
      return "method %s of class %s is not public; declare it public static"
          .formatted(name, type.getName());
    }
    List<String> others =
        Arrays.stream(type.getMethods())
            .filter(method -> Modifier.isStatic(method.getModifiers()))
            .map(Method::getName)
            .distinct()
            .toList();
    String hint = Names.didYouMean(name, others);
    if (hint.isEmpty()) {
      hint =
          others.isEmpty()
              ? "; it has no public static methods"
              : "; its public static methods are " + String.join(", ", Names.first(others));
    }
    return "class %s has no method %s%s".formatted(type.getName(), name, hint);
  }

  private static boolean returnFits(FunctionKind kind, Method method) {
    Class<?> result = method.getReturnType();
    return switch (kind) {
      case FILTER -> result == boolean.class || result == Boolean.class;
      case SINK -> true;
      case FLAT_MAP -> (result == void.class) == (method.getParameterCount() == 2);
      case PARTITION -> result == int.class || result == Integer.class || result == int[].class;
      default -> result != void.class;
    };
  }

  private static String result(FunctionKind kind) {
    return switch (kind) {
      case FILTER -> " that returns boolean";
      case SINK -> "";
      case FLAT_MAP -> ", where the first form returns an Iterable, Iterator, Stream or array";
      case PARTITION -> " that returns int or int[]";
      default -> " that returns a value";
    };
  }

  private static String list(List<Method> methods) {
    return methods.stream()
        .map(
            method ->
                "%s %s %s%s"
                    .formatted(
                        Modifier.toString(method.getModifiers()),
                        method.getReturnType().getSimpleName(),
                        method.getName(),
                        parameters(method.getParameterTypes())))
        .collect(Collectors.joining(", "));
  }

  /** Of several overloads the one that takes any object is meant; else we will not guess. */
  private static Method onlyOne(String reference, List<Method> fitting) {
    if (fitting.size() == 1) {
      return fitting.get(0);
    }
    return fitting.stream()
        .filter(method -> method.getParameterTypes()[0] == Object.class)
        .reduce((one, other) -> null)
        .orElseThrow(
            () ->
                new FunctionException(
                    "%s is overloaded, so it is not clear which is meant: %s; give the one its own name"
                        .formatted(reference, list(fitting))));
  }

  private static FunctionException unusable(String name, LinkageError error) {
    if (error instanceof UnsupportedClassVersionError) {
      return new FunctionException(
          "class %s was compiled for a newer Java than this JVM, Java %d (%s); "
                  .formatted(name, Runtime.version().feature(), error.getMessage())
              + "compile it with --release %d or less, or run on a newer JDK (JAVA_HOME)"
                  .formatted(Runtime.version().feature()),
          error);
    }
    if (error instanceof NoClassDefFoundError
        && error.getCause() instanceof ClassNotFoundException) {
      return new FunctionException(
          "class %s needs class %s, which none of the job's jars holds; add the jar that does (add_jar)"
              .formatted(name, error.getMessage().replace('/', '.')),
          error);
    }
    return new FunctionException("class %s cannot be used: %s".formatted(name, error), error);
  }
}
