package org.anabranch.runtime.records;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.List;
import org.objenesis.ObjenesisStd;
import org.objenesis.instantiator.ObjectInstantiator;

/** Copies the instances of a plain class field by field, transient ones too: they stay in Java. */
final class PlainCopies {
  private static final MethodType GETTER = MethodType.methodType(Object.class, Object.class);
  private static final MethodType SETTER =
      MethodType.methodType(void.class, Object.class, Object.class);

  private final ObjectInstantiator<?> instantiator;
  private final MethodHandle[] getters;
  private final MethodHandle[] setters;

  private PlainCopies(Class<?> type, List<Field> fields) throws IllegalAccessException {
    // Without its cache, which would keep users' classes for ever.
    instantiator = new ObjenesisStd(false).getInstantiatorOf(type);
    getters = new MethodHandle[fields.size()];
    setters = new MethodHandle[fields.size()];
    for (int i = 0; i < getters.length; i++) {
      getters[i] = MethodHandles.lookup().unreflectGetter(fields.get(i)).asType(GETTER);
      setters[i] = MethodHandles.lookup().unreflectSetter(fields.get(i)).asType(SETTER);
    }
  }

  /**
   * Looks into a plain class.
   *
   * @throws RecordException if it does not let us
   */
  static PlainCopies of(Class<?> type) {
    try {
      List<Field> fields = new ArrayList<>();
      for (Class<?> owner = type; owner != Object.class; owner = owner.getSuperclass()) {
        for (Field field : owner.getDeclaredFields()) {
          if (!Modifier.isStatic(field.getModifiers())) {
            field.setAccessible(true);
            fields.add(field);
          }
        }
      }
      return new PlainCopies(type, fields);
    } catch (IllegalAccessException | RuntimeException e) {
      throw new RecordException("%s cannot be looked into: %s".formatted(type.getName(), e), e);
    }
  }

  Object copy(Object instance, ValueCopier copier) {
    Object copy = copier.begin(instance, instantiator.newInstance());
    try {
      for (int i = 0; i < getters.length; i++) {
        setters[i].invokeExact(copy, copier.part((Object) getters[i].invokeExact(instance)));
      }
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError("accessing a field runs no code that could fail", e);
    }
    return copy;
  }
}
