package org.anabranch.runtime.records;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Modifier;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.AbstractMap;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.Date;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.anabranch.api.Row;
import org.anabranch.api.tuple.Tuple;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ValueCopierTest {

  /** A record of a class that cannot be changed. */
  record Fixed(long id, String name, TimeUnit unit, Fixed next) {}

  /** A record that holds what may be changed. */
  record Holder(int id, List<Object> parts) {}

  /** A record that refuses some of its values. */
  record Same(List<Object> one, List<Object> other) {
    Same {
      if (one != other) {
        throw new IllegalArgumentException("the same list twice, please");
      }
    }
  }

  /** A plain class that may refer to itself. */
  static class Node {
    final List<Object> parts = new ArrayList<>();
    transient List<Object> cache = new ArrayList<>();
    Node next;
    int number;
  }

  /** A subclass of a collection of the JDK, with more than its elements. */
  static class Named extends ArrayList<Object> {
    private static final long serialVersionUID = 1L;
    String name = "named";
  }

  /** What nobody can copy. */
  static class Opaque extends Thread {}

  private final ValueCopier copier = new ValueCopier(Codec.TYPES);

  static Stream<Object> unchangeable() {
    return Stream.of(
        "text",
        1L,
        1,
        (short) 1,
        'c',
        1.5,
        true,
        BigDecimal.ONE,
        UUID.randomUUID(),
        Instant.EPOCH,
        TimeUnit.DAYS,
        List.of("a", 1L),
        Set.of(1L, 2L),
        Map.of("a", 1L),
        Collections.emptyList(),
        Tuple.of("a", 1L),
        Tuple.of("a", Tuple.of(1L, List.of())),
        Optional.of("a"),
        new Fixed(1, "a", TimeUnit.DAYS, new Fixed(2, "b", null, null)),
        new Holder(100_000, List.of()),
        (Comparator<Long>) Long::compare,
        new Opaque());
  }

  @ParameterizedTest
  @MethodSource("unchangeable")
  void whatCannotBeChangedOrCopiedStaysItself(Object value) {
    assertThat(copier.copy(value)).isSameAs(value);
  }

  private static List<Object> list() {
    return new ArrayList<>(List.of("part"));
  }

  static Stream<Object> changeable() {
    TreeMap<String, Object> sorted = new TreeMap<>(Comparator.reverseOrder());
    sorted.putAll(Map.of("a", list(), "b", list()));
    EnumMap<TimeUnit, Object> byUnit = new EnumMap<>(TimeUnit.class);
    byUnit.put(TimeUnit.DAYS, list());
    Named named = new Named();
    named.add(list());
    return Stream.of(
        list(),
        new LinkedList<>(List.of(list())),
        new ArrayDeque<>(List.of(list())).stream().toList(),
        Arrays.asList(list(), list()),
        list().subList(0, 1),
        List.of(list()),
        Set.of(list()),
        Map.of("a", list()),
        Collections.unmodifiableList(list()),
        Collections.unmodifiableMap(new HashMap<>(Map.of("a", 1L))),
        Collections.synchronizedList(list()),
        new HashMap<>(Map.of("a", list())),
        new ConcurrentHashMap<>(Map.of("a", list())),
        sorted,
        byUnit,
        new AbstractMap.SimpleEntry<>("a", list()),
        Tuple.of("a", list()),
        Optional.of(list()),
        new Holder(1, list()),
        Row.of("row", Map.of("a", list())),
        new Date(0),
        named);
  }

  @ParameterizedTest
  @MethodSource("changeable")
  void whatCanBeChangedIsCopiedWithAllItsParts(Object value) {
    Object copy = copier.copy(value);

    assertThat(copy).isNotSameAs(value).isEqualTo(value);
    if (Modifier.isPublic(value.getClass().getModifiers())) {
      assertThat(copy).hasSameClassAs(value);
    }
    for (Object part : parts(copy)) {
      assertThat(parts(value)).noneMatch(each -> each == part && each instanceof ArrayList);
    }
  }

  private static Collection<?> parts(Object value) {
    return value instanceof Collection<?> collection
        ? collection
        : value instanceof Map<?, ?> map ? map.values() : List.of();
  }

  @Test
  void arraysAreCopiedWithTheirElements() {
    byte[] bytes = {1, 2};
    Object[] array = {list(), "a"};

    assertThat((byte[]) copier.copy(bytes)).isNotSameAs(bytes).isEqualTo(bytes);
    Object[] copy = (Object[]) copier.copy(array);
    assertThat(copy).isNotSameAs(array).isEqualTo(array);
    assertThat(copy[0]).isNotSameAs(array[0]);
  }

  @Test
  void collectionsKeepTheirOrder() {
    TreeSet<Object> set = new TreeSet<>(Comparator.comparing(Object::toString).reversed());
    set.addAll(List.of(1L, 2L, 3L));
    PriorityQueue<Long> queue = new PriorityQueue<>(Comparator.reverseOrder());
    queue.addAll(List.of(1L, 2L, 3L));

    assertThat((TreeSet<?>) copier.copy(set)).isNotSameAs(set).hasToString("[3, 2, 1]");
    assertThat(((PriorityQueue<?>) copier.copy(queue)).peek()).isEqualTo(3L);
  }

  @Test
  void aPlainClassIsCopiedFieldByField() {
    Node node = new Node();
    node.parts.add(list());
    node.cache.add(1L);
    node.number = 7;
    node.next = node;

    Node copy = (Node) copier.copy(node);

    assertThat(copy).isNotSameAs(node);
    assertThat(copy.next).isSameAs(copy);
    assertThat(copy.number).isEqualTo(7);
    assertThat(copy.parts).isNotSameAs(node.parts).isEqualTo(node.parts);
    assertThat(copy.parts.get(0)).isNotSameAs(node.parts.get(0));
    assertThat(copy.cache).isNotSameAs(node.cache).isEqualTo(node.cache);
  }

  @Test
  void aPartThatOccursTwiceOccursTwiceInTheCopy() {
    List<Object> part = list();

    List<?> copy = (List<?>) copier.copy(new ArrayList<>(List.of(part, part)));

    assertThat(copy.get(0)).isNotSameAs(part).isSameAs(copy.get(1));
    Same same = new Same(part, part);
    assertThat(((Same) copier.copy(same)).one()).isNotSameAs(part).isEqualTo(part);
  }

  @Test
  void whatCannotBeCopiedIsSharedByTheCopiesOfWhatHoldsIt() {
    Opaque opaque = new Opaque();
    List<Object> parts = new ArrayList<>(Arrays.asList(opaque, new AtomicLong(7), null));

    List<?> copy = (List<?>) copier.copy(parts);

    assertThat(copy.get(0)).isSameAs(opaque);
    assertThat(copy.get(1)).isNotSameAs(parts.get(1)).hasToString("7");
    assertThat(copy.get(2)).isNull();
  }

  @Test
  void aValueWithoutEndStaysItself() {
    Node first = new Node();
    Node last = first;
    for (int i = 0; i < 1_000_000; i++) {
      last.next = new Node();
      last = last.next;
    }

    assertThat(copier.copy(first)).isSameAs(first);
    assertThat(copier.copy(list())).isEqualTo(list());
  }
}
