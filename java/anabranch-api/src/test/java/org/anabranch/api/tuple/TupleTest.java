package org.anabranch.api.tuple;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class TupleTest {

  static Stream<List<String>> valuesOfEveryLength() {
    return Stream.iterate(0, n -> n <= 10, n -> n + 1)
        .map(n -> Stream.iterate(0, i -> i < n, i -> i + 1).map(i -> "value " + i).toList());
  }

  @ParameterizedTest
  @MethodSource("valuesOfEveryLength")
  void aTupleHasItsValuesInOrder(List<String> values) {
    Tuple tuple = Tuple.fromList(values);

    assertThat(tuple.size()).isEqualTo(values.size());
    assertThat(tuple.toList()).isEqualTo(values);
    for (int i = 0; i < values.size(); i++) {
      assertThat(tuple.get(i)).isEqualTo(values.get(i));
    }
  }

  @ParameterizedTest
  @MethodSource("valuesOfEveryLength")
  void thereIsNoValueBeforeTheFirstAndAfterTheLast(List<String> values) {
    Tuple tuple = Tuple.fromList(values);

    assertThatThrownBy(() -> tuple.get(-1)).isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> tuple.get(values.size()))
        .isInstanceOf(IndexOutOfBoundsException.class);
  }

  @ParameterizedTest
  @MethodSource("valuesOfEveryLength")
  void equalValuesMakeEqualTuples(List<String> values) {
    List<Object> longer = new ArrayList<>(values);
    longer.add(null);

    assertThat(Tuple.fromList(values)).isEqualTo(Tuple.fromList(new ArrayList<>(values)));
    assertThat(Tuple.fromList(values)).hasSameHashCodeAs(Tuple.fromList(new ArrayList<>(values)));
    assertThat(Tuple.fromList(values)).isNotEqualTo(Tuple.fromList(longer));
  }

  @ParameterizedTest
  @MethodSource("valuesOfEveryLength")
  void aTupleCanBeSerialized(List<String> values) throws Exception {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(Tuple.fromList(values));
    }
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      assertThat(in.readObject()).isEqualTo(Tuple.fromList(values));
    }
  }

  @Test
  void everyLengthHasOneClass() {
    assertThat(Tuple.fromList(List.of("a", 1))).isEqualTo(new Tuple2<>("a", 1));
    assertThat(Tuple.of("a", 1)).isInstanceOf(Tuple2.class);
    assertThat(Tuple.fromList(List.of())).isInstanceOf(TupleN.class);
    assertThatThrownBy(() -> new TupleN(List.of(1, 2)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("Tuple2");
  }

  @Test
  void theTypesOfTheValuesAreKnown() {
    Tuple3<String, Integer, Double> tuple = Tuple.of("a", 1, 0.5);

    String first = tuple.f0();
    int second = tuple.f1();
    double third = tuple.f2();

    assertThat(first + second + third).isEqualTo("a10.5");
  }

  @Test
  void aValueMayBeNull() {
    List<Object> nine = Collections.nCopies(9, null);

    assertThat(Tuple.of(null, "b").f0()).isNull();
    assertThat(Tuple.fromList(nine).toList()).isEqualTo(nine);
  }

  @Test
  void whatATupleWasMadeOfAndWhatItGaveDoNotChangeIt() {
    List<Object> values = new ArrayList<>(Arrays.asList(1, 2, 3, 4, 5, 6, 7, 8, 9));
    Tuple tuple = Tuple.fromList(values);

    values.set(0, "changed");
    tuple.toList().set(1, "changed");

    assertThat(tuple.toList()).isEqualTo(List.of(1, 2, 3, 4, 5, 6, 7, 8, 9));
  }

  @Test
  void aTupleLooksAsInPython() {
    assertThat(Tuple.fromList(List.of())).hasToString("()");
    assertThat(Tuple.of("a")).hasToString("(a,)");
    assertThat(Tuple.of("a", 1)).hasToString("(a, 1)");
    assertThat(Tuple.fromList(Collections.nCopies(9, 0)))
        .hasToString("(0, 0, 0, 0, 0, 0, 0, 0, 0)");
  }

  /** A value of a hash that data has chosen; counts how often it is compared. */
  private static final class Chosen implements Comparable<Chosen> {
    private static long compared;
    private final int number;

    Chosen(int number) {
      this.number = number;
    }

    @Override
    public int hashCode() {
      return 7;
    }

    @Override
    public boolean equals(Object other) {
      compared++;
      return other instanceof Chosen that && number == that.number;
    }

    @Override
    public int compareTo(Chosen that) {
      compared++;
      return Integer.compare(number, that.number);
    }
  }

  @ParameterizedTest
  @MethodSource("valuesOfEveryLength")
  void aHashMapFindsItsWayAmongTuplesOfOneHash(List<String> values) {
    int n = 4000;
    Set<Tuple> set = new HashSet<>();
    Chosen.compared = 0;
    for (int i = 0; i < n; i++) {
      List<Object> withChosen = new ArrayList<>(values);
      withChosen.add(new Chosen(i));
      set.add(Tuple.fromList(withChosen));
    }

    assertThat(set).hasSize(n);
    assertThat(Chosen.compared).isLessThan(100L * n);
  }

  @Test
  void tuplesAreOrderedByTheFirstValuesThatDiffer() {
    List<Tuple2<Object, Object>> ordered =
        List.of(
            new Tuple2<>(null, "b"),
            new Tuple2<>(1L, "z"),
            new Tuple2<>(2L, 1L),
            new Tuple2<>(2L, "a"),
            new Tuple2<>("a", "a"));

    List<Tuple2<Object, Object>> shuffled = new ArrayList<>(ordered);
    Collections.reverse(shuffled);
    Collections.sort(shuffled);

    assertThat(shuffled).isEqualTo(ordered);
    assertThat(new Tuple2<>(new Object(), 1L).compareTo(new Tuple2<>(new Object(), 2L)))
        .isNegative();
  }
}
