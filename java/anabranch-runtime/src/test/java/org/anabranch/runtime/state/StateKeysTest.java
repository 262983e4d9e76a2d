package org.anabranch.runtime.state;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.ParameterizedType;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.anabranch.api.tuple.Tuple;
import org.anabranch.proto.v1.Language;
import org.anabranch.runtime.records.Encoder;
import org.anabranch.runtime.records.TypeRegistry;
import org.junit.jupiter.api.Test;

class StateKeysTest {
  private final Encoder encoder =
      new Encoder(
          Language.LANGUAGE_PYTHON,
          new TypeRegistry(StateKeysTest.class.getClassLoader(), List.of()));
  private final StateKeys keys = new StateKeys(encoder);

  @Provide
  Arbitrary<Object> keys() {
    // Few values of many types, so that equal ones meet.
    return Arbitraries.of(
        1L,
        1,
        (short) 1,
        (byte) 1,
        BigInteger.ONE,
        BigInteger.ONE.shiftLeft(63),
        BigInteger.ONE.shiftLeft(80),
        1.0,
        1.0f,
        true,
        "1",
        0.0,
        -0.0,
        Double.NaN,
        new BigDecimal("1.0"),
        new BigDecimal("1.00"),
        Tuple.of("a", 1L),
        Tuple.of("a", 1),
        List.of("a", 1L),
        "a",
        -5L,
        BigInteger.valueOf(-5),
        new byte[] {1},
        new byte[] {2});
  }

  @Property(tries = 2000)
  void twoKeysAreOneExactlyIfTheirEncodingsAre(
      @ForAll("keys") Object one, @ForAll("keys") Object other) {
    boolean sameBytes = Arrays.equals(encoder.encodeKey(one), encoder.encodeKey(other));

    assertThat(keys.of(one).equals(keys.of(other))).isEqualTo(sameBytes);
    if (sameBytes) {
      assertThat(keys.of(one)).hasSameHashCodeAs(keys.of(other));
    }
  }

  @Test
  void aKeyThatChangesLaterIsKeptAsItWas() {
    List<Object> mutable = new ArrayList<>(List.of("a"));
    Object before = keys.of(mutable);
    mutable.add("b");

    assertThat(keys.of(List.of("a"))).isEqualTo(before);
    assertThat(keys.of(mutable)).isNotEqualTo(before);
  }

  @Test
  void nullIsAKey() {
    assertThat(keys.of(null)).isEqualTo(keys.of(null));
  }

  @Test
  void keysOfOneHashAreOrderedSoThatAHashMapFindsItsWay() {
    List<Object> colliding = new ArrayList<>();
    for (String left : List.of("AaAa", "AaBB", "BBAa", "BBBB")) {
      for (String right : List.of("AaAa", "AaBB", "BBAa", "BBBB")) {
        colliding.add(keys.of(Tuple.of(left, right)));
      }
    }

    assertThat(colliding).map(Object::hashCode).containsOnly(colliding.get(0).hashCode());
    for (Object one : colliding) {
      // Only then a map compares its keys.
      ParameterizedType order = (ParameterizedType) one.getClass().getGenericInterfaces()[0];
      assertThat(order.getRawType()).isEqualTo(Comparable.class);
      assertThat(order.getActualTypeArguments()[0]).isEqualTo(one.getClass());
    }
    assertThat(new TreeSet<>(colliding)).hasSize(16);
  }
}
