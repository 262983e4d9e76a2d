package org.anabranch.runtime.records;

import static org.anabranch.proto.v1.Language.LANGUAGE_JAVA;
import static org.anabranch.proto.v1.Language.LANGUAGE_PYTHON;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectOutputStream;
import java.math.BigInteger;
import java.net.URI;
import java.nio.ByteBuffer;
import java.time.OffsetDateTime;
import java.time.ZonedDateTime;
import java.util.Arrays;
import java.util.List;
import org.anabranch.api.function.MapFunction;
import org.anabranch.runtime.records.samples.Point;
import org.anabranch.runtime.records.samples.Secret;
import org.junit.jupiter.api.Test;

/** Between Java and Java a value keeps its very type. */
class JavaToJavaTest {

  @Test
  void integersKeepTheirWidth() {
    List<Object> values = List.of((byte) 1, (short) 1, 1, 1L, 1f, 1d, BigInteger.ONE);

    assertThat(Codec.throughJava(values)).isEqualTo(values);
    assertThat(Codec.throughPython(values)).isEqualTo(List.of(1L, 1L, 1L, 1L, 1.0, 1.0, 1L));
  }

  @Test
  void aTimeAtOffsetZeroIsNoInstant() {
    OffsetDateTime time = OffsetDateTime.parse("2024-02-29T12:00Z");

    assertThat(Codec.throughJava(time)).isEqualTo(time);
    assertThat(Codec.throughPython(time)).isEqualTo(time.toInstant());
    assertThatThrownBy(
            () ->
                new Decoder(LANGUAGE_PYTHON, Codec.TYPES)
                    .decode(Codec.bytes(LANGUAGE_JAVA, time), 1, List.of()))
        .hasMessageContaining("must be an instant");
  }

  @Test
  void whatTheTableHasNoRowForIsSerialized() {
    List<Object> values =
        List.of('c', ZonedDateTime.now(), URI.create("a:b"), List.of(int.class, String.class));

    assertThat(Codec.throughJava(values)).isEqualTo(values);
    assertThat((int[]) Codec.throughJava(new int[] {1, 2})).containsExactly(1, 2);
    assertThat(((Secret) Codec.throughJava(new Secret("word"))).word()).isEqualTo("word");
  }

  @Test
  @SuppressWarnings("unchecked")
  void aSerializableLambdaIsSerialized() throws Exception {
    MapFunction<Long, Long> twice = value -> 2 * value;

    assertThat(((MapFunction<Long, Long>) Codec.throughJava(twice)).map(21L)).isEqualTo(42L);
  }

  @Test
  void serializedObjectsComeFromJavaOnlyAndAreNoKeys() {
    byte[] bytes = Codec.bytes(LANGUAGE_JAVA, 'c');

    assertThatThrownBy(() -> new Decoder(LANGUAGE_PYTHON, Codec.TYPES).decode(bytes, 1, List.of()))
        .hasMessageContaining("from Java only");
    assertThatThrownBy(() -> Keys.encodeKey('c')).hasMessageContaining("cannot be a key");
    byte[] keyed = Arrays.copyOf(bytes, bytes.length + 1);
    assertThatThrownBy(
            () ->
                new Decoder(LANGUAGE_JAVA, Codec.TYPES)
                    .decodeBatch(ByteBuffer.wrap(keyed), 1, true, List.of()))
        .isInstanceOf(RecordException.class);
  }

  @Test
  void aSerializedArrayLargerThanItsBytesIsRefusedBeforeItIsAllocated() throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(new long[4]);
    }
    byte[] serialized = bytes.toByteArray();
    // The length of the array stands in front of its four elements.
    ByteBuffer.wrap(serialized).putInt(serialized.length - 4 * 8 - 4, Integer.MAX_VALUE);
    ByteWriter out = new ByteWriter();
    int start = out.beginExtension();
    out.raw(serialized);
    out.endExtension(start, Wire.JAVA_OBJECT);

    assertThatThrownBy(
            () -> new Decoder(LANGUAGE_JAVA, Codec.TYPES).decode(out.copyFrom(0), 1, List.of()))
        .isInstanceOf(RecordException.class)
        .hasMessageContaining("REJECTED");
  }

  @Test
  void keysAreCanonicalEvenBetweenJavaAndJava() {
    Encoder encoder = new Encoder(LANGUAGE_JAVA, Codec.TYPES);
    EncodedBatch batch = encoder.encode(List.of(-100, (short) 7), List.of(-100, new Point(1, 2)));
    byte[] bytes = Codec.bytes(batch);

    Batch read =
        new Decoder(LANGUAGE_JAVA, Codec.TYPES)
            .decodeBatch(ByteBuffer.wrap(bytes), 2, true, batch.schemas());

    assertThat(read.keys()).containsExactly(-100L, 7L);
    assertThat(read.values()).containsExactly(-100, new Point(1, 2));
    assertThat(Keys.encodeKey(7)).isEqualTo(Keys.encodeKey(7L)).isEqualTo(new byte[] {7});
    assertThat(Keys.encodeKey(7)).isNotEqualTo(Keys.encodeKey(7.0));
  }

  @Test
  void aKeyGroupBelongsToOneSubtask() {
    for (int group = 0; group < 128; group++) {
      assertThat(Keys.subtask(group, 1, 128)).isZero();
      assertThat(Keys.subtask(group, 3, 128)).isEqualTo(group * 3 / 128);
      assertThat(Keys.subtask(group, 128, 128)).isEqualTo(group);
    }
    assertThat(Keys.subtask(99_999, 50_000, 100_000)).isEqualTo(49_999);
  }
}
