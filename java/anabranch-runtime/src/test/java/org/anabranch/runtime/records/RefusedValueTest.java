package org.anabranch.runtime.records;

import static org.anabranch.proto.v1.Language.LANGUAGE_JAVA;
import static org.anabranch.proto.v1.Language.LANGUAGE_PYTHON;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.anabranch.api.Row;
import org.anabranch.api.tuple.Tuple;
import org.anabranch.proto.v1.Language;
import org.anabranch.runtime.records.samples.Positive;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Values that a class or a type of this side refuses to become, and what is told of them. */
class RefusedValueTest {
  private static final String POSITIVE = Positive.class.getName();

  /** Cannot be read back. */
  private static final class Broken implements Serializable {
    private static final long serialVersionUID = 1L;

    private void readObject(ObjectInputStream in) throws IOException {
      throw new IOException("broken");
    }
  }

  /** An instance as the other side has it, which checks nothing. */
  private static Row there(Object value) {
    return Row.of(POSITIVE, Collections.singletonMap("value", value));
  }

  private static Decoder decoder(Language source) {
    return new Decoder(source, Codec.TYPES, error -> error instanceof Exception);
  }

  private static Object[] received(Language source, Object... values) {
    EncodedBatch batch = new Encoder(source, Codec.TYPES).encode(Arrays.asList(values));
    return decoder(source).decode(Codec.bytes(batch), values.length, batch.schemas());
  }

  private static Object plain(Language source, Object... elements) {
    Object refused = received(source, Arrays.asList(elements))[0];
    assertThat(refused).isInstanceOf(RefusedValue.class);
    return ((RefusedValue) refused).plain();
  }

  @Test
  void valuesAroundARefusedOneArriveInOrder() {
    Object[] values = received(LANGUAGE_PYTHON, there(1), there(-1), there(2));

    assertThat(values[0]).isEqualTo(new Positive(1));
    assertThat(values[2]).isEqualTo(new Positive(2));
    RefusedValue refused = (RefusedValue) values[1];
    assertThat(refused.plain()).isEqualTo(Map.of("value", -1L));
    assertThat(refused.error().index()).isEqualTo(1);
    assertThat(refused.error())
        .hasMessage(
            "the constructor of %s failed: %s",
            POSITIVE, "java.lang.IllegalArgumentException: not positive: -1")
        .hasRootCauseInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aValueIsRefusedAsAWholeHoweverDeepTheReasonIs() {
    Map<String, Object> deep = new LinkedHashMap<>();
    deep.put("a", List.of(Tuple.of(1L, there(-1))));
    deep.put("b", there(3));

    Object[] values = received(LANGUAGE_PYTHON, "before", deep, "after");

    assertThat(values[0]).isEqualTo("before");
    assertThat(values[2]).isEqualTo("after");
    RefusedValue refused = (RefusedValue) values[1];
    assertThat(refused.plain())
        .isEqualTo(
            Map.of(
                "a", List.of(Tuple.of(1L, Map.of("value", -1L))),
                "b", Map.of("value", 3L)));
    assertThat(refused.error().path()).isEqualTo("['a'][0][1]");
  }

  @Test
  void aKeyIsRefusedLikeAValue() {
    EncodedBatch batch =
        new Encoder(LANGUAGE_PYTHON, Codec.TYPES)
            .encode(List.of(there(1), there(-1)), List.of("a", "b"));

    Batch read =
        decoder(LANGUAGE_PYTHON)
            .decodeBatch(ByteBuffer.wrap(Codec.bytes(batch)), 2, true, batch.schemas());

    assertThat(read.key(0)).isEqualTo(new Positive(1));
    assertThat(((RefusedValue) read.key(1)).plain()).isEqualTo(Map.of("value", -1L));
    assertThat(read.values()).containsExactly("a", "b");
  }

  @Test
  void aValueThatDoesNotFitItsFieldIsRefused() {
    Object[] values = received(LANGUAGE_PYTHON, there("one"), there(null), there(1));

    assertThat(((RefusedValue) values[0]).plain()).isEqualTo(Map.of("value", "one"));
    assertThat(((RefusedValue) values[1]).error()).hasMessageContaining("cannot be null");
    assertThat(values[2]).isEqualTo(new Positive(1));
  }

  @Test
  void whatIsToldOfAValueHasNoClassesOfUsers() {
    assertThat(plain(LANGUAGE_PYTHON, there(-1), Notation.Color.RED, Set.of(1L), Set.of()))
        .isEqualTo(List.of(Map.of("value", -1L), "RED", List.of(1L), List.of()));
    assertThat(plain(LANGUAGE_PYTHON, there(-1), Map.of(there(1), "x")))
        .isEqualTo(List.of(Map.of("value", -1L), List.of(Tuple.of(Map.of("value", 1L), "x"))));
    assertThat(plain(LANGUAGE_PYTHON, there(-1), Map.of(Tuple.of(1L, 2L), "x")))
        .isEqualTo(List.of(Map.of("value", -1L), Map.of(Tuple.of(1L, 2L), "x")));
  }

  @Test
  void whatIsToldOfASerializedObjectIsItsBytes() {
    assertThat((List<?>) plain(LANGUAGE_JAVA, new Broken())).hasOnlyElementsOfType(byte[].class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"c1", "9201", "d46300", "a1ff", "0102"})
  void wrongBytesAreAnErrorStill(String hex) {
    byte[] bytes = HexFormat.of().parseHex(hex);

    assertThatThrownBy(() -> decoder(LANGUAGE_PYTHON).decode(bytes, 1, List.of()))
        .isInstanceOf(RecordException.class);
  }

  @Test
  void typesThatDoNotFitTheJobAreAnErrorStill() {
    assertThatThrownBy(() -> received(LANGUAGE_PYTHON, 1L, Row.of(POSITIVE, Map.of("sum", 1L))))
        .hasMessageContaining("has other fields here");
    TypeRegistry nothing = new TypeRegistry(ClassLoader.getPlatformClassLoader(), List.of());
    byte[] red = Codec.bytes(LANGUAGE_PYTHON, Notation.Color.RED);
    assertThatThrownBy(
            () -> new Decoder(LANGUAGE_PYTHON, nothing, error -> true).decode(red, 1, List.of()))
        .hasMessageContaining("there is no enum");
  }

  @Test
  void whatIsNotOfTheValueAloneIsAnErrorStill() {
    EncodedBatch batch = new Encoder(LANGUAGE_PYTHON, Codec.TYPES).encode(List.of(there(-1)));
    Decoder strict =
        new Decoder(
            LANGUAGE_PYTHON, Codec.TYPES, error -> !(error instanceof IllegalArgumentException));

    assertThatThrownBy(() -> strict.decode(Codec.bytes(batch), 1, batch.schemas()))
        .hasMessageContaining("not positive");
  }
}
