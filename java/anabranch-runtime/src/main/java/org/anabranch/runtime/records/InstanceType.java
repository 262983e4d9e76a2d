package org.anabranch.runtime.records;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Field;
import java.util.List;
import org.anabranch.proto.v1.Schema;
import org.anabranch.runtime.text.ErrorText;
import org.objenesis.Objenesis;
import org.objenesis.ObjenesisStd;
import org.objenesis.instantiator.ObjectInstantiator;

/**
 * A record or plain class whose instances travel as their fields, and the access to these.
 *
 * <p>Fields are numbered in the order of the schema. Safe for use by several threads.
 */
abstract sealed class InstanceType {
  private static final MethodType GETTER = MethodType.methodType(Object.class, Object.class);

  private final Schema schema;
  private final String[] names;
  private final MethodHandle[] getters;
  private final FieldType[] types;

  private InstanceType(String name, List<Field> fields) throws IllegalAccessException {
    schema = Schemas.of(name, fields.stream().map(Field::getName).toList());
    int n = fields.size();
    names = new String[n];
    getters = new MethodHandle[n];
    types = new FieldType[n];
    for (int i = 0; i < n; i++) {
      Field field = fields.get(i);
      names[i] = field.getName();
      getters[i] = MethodHandles.lookup().unreflectGetter(field).asType(GETTER);
      types[i] = new FieldType(field.getType());
    }
  }

  /**
   * Looks into a class.
   *
   * @param registered whether the user has said that this class is a record type
   * @throws RecordException if its instances cannot travel as their fields; says why
   */
  static InstanceType of(Class<?> type, String name, boolean registered) {
    List<Field> fields = PlainClasses.fields(type, registered);
    try {
      return type.isRecord() ? new OfRecord(type, name, fields) : new OfClass(type, name, fields);
    } catch (IllegalAccessException | NoSuchMethodException e) {
      throw new RecordException("%s cannot be looked into: %s".formatted(type.getName(), e), e);
    }
  }

  Schema schema() {
    return schema;
  }

  int size() {
    return names.length;
  }

  String fieldName(int field) {
    return names[field];
  }

  Object get(Object instance, int field) {
    try {
      return (Object) getters[field].invokeExact(instance);
    } catch (Throwable e) {
      throw new AssertionError("reading a field runs no code that could fail", e);
    }
  }

  /** Returns a value that the field can hold. */
  Object fit(Object value, int field) {
    return types[field].fit(value);
  }

  // An instance is made in three steps: begin, put for every field, end. What stands for it in
  // between is this class's own business.

  abstract Object begin();

  abstract void put(Object unfinished, int field, Object value);

  abstract Object end(Object unfinished);

  private static final class OfRecord extends InstanceType {
    private static final MethodType CONSTRUCTOR =
        MethodType.methodType(Object.class, Object[].class);

    private final String name;
    private final MethodHandle constructor;
    private final int[] slots;

    OfRecord(Class<?> type, String name, List<Field> fields)
        throws IllegalAccessException, NoSuchMethodException {
      super(name, fields);
      this.name = type.getName();
      constructor =
          PlainClasses.constructor(type)
              .asSpreader(Object[].class, fields.size())
              .asType(CONSTRUCTOR);
      slots = PlainClasses.slots(type, fields);
    }

    @Override
    Object begin() {
      return new Object[slots.length];
    }

    @Override
    void put(Object unfinished, int field, Object value) {
      ((Object[]) unfinished)[slots[field]] = value;
    }

    @Override
    Object end(Object unfinished) {
      try {
        return (Object) constructor.invokeExact((Object[]) unfinished);
      } catch (VirtualMachineError e) {
        throw e;
      } catch (Throwable e) {
        throw new RecordException(
            "the constructor of %s failed: %s".formatted(name, ErrorText.of(e)), e);
      }
    }
  }

  private static final class OfClass extends InstanceType {
    private static final MethodType SETTER =
        MethodType.methodType(void.class, Object.class, Object.class);
    // Without its cache, which would keep users' classes for ever.
    private static final Objenesis OBJENESIS = new ObjenesisStd(false);

    private final MethodHandle[] setters;
    private final ObjectInstantiator<?> instantiator;

    OfClass(Class<?> type, String name, List<Field> fields) throws IllegalAccessException {
      super(name, fields);
      setters = new MethodHandle[fields.size()];
      for (int i = 0; i < setters.length; i++) {
        setters[i] = MethodHandles.lookup().unreflectSetter(fields.get(i)).asType(SETTER);
      }
      instantiator = OBJENESIS.getInstantiatorOf(type);
    }

    @Override
    Object begin() {
      return instantiator.newInstance();
    }

    @Override
    void put(Object unfinished, int field, Object value) {
      try {
        setters[field].invokeExact(unfinished, value);
      } catch (Throwable e) {
        throw new AssertionError("the value has been fitted to the field", e);
      }
    }

    @Override
    Object end(Object unfinished) {
      return unfinished;
    }
  }
}
