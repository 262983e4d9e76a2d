package org.anabranch.runtime.records;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.PriorityBlockingQueue;
import java.util.function.UnaryOperator;

/**
 * Copies the collections and maps of the JDK: those of public classes as the same class, the others
 * (views, wrappers) as what can do the same.
 */
final class JdkCollections {
  private static final MethodType NO_ARGUMENTS = MethodType.methodType(void.class);
  private static final MethodType BY_COMPARATOR =
      MethodType.methodType(void.class, Comparator.class);

  private final ValueCopier copier;

  JdkCollections(ValueCopier copier) {
    this.copier = copier;
  }

  /** Returns how to copy such a value; null if it is neither a collection nor a map. */
  ValueCopier.Way wayOf(Class<?> type, Object value) {
    if (type == ArrayList.class) {
      return this::arrayList;
    }
    if (type == HashMap.class) {
      return map -> map((Map<?, ?>) map, new HashMap<>());
    }
    if (value instanceof EnumSet) {
      return set -> copier.begin(set, ((EnumSet<?>) set).clone());
    }
    if (value instanceof EnumMap) {
      return this::enumMap;
    }
    if (value instanceof Collection) {
      return isFixed(type) ? this::fixed : collections(type);
    }
    if (value instanceof Map) {
      return isFixed(type) ? this::fixedMap : maps(type);
    }
    return null;
  }

  /** Returns whether a class is one of those that cannot be modified themselves. */
  private static boolean isFixed(Class<?> type) {
    String name = type.getName();
    return name.startsWith("java.util.ImmutableCollections$")
        || name.startsWith("java.util.Collections$Unmodifiable")
        || name.startsWith("java.util.Collections$Empty")
        || name.startsWith("java.util.Collections$Singleton");
  }

  private Object arrayList(Object value) {
    List<?> list = (List<?>) value;
    int n = list.size();
    List<Object> copy = copier.begin(list, new ArrayList<>(n));
    for (int i = 0; i < n; i++) {
      copy.add(copier.part(list.get(i)));
    }
    return copy;
  }

  private <T extends Collection<Object>> T fill(Collection<?> from, T copy) {
    copier.begin(from, copy);
    for (Object element : from) {
      copy.add(copier.part(element));
    }
    return copy;
  }

  private <T extends Map<Object, Object>> T map(Map<?, ?> from, T copy) {
    copier.begin(from, copy);
    from.forEach((key, element) -> copy.put(copier.part(key), copier.part(element)));
    return copy;
  }

  @SuppressWarnings({"unchecked", "rawtypes"})
  private Object enumMap(Object value) {
    EnumMap copy = copier.begin(value, ((EnumMap<?, ?>) value).clone());
    copy.replaceAll((key, element) -> copier.part(element));
    return copy;
  }

  private Object fixed(Object value) {
    Collection<?> from = (Collection<?>) value;
    boolean view = value.getClass().getName().contains("$Unmodifiable");
    List<Object> parts = copier.parts(new ArrayList<>(from));
    if (parts == null) {
      if (!view) {
        return value;
      }
      parts = new ArrayList<>(from);
    }
    return copier.begin(value, fixedOf(from, parts));
  }

  @SuppressWarnings("unchecked")
  private static Collection<Object> fixedOf(Collection<?> from, List<Object> parts) {
    if (from instanceof SortedSet<?> sorted) {
      TreeSet<Object> copy = new TreeSet<>((Comparator<Object>) sorted.comparator());
      copy.addAll(parts);
      return Collections.unmodifiableNavigableSet(copy);
    }
    if (from instanceof Set) {
      return Collections.unmodifiableSet(new LinkedHashSet<>(parts));
    }
    return from instanceof List
        ? Collections.unmodifiableList(parts)
        : Collections.unmodifiableCollection(parts);
  }

  @SuppressWarnings("unchecked")
  private Object fixedMap(Object value) {
    Map<?, ?> from = (Map<?, ?>) value;
    boolean view = value.getClass().getName().contains("$Unmodifiable");
    if (!view
        && copier.parts(new ArrayList<>(from.keySet())) == null
        && copier.parts(new ArrayList<>(from.values())) == null) {
      return value;
    }
    if (from instanceof SortedMap<?, ?> sorted) {
      TreeMap<Object, Object> copy = new TreeMap<>((Comparator<Object>) sorted.comparator());
      return copier.begin(value, Collections.unmodifiableNavigableMap(map(from, copy)));
    }
    return copier.begin(value, Collections.unmodifiableMap(map(from, new LinkedHashMap<>())));
  }

  /** Returns how to copy the collections of a class: into one of the same class if there can be. */
  @SuppressWarnings("unchecked")
  private ValueCopier.Way collections(Class<?> type) {
    if (type.getName().equals("java.util.Arrays$ArrayList")) {
      return list -> copier.begin(list, Arrays.asList(partsOf((List<?>) list)));
    }
    if (type == PriorityQueue.class) {
      return queue ->
          fill(
              (Collection<?>) queue,
              new PriorityQueue<>(((PriorityQueue<Object>) queue).comparator()));
    }
    if (type == PriorityBlockingQueue.class) {
      return queue ->
          fill(
              (Collection<?>) queue,
              new PriorityBlockingQueue<>(
                  11, ((PriorityBlockingQueue<Object>) queue).comparator()));
    }
    if (SortedSet.class.isAssignableFrom(type)) {
      UnaryOperator<Object> maker = maker(type, BY_COMPARATOR);
      return set -> {
        Comparator<Object> comparator = ((SortedSet<Object>) set).comparator();
        return fill(
            (Collection<?>) set,
            maker == null
                ? new TreeSet<>(comparator)
                : (Collection<Object>) maker.apply(comparator));
      };
    }
    UnaryOperator<Object> maker = maker(type, NO_ARGUMENTS);
    boolean isSet = Set.class.isAssignableFrom(type);
    return collection ->
        fill(
            (Collection<?>) collection,
            maker != null
                ? (Collection<Object>) maker.apply(null)
                : isSet ? new LinkedHashSet<>() : new ArrayList<>());
  }

  private Object[] partsOf(List<?> list) {
    Object[] parts = list.toArray();
    for (int i = 0; i < parts.length; i++) {
      parts[i] = copier.part(parts[i]);
    }
    return parts;
  }

  @SuppressWarnings("unchecked")
  private ValueCopier.Way maps(Class<?> type) {
    if (SortedMap.class.isAssignableFrom(type)) {
      UnaryOperator<Object> maker = maker(type, BY_COMPARATOR);
      return map -> {
        Comparator<Object> comparator = ((SortedMap<Object, Object>) map).comparator();
        return map(
            (Map<?, ?>) map,
            maker == null
                ? new TreeMap<>(comparator)
                : (Map<Object, Object>) maker.apply(comparator));
      };
    }
    UnaryOperator<Object> maker = maker(type, NO_ARGUMENTS);
    return map ->
        map(
            (Map<?, ?>) map,
            maker == null ? new LinkedHashMap<>() : (Map<Object, Object>) maker.apply(null));
  }

  /** Returns what makes an empty one of the class; null if nobody can. */
  private static UnaryOperator<Object> maker(Class<?> type, MethodType parameters) {
    if (!Modifier.isPublic(type.getModifiers())) {
      return null;
    }
    try {
      MethodHandle constructor = MethodHandles.publicLookup().findConstructor(type, parameters);
      return argument -> make(constructor, argument);
    } catch (NoSuchMethodException | IllegalAccessException e) {
      return null;
    }
  }

  private static Object make(MethodHandle constructor, Object argument) {
    try {
      return constructor.type().parameterCount() == 0
          ? constructor.invoke()
          : constructor.invoke((Comparator<?>) argument);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError("constructors of collections throw no checked exceptions", e);
    }
  }
}
