package org.anabranch.runtime.records;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.DayOfWeek;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.arbitraries.ListArbitrary;
import org.anabranch.api.Row;
import org.anabranch.api.tuple.Tuple;
import org.anabranch.runtime.records.samples.Address;
import org.anabranch.runtime.records.samples.Person;
import org.anabranch.runtime.records.samples.Point;

/**
 * Arbitrary values of the whole table of types, nested.
 *
 * <p>The bounds that matter are in the choices here; jqwik's own edge cases of everything nested in
 * everything would be too many to try.
 */
final class AnyValue {
  private AnyValue() {}

  static Arbitrary<Object> values() {
    return nested(3).withoutEdgeCases();
  }

  static Arbitrary<List<Object>> batches() {
    return nested(2).list().ofMaxSize(20).withoutEdgeCases();
  }

  private static Arbitrary<Object> nested(int depth) {
    if (depth == 0) {
      return scalar();
    }
    ListArbitrary<Object> inside = nested(depth - 1).list().ofMaxSize(4);
    return Arbitraries.oneOf(
        scalar(),
        scalar(),
        scalar(),
        inside.map(list -> (Object) list),
        nested(depth - 1).list().ofMaxSize(10).map(Tuple::fromList),
        map(depth),
        key().set().ofMaxSize(5).map(set -> (Object) set),
        key().set().ofMaxSize(5).map(Collections::unmodifiableSet),
        row(depth),
        instance());
  }

  private static Arbitrary<Object> scalar() {
    return Arbitraries.oneOf(
        key(),
        Arbitraries.of((Object) null, true, false),
        Arbitraries.integers().map(value -> (Object) value),
        Arbitraries.shorts().map(value -> (Object) value),
        Arbitraries.bytes().map(value -> (Object) value),
        Arbitraries.floats().map(value -> (Object) value),
        Arbitraries.bigIntegers()
            .between(BigInteger.ONE.shiftLeft(70).negate(), BigInteger.ONE.shiftLeft(70))
            .map(value -> (Object) value),
        Arbitraries.bytes().array(byte[].class).ofMaxSize(300).map(value -> (Object) value));
  }

  /** Values of which no two that differ have the same bytes. */
  static Arbitrary<Object> key() {
    return Arbitraries.oneOf(
        text().map(value -> (Object) value),
        longs().map(value -> (Object) value),
        Arbitraries.doubles().map(value -> (Object) value),
        Arbitraries.of(Double.NaN, Double.POSITIVE_INFINITY, -0.0, 0.0, Double.MIN_VALUE),
        time(),
        Arbitraries.bigDecimals().ofScale(7).map(value -> (Object) value),
        Arbitraries.of(new BigDecimal("1E+40"), new BigDecimal("-0.00"), DayOfWeek.FRIDAY),
        Combinators.combine(Arbitraries.longs(), Arbitraries.longs()).as(UUID::new),
        text().map(value -> Tuple.of(value, 1L)));
  }

  /** Strings of all planes, some long; never half of a surrogate pair. */
  private static Arbitrary<String> text() {
    Arbitrary<String> points =
        Arbitraries.integers()
            .between(0, Character.MAX_CODE_POINT)
            .filter(point -> point < Character.MIN_SURROGATE || point > Character.MAX_SURROGATE)
            .list()
            .ofMaxSize(20)
            .map(list -> list.stream().map(Character::toString).reduce("", String::concat));
    return Arbitraries.oneOf(points, Arbitraries.strings().ascii().ofMaxLength(300));
  }

  private static Arbitrary<Long> longs() {
    return Arbitraries.oneOf(
        Arbitraries.longs(),
        Combinators.combine(
                Arbitraries.integers().between(0, 62), Arbitraries.integers().between(-2, 2))
            .as((bits, step) -> (1L << bits) + step),
        Combinators.combine(
                Arbitraries.integers().between(0, 62), Arbitraries.integers().between(-2, 2))
            .as((bits, step) -> -(1L << bits) + step));
  }

  private static Arbitrary<Object> time() {
    Arbitrary<Long> seconds = Arbitraries.longs().between(-62_135_596_800L, 253_402_300_799L);
    Arbitrary<Integer> nanos = Arbitraries.integers().between(0, 999_999_999);
    Arbitrary<Instant> instants = Combinators.combine(seconds, nanos).as(Instant::ofEpochSecond);
    Arbitrary<ZoneOffset> offsets =
        Arbitraries.integers()
            .between(-64_800, 64_800)
            .filter(offset -> offset != 0)
            .map(ZoneOffset::ofTotalSeconds);
    return Arbitraries.oneOf(
        instants.map(value -> (Object) value),
        instants.map(value -> LocalDateTime.ofInstant(value, ZoneOffset.UTC)),
        Combinators.combine(instants, offsets).as(OffsetDateTime::ofInstant),
        Arbitraries.integers().map(LocalDate::ofEpochDay),
        Arbitraries.longs().between(0, 86_399_999_999_999L).map(LocalTime::ofNanoOfDay),
        Combinators.combine(seconds, nanos).as(Duration::ofSeconds));
  }

  private static Arbitrary<Object> map(int depth) {
    return Combinators.combine(
            key().list().uniqueElements().ofMaxSize(4), nested(depth - 1).list().ofSize(4))
        .as(AnyValue::mapOf);
  }

  private static Map<Object, Object> mapOf(List<Object> keys, List<Object> values) {
    Map<Object, Object> map = new LinkedHashMap<>();
    for (int i = 0; i < keys.size(); i++) {
      map.put(keys.get(i), values.get(i));
    }
    return map;
  }

  private static Arbitrary<Object> row(int depth) {
    return Combinators.combine(
            Arbitraries.strings()
                .alpha()
                .ofMinLength(1)
                .ofMaxLength(3)
                .list()
                .uniqueElements()
                .ofMaxSize(4),
            nested(depth - 1).list().ofSize(4))
        .as(
            (names, values) -> {
              Map<String, Object> fields = new LinkedHashMap<>();
              for (int i = 0; i < names.size(); i++) {
                fields.put(names.get(i), values.get(i));
              }
              return Row.of("shop.models.Unknown", fields);
            });
  }

  private static Arbitrary<Object> instance() {
    return Combinators.combine(text(), Arbitraries.integers(), Arbitraries.doubles())
        .as(
            (text, number, real) ->
                number % 2 == 0
                    ? new Point(number, real)
                    : new Person(text, number, new Address(text, List.of(text))));
  }
}
