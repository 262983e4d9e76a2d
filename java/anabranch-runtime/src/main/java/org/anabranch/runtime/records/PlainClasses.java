package org.anabranch.runtime.records;

import java.io.Externalizable;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.InaccessibleObjectException;
import java.lang.reflect.Modifier;
import java.lang.reflect.Proxy;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Tells the classes that are no more than their fields from all others. */
final class PlainClasses {
  private PlainClasses() {}

  /**
   * Returns the fields of a record or plain class, accessible and in the order of the schema.
   *
   * @throws RecordException if the class is none; says why
   */
  static List<Field> fields(Class<?> type, boolean registered) {
    String objection = objection(type, registered);
    if (objection != null) {
      throw new RecordException(type.getTypeName() + " " + objection);
    }
    Map<String, Field> byName = new LinkedHashMap<>();
    for (Class<?> owner = type; owner != null; owner = owner.getSuperclass()) {
      for (Field field : owner.getDeclaredFields()) {
        if ((field.getModifiers() & (Modifier.STATIC | Modifier.TRANSIENT)) == 0) {
          add(field, type, byName);
        }
      }
    }
    List<Field> fields = new ArrayList<>(byName.values());
    fields.sort(Comparator.comparing(Field::getName, Schemas.FIELD_ORDER));
    return fields;
  }

  private static void add(Field field, Class<?> type, Map<String, Field> byName) {
    Class<?> owner = field.getDeclaringClass();
    if (isOfTheJdk(owner)) {
      throw new RecordException(
          "%s extends %s, whose own fields cannot travel"
              .formatted(type.getName(), owner.getName()));
    }
    Field other = byName.put(field.getName(), field);
    if (other != null) {
      throw new RecordException(
          "%s has two fields of the name %s, in %s and in %s"
              .formatted(
                  type.getName(),
                  field.getName(),
                  other.getDeclaringClass().getName(),
                  owner.getName()));
    }
    try {
      field.setAccessible(true);
    } catch (InaccessibleObjectException e) {
      throw new RecordException(
          "the fields of %s are closed by its module".formatted(owner.getName()), e);
    }
  }

  /** Returns the canonical constructor of a record. */
  static MethodHandle constructor(Class<?> type)
      throws NoSuchMethodException, IllegalAccessException {
    Class<?>[] parameters =
        Stream.of(type.getRecordComponents())
            .map(RecordComponent::getType)
            .toArray(Class<?>[]::new);
    Constructor<?> constructor = type.getDeclaredConstructor(parameters);
    constructor.setAccessible(true);
    return MethodHandles.lookup().unreflectConstructor(constructor).asFixedArity();
  }

  /** Returns, for each field in the order of the schema, which component of the record it is. */
  static int[] slots(Class<?> type, List<Field> fields) {
    List<String> components =
        Stream.of(type.getRecordComponents()).map(RecordComponent::getName).toList();
    return fields.stream().mapToInt(field -> components.indexOf(field.getName())).toArray();
  }

  static boolean isOfTheJdk(Class<?> type) {
    ClassLoader loader = type.getClassLoader();
    return loader == null || loader == ClassLoader.getPlatformClassLoader();
  }

  private static String objection(Class<?> type, boolean registered) {
    if (type.isArray()) {
      return "is an array; use a List";
    }
    if (type.isPrimitive() || isOfTheJdk(type)) {
      return "is a class of the JDK that the other language has nothing for; use "
          + Substitutes.of(type);
    }
    if (type.isInterface() || Modifier.isAbstract(type.getModifiers())) {
      return "is abstract, so it has no instances";
    }
    if (type.isRecord()) {
      return null;
    }
    if (type.isEnum() || type.isSynthetic() || type.isHidden() || Proxy.isProxyClass(type)) {
      return "is code made by the compiler, such as a lambda";
    }
    if (type.isAnonymousClass()
        || type.isLocalClass()
        || (type.isMemberClass() && !Modifier.isStatic(type.getModifiers()))) {
      return "is an inner class and holds on to what is around it; make it static";
    }
    if (!registered && hasItsOwnSerialization(type)) {
      return "has a serialization of its own, so its fields do not tell what it is;"
          + " register it if they do";
    }
    return null;
  }

  private static boolean hasItsOwnSerialization(Class<?> type) {
    if (Externalizable.class.isAssignableFrom(type)) {
      return true;
    }
    for (Class<?> owner = type; owner != null; owner = owner.getSuperclass()) {
      if (declares(owner, "writeObject", ObjectOutputStream.class)
          || declares(owner, "readObject", ObjectInputStream.class)
          || declares(owner, "writeReplace")
          || declares(owner, "readResolve")) {
        return true;
      }
    }
    return false;
  }

  private static boolean declares(Class<?> owner, String name, Class<?>... parameters) {
    try {
      owner.getDeclaredMethod(name, parameters);
      return true;
    } catch (NoSuchMethodException e) {
      return false;
    }
  }
}
