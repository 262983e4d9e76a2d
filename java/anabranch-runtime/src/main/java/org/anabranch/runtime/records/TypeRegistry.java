package org.anabranch.runtime.records;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import org.anabranch.api.RowType;
import org.anabranch.proto.v1.Schema;
import org.anabranch.proto.v1.TypeBinding;

/**
 * Which class of the job's jars stands for which name on the wire, and the other way round.
 *
 * <p>A class has the name that it was registered with, else its own. A name means the class that
 * was registered with it, else the class of that name in the job's jars.
 *
 * <p>One registry serves all tasks of a job: it is safe for use by several threads, and keeps the
 * classes of the job alive for as long as it lives itself.
 */
public final class TypeRegistry {

  /** What becomes of an instance that arrives. */
  sealed interface Incoming {
    /** It becomes an object of a class. */
    record AsInstance(InstanceType type) implements Incoming {}

    /** There is no class of that name. */
    record AsRow(RowType type) implements Incoming {}

    /** There is one, and it is not a record type or has other fields. */
    record Refused(String reason) implements Incoming {}
  }

  /** The fields of a row type in the order of its schema. */
  record RowShape(Schema schema, int[] order) {}

  // Names and fields of rows are data: a stream may bring any number of them.
  private static final int MAX_REMEMBERED = 1024;

  private final ClassLoader loader;
  private final Map<String, Class<?>> classes = new HashMap<>();
  private final Map<Class<?>, String> names = new HashMap<>();

  private final Map<Class<?>, InstanceType> instanceTypes = new ConcurrentHashMap<>();
  private final Map<Class<?>, MessageType> messageTypes = new ConcurrentHashMap<>();
  private final Map<String, MessageType> messageTypesByName = new ConcurrentHashMap<>();
  private final Map<String, Map<String, Object>> constants = new ConcurrentHashMap<>();
  private final Map<RowType, RowShape> rowShapes = new ConcurrentHashMap<>();
  private final Map<Long, Incoming> incoming = new ConcurrentHashMap<>();

  /**
   * Makes a registry.
   *
   * @param loader finds the classes of the job's jars
   * @param bindings names that classes were registered with; those without a Java class count for
   *     nothing here
   * @throws RecordException if a class that a binding names does not exist, or a name or class
   *     occurs twice
   */
  public TypeRegistry(ClassLoader loader, List<TypeBinding> bindings) {
    this.loader = loader;
    for (TypeBinding binding : bindings) {
      if (!binding.getJavaClass().isEmpty()) {
        bind(binding.getName(), binding.getJavaClass());
      }
    }
  }

  private void bind(String name, String className) {
    Class<?> type = find(className);
    if (type == null) {
      throw new RecordException(
          "the type %s is registered with the Java class %s, which none of the job's jars has"
              .formatted(name, className));
    }
    Class<?> otherType = classes.putIfAbsent(name, type);
    if (otherType != null && otherType != type) {
      throw new RecordException(
          "the type %s is registered with two Java classes: %s and %s"
              .formatted(name, otherType.getName(), className));
    }
    String otherName = names.putIfAbsent(type, name);
    if (otherName != null && !otherName.equals(name)) {
      throw new RecordException(
          "the Java class %s is registered with two names: %s and %s"
              .formatted(className, otherName, name));
    }
  }

  /** Returns what finds the classes of the job's jars. */
  public ClassLoader loader() {
    return loader;
  }

  /**
   * Returns the names of the fields that instances of a class travel as.
   *
   * @throws RecordException if there is no such class, or its instances cannot travel as fields
   */
  public List<String> fieldNames(String className) {
    Class<?> type = find(className);
    if (type == null) {
      throw new RecordException(
          "there is no class %s in the job's jars; add the one that holds it (add_jar)"
              .formatted(className));
    }
    return InstanceType.of(type, className, true).schema().getFieldsList();
  }

  private Class<?> find(String className) {
    try {
      return Class.forName(className, false, loader);
    } catch (ClassNotFoundException e) {
      return null;
    } catch (LinkageError e) {
      throw new RecordException("the class %s cannot be loaded: %s".formatted(className, e), e);
    }
  }

  private Class<?> classOf(String name) {
    Class<?> registered = classes.get(name);
    return registered != null ? registered : find(name);
  }

  /** Returns the name of a class on the wire. */
  String nameOf(Class<?> type) {
    String registered = names.get(type);
    return registered != null ? registered : type.getName();
  }

  /**
   * Returns how instances of a class travel.
   *
   * @throws RecordException if they cannot travel as their fields; says why
   */
  InstanceType instanceType(Class<?> type) {
    InstanceType known = instanceTypes.get(type);
    if (known == null) {
      known = InstanceType.of(type, nameOf(type), names.containsKey(type));
      instanceTypes.put(type, known);
    }
    return known;
  }

  RowShape rowShape(RowType type) {
    makeRoom(rowShapes);
    return rowShapes.computeIfAbsent(
        type,
        unknown -> {
          Schema schema = Schemas.of(type.name(), type.fields());
          int[] order = schema.getFieldsList().stream().mapToInt(type.fields()::indexOf).toArray();
          return new RowShape(schema, order);
        });
  }

  /**
   * Returns what becomes of the instances of a schema that has arrived.
   *
   * @throws RecordException if the schema contradicts itself
   */
  Incoming incoming(Schema schema) {
    Incoming known = incoming.get(schema.getId());
    if (known == null) {
      Schemas.check(schema);
      known = resolve(schema);
      makeRoom(incoming);
      incoming.put(schema.getId(), known);
    }
    return known;
  }

  private static void makeRoom(Map<?, ?> remembered) {
    if (remembered.size() >= MAX_REMEMBERED) {
      remembered.clear();
    }
  }

  private Incoming resolve(Schema schema) {
    String name = schema.getName();
    Class<?> type = classOf(name);
    if (type == null || (PlainClasses.isOfTheJdk(type) && !classes.containsKey(name))) {
      return new Incoming.AsRow(new RowType(name, schema.getFieldsList()));
    }
    InstanceType instances;
    try {
      instances = instanceType(type);
    } catch (RecordException e) {
      return new Incoming.Refused(e.getMessage());
    }
    List<String> here = instances.schema().getFieldsList();
    List<String> there = schema.getFieldsList();
    if (!here.equals(there)) {
      return new Incoming.Refused(
          "%s has other fields here: only the sender has %s, only the class %s has %s"
              .formatted(name, without(there, here), type.getName(), without(here, there)));
    }
    return new Incoming.AsInstance(instances);
  }

  private static Set<String> without(List<String> left, List<String> right) {
    Set<String> rest = new TreeSet<>(left);
    rest.removeAll(Set.copyOf(right));
    return rest;
  }

  /**
   * Returns a constant of an enum.
   *
   * @throws RecordException if there is no such enum or constant here
   */
  Object enumConstant(String typeName, String constant) {
    Map<String, Object> known = constantsByName(typeName);
    Object value = known.get(constant);
    if (value == null) {
      throw new RecordException(
          "the enum %s has no constant %s here; it has %s"
              .formatted(typeName, constant, known.keySet()));
    }
    return value;
  }

  /**
   * Checks that an enum is known.
   *
   * @throws RecordException if there is no such enum here
   */
  void checkEnum(String typeName) {
    constantsByName(typeName);
  }

  private Map<String, Object> constantsByName(String typeName) {
    Map<String, Object> known = constants.get(typeName);
    if (known == null) {
      known = constantsOf(typeName);
      constants.put(typeName, known);
    }
    return known;
  }

  private Map<String, Object> constantsOf(String typeName) {
    Class<?> type = classOf(typeName);
    if (type == null || !type.isEnum()) {
      throw new RecordException(
          (type == null
                  ? "there is no enum %s here; add the jar that has it, or register the type"
                  : "%s is not an enum here")
              .formatted(typeName));
    }
    Map<String, Object> byName = new LinkedHashMap<>();
    for (Object constant : type.getEnumConstants()) {
      byName.put(((Enum<?>) constant).name(), constant);
    }
    return byName;
  }

  /**
   * Returns how messages of a class travel.
   *
   * @throws RecordException if they cannot
   */
  MessageType messageType(Class<?> type) {
    MessageType known = messageTypes.get(type);
    if (known == null) {
      known = MessageType.of(type);
      messageTypes.put(type, known);
    }
    return known;
  }

  /**
   * Returns the message type of a full name.
   *
   * @throws RecordException if there is none here
   */
  MessageType messageType(String fullName) {
    MessageType known = messageTypesByName.get(fullName);
    if (known == null) {
      known = findMessageType(fullName);
      messageTypesByName.put(fullName, known);
    }
    return known;
  }

  private MessageType findMessageType(String fullName) {
    Class<?> type = classOf(fullName);
    if (type == null && fullName.startsWith("google.protobuf.")) {
      type = find("com." + fullName);
    }
    if (type == null || !MessageType.isMessage(type)) {
      throw new RecordException(
          "there is no message %s here; register it with the Java class that protoc has made of it"
              .formatted(fullName));
    }
    MessageType found = messageType(type);
    if (!found.fullName().equals(fullName)) {
      throw new RecordException(
          "the class %s stands for the message %s, it cannot take a %s"
              .formatted(type.getName(), found.fullName(), fullName));
    }
    return found;
  }
}
