package org.anabranch.runtime.records;

import static org.anabranch.proto.v1.Language.LANGUAGE_JAVA;
import static org.anabranch.proto.v1.Language.LANGUAGE_PYTHON;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.time.LocalDate;
import java.time.ZonedDateTime;
import java.util.AbstractMap;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.anabranch.api.function.MapFunction;
import org.anabranch.api.tuple.Tuple;
import org.anabranch.proto.v1.Language;
import org.anabranch.runtime.records.samples.Address;
import org.anabranch.runtime.records.samples.Person;
import org.anabranch.runtime.records.samples.Secret;
import org.junit.jupiter.api.Test;

/** A value that cannot cross is refused with its type and its place. */
class RefusedValuesTest {

  private static RecordException refusal(Language target, Object... batch) {
    try {
      new Encoder(target, Codec.TYPES).encode(Codec.listOf(batch));
    } catch (RecordException e) {
      return e;
    }
    throw new AssertionError("not refused");
  }

  @Test
  void theRefusalNamesTypePositionAndPath() {
    Object deep =
        Map.of("orders", List.of(1, Tuple.of("a", new Person("Ada", 1, address(new int[] {1})))));

    RecordException refusal = refusal(LANGUAGE_PYTHON, "fine", deep);

    assertThat(refusal.index()).isEqualTo(1);
    assertThat(refusal.path()).isEqualTo("['orders'][1][1].address.lines[0]");
    assertThat(refusal)
        .hasMessage(
            "a int[] cannot go to Python: int[] is an array; use a List"
                + ", at ['orders'][1][1].address.lines[0]");
  }

  /** Generics do not keep an array out of a list of strings. */
  @SuppressWarnings({"unchecked", "rawtypes"})
  private static Address address(Object line) {
    return new Address("street", (List) List.of(line));
  }

  @Test
  void placesInMapsAndSetsAreNamedToo() {
    assertThat(refusal(LANGUAGE_PYTHON, Map.of(Optional.empty(), 1)).path())
        .isEqualTo(".key(Optional.empty)");
    assertThat(refusal(LANGUAGE_PYTHON, Map.of(12L, Optional.empty())).path()).isEqualTo("[12]");
    assertThat(refusal(LANGUAGE_PYTHON, Set.of(Optional.empty())).path())
        .isEqualTo(".element(Optional.empty)");
    assertThat(refusal(LANGUAGE_PYTHON, Map.of("x".repeat(100), Optional.empty())).path())
        .isEqualTo("['" + "x".repeat(39) + "…']");
  }

  @Test
  void whatPythonHasNoTypeForIsRefused() {
    List<Object> values =
        List.of(
            'c',
            new int[0],
            new String[0],
            ZonedDateTime.now(),
            Optional.of(1),
            new ArrayDeque<>(),
            new Object(),
            new Thread(),
            new StringBuilder(),
            new Secret("word"),
            new AbstractMap.SimpleEntry<>(1, 2),
            String.class);
    for (Object value : values) {
      assertThat(refusal(LANGUAGE_PYTHON, value))
          .hasMessageContaining(value.getClass().getTypeName())
          .hasMessageContaining("cannot go to Python");
    }
  }

  @Test
  void codeIsRefused() {
    MapFunction<Long, Long> lambda = value -> value;
    Object inner =
        new Object() {
          @Override
          public String toString() {
            return "inner";
          }
        };

    assertThat(refusal(LANGUAGE_PYTHON, lambda)).hasMessageContaining("such as a lambda");
    assertThat(refusal(LANGUAGE_PYTHON, inner)).hasMessageContaining("inner class");
    assertThat(refusal(LANGUAGE_JAVA, inner)).hasMessageContaining("not Serializable");
  }

  @Test
  void halfASurrogatePairIsRefused() {
    assertThat(refusal(LANGUAGE_PYTHON, "ok\ud800")).hasMessageContaining("U+D800) at position 2");
    assertThat(refusal(LANGUAGE_PYTHON, "\udc00x")).hasMessageContaining("U+DC00) at position 0");
    assertThat(refusal(LANGUAGE_JAVA, "\ud800\ud800")).hasMessageContaining("surrogate");
  }

  @Test
  void aDateBeyondTheWireIsRefused() {
    assertThat(refusal(LANGUAGE_PYTHON, LocalDate.MAX)).hasMessageContaining("out of range");
  }

  @Test
  void anIntegerOfMoreThan16KibibytesIsRefusedButBetweenJavaAndJava() {
    BigInteger longest = BigInteger.ONE.shiftLeft(8 * 16384 - 1).subtract(BigInteger.ONE);
    for (BigInteger fits : List.of(longest, longest.negate())) {
      assertThat(Codec.throughPython(fits)).isEqualTo(fits);
      assertThat(Codec.throughPython(new BigDecimal(fits, 3))).isEqualTo(new BigDecimal(fits, 3));
    }
    BigInteger longer = longest.add(BigInteger.ONE);
    for (Object refused : List.of(longer, new BigDecimal(longer, 3))) {
      assertThat(refusal(LANGUAGE_PYTHON, refused))
          .hasMessageContaining("its limit is 16384 bytes");
      assertThat(Codec.throughJava(refused)).isEqualTo(refused);
    }
  }

  @Test
  void keysAreToldApartByTheContentsOfTheirArrays() {
    Decoder decoder = new Decoder(LANGUAGE_PYTHON, Codec.TYPES);
    byte[] two = HexFormat.of().parseHex("82" + "d60191c40161c0" + "d60191c40162c0");
    byte[] same = HexFormat.of().parseHex("82" + "d60191c40161c0" + "d60191c40161c0");

    assertThat((Map<?, ?>) decoder.decode(two, 1, List.of())[0]).hasSize(2);
    assertThatThrownBy(() -> decoder.decode(same, 1, List.of()))
        .hasMessageContaining("a dict has a key twice");
  }

  @Test
  void aValueThatContainsItselfIsRefused() {
    List<Object> loop = new ArrayList<>();
    loop.add(loop);

    assertThat(refusal(LANGUAGE_PYTHON, loop))
        .hasMessageContaining("64 levels, or contains itself");
    assertThat(refusal(LANGUAGE_JAVA, loop)).hasMessageContaining("64 levels, or contains itself");
  }

  @Test
  void keysThatDifferInJavaOnlyAreRefused() {
    Map<Object, Object> map = new LinkedHashMap<>();
    map.put(1, "int");
    map.put(1L, "long");
    Set<Object> set = new LinkedHashSet<>(map.keySet());

    assertThat(refusal(LANGUAGE_PYTHON, map)).hasMessageContaining("differ in Java only");
    assertThat(refusal(LANGUAGE_PYTHON, set)).hasMessageContaining("differ in Java only");
    assertThat(Codec.throughJava(map)).isEqualTo(map);
    assertThat(Codec.throughJava(set)).isEqualTo(set);
  }

  @Test
  void aContainerThatLiesAboutItsSizeIsRefused() {
    Map<Object, Object> liar =
        new AbstractMap<>() {
          @Override
          public Set<Entry<Object, Object>> entrySet() {
            return Map.<Object, Object>of("k", "v").entrySet();
          }

          @Override
          public int size() {
            return 2;
          }
        };

    assertThat(refusal(LANGUAGE_PYTHON, liar)).hasMessageContaining("2 elements and has 1");
  }

  @Test
  void anExceptionOfAUsersCollectionIsKeptAsTheCause() {
    Map<Object, Object> broken =
        new AbstractMap<>() {
          @Override
          public Set<Entry<Object, Object>> entrySet() {
            throw new IllegalStateException("closed");
          }
        };

    assertThat(refusal(LANGUAGE_PYTHON, broken))
        .hasMessageContaining("closed")
        .hasRootCauseInstanceOf(IllegalStateException.class);
  }

  @Test
  void afterARefusalTheEncoderIsAsGoodAsNew() {
    Encoder encoder = new Encoder(LANGUAGE_PYTHON, Codec.TYPES);
    assertThatThrownBy(() -> encoder.encode(List.of(1L, List.of(new Address("s", null), 'c'))))
        .isInstanceOf(RecordException.class);

    EncodedBatch batch = encoder.encode(List.of(1L));

    assertThat(Codec.bytes(batch)).containsExactly(1);
    assertThat(batch.schemas()).isEmpty();
  }

  @Test
  void theKeysOfABatchCountFirst() {
    Encoder encoder = new Encoder(LANGUAGE_PYTHON, Codec.TYPES);

    assertThatThrownBy(() -> encoder.encode(List.of("a", 'b'), List.of(1, 2)))
        .isInstanceOfSatisfying(RecordException.class, e -> assertThat(e.index()).isEqualTo(1));
    assertThatThrownBy(() -> encoder.encode(List.of("a", "b"), List.of(1, 'c')))
        .isInstanceOfSatisfying(RecordException.class, e -> assertThat(e.index()).isEqualTo(3));
  }

  @Test
  void aPayloadOfAnotherNumberOfRecordsIsRefused() {
    Decoder decoder = new Decoder(LANGUAGE_PYTHON, Codec.TYPES);
    byte[] two = {1, 2};

    assertThat(decoder.decode(two, 2, List.of())).containsExactly(1L, 2L);
    assertThatThrownBy(() -> decoder.decode(two, 1, List.of())).hasMessageContaining("left over");
    assertThatThrownBy(() -> decoder.decode(two, 3, List.of()))
        .hasMessageContaining("2 bytes for 3");
    assertThatThrownBy(() -> decoder.decode(two, -1, List.of()))
        .hasMessageContaining("2 bytes for");
  }

  @Test
  void theNumberOfAWrongRecordIsTold() {
    Decoder decoder = new Decoder(LANGUAGE_PYTHON, Codec.TYPES);
    byte[] payload = {1, (byte) 0x92, 2, (byte) 0xc1};

    assertThatThrownBy(() -> decoder.decode(payload, 2, List.of()))
        .isInstanceOfSatisfying(
            RecordException.class,
            e -> {
              assertThat(e.index()).isEqualTo(1);
              assertThat(e.path()).isEqualTo("[1]");
            });
  }

  @Test
  void aPayloadMayStandAnywhereInItsBuffer() {
    ByteBuffer direct = ByteBuffer.allocateDirect(4).put(new byte[] {9, 1, 2, 9}).flip();
    direct.position(1).limit(3);
    ByteBuffer slice = ByteBuffer.wrap(new byte[] {9, 9, 1, 2, 9}, 1, 3).slice();
    slice.position(1);
    Decoder decoder = new Decoder(LANGUAGE_PYTHON, Codec.TYPES);

    assertThat(decoder.decode(direct, 2, List.of())).containsExactly(1L, 2L);
    assertThat(decoder.decode(slice, 2, List.of())).containsExactly(1L, 2L);
    assertThat(direct.position()).isEqualTo(1);
  }

  @Test
  void aDeepValueIsReadToTheLimitAndNoFurther() {
    Object value = null;
    for (int i = 0; i < 64; i++) {
      value = Collections.singletonList(value);
    }
    Object atTheLimit = value;
    Object beyond = List.of(atTheLimit);

    assertThat(Codec.throughPython(atTheLimit)).isEqualTo(atTheLimit);
    assertThat(refusal(LANGUAGE_PYTHON, beyond)).hasMessageContaining("deeper than 64");
  }
}
