package org.anabranch.runtime.records;

import static org.anabranch.proto.v1.Language.LANGUAGE_JAVA;
import static org.anabranch.proto.v1.Language.LANGUAGE_PYTHON;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.anabranch.proto.v1.Language;
import org.anabranch.proto.v1.Schema;

class RoundTripProperties {

  @Provide
  Arbitrary<Object> values() {
    return AnyValue.values();
  }

  @Provide
  Arbitrary<List<Object>> batches() {
    return AnyValue.batches();
  }

  @Provide
  Arbitrary<Object> keys() {
    return AnyValue.key().withoutEdgeCases();
  }

  @Provide
  Arbitrary<Language> languages() {
    return Arbitraries.of(LANGUAGE_JAVA, LANGUAGE_PYTHON);
  }

  @Property
  void fromJavaToJavaEveryValueKeepsItsVeryType(@ForAll("values") Object value) {
    assertThat(Normal.of(Codec.throughJava(value))).isEqualTo(Normal.of(value));
  }

  @Property
  void throughPythonEveryValueKeepsWhatPythonHasATypeFor(@ForAll("values") Object value) {
    assertThat(Normal.of(Codec.throughPython(value))).isEqualTo(Normal.ofForeign(value));
  }

  @Property
  void whatHasBeenReadHasTheSameBytesAgain(
      @ForAll("values") Object value, @ForAll("languages") Language language) {
    byte[] bytes = Codec.bytes(language, value);

    Object read = Codec.through(language, Codec.TYPES, Codec.TYPES, value);

    assertThat(Codec.bytes(language, read)).isEqualTo(bytes);
  }

  @Property
  void aBatchIsItsRecordsOneAfterTheOther(
      @ForAll("batches") List<Object> batch, @ForAll("languages") Language language) {
    EncodedBatch encoded = new Encoder(language, Codec.TYPES).encode(batch);
    Object[] read =
        new Decoder(language, Codec.TYPES)
            .decode(Codec.bytes(encoded), batch.size(), encoded.schemas());

    assertThat(read).hasSize(batch.size());
    for (int i = 0; i < read.length; i++) {
      Object expected = batch.get(i);
      assertThat(Normal.of(read[i]))
          .isEqualTo(language == LANGUAGE_JAVA ? Normal.of(expected) : Normal.ofForeign(expected));
    }
  }

  @Property
  void keysThatAreEqualHaveEqualBytesAndOthersDoNot(
      @ForAll("keys") Object left, @ForAll("keys") Object right) {
    boolean sameBytes = Arrays.equals(Keys.encodeKey(left), Keys.encodeKey(right));

    assertThat(sameBytes).isEqualTo(Normal.of(left).equals(Normal.of(right)));
  }

  @Property(tries = 2000)
  void randomBytesAreReadOrRefused(
      @ForAll byte[] bytes, @ForAll("languages") Language language, @ForAll byte n) {
    readOrRefuse(language, bytes, n, List.of());
  }

  @Property(tries = 2000)
  void damagedBytesAreReadOrRefused(
      @ForAll("values") Object value, @ForAll("languages") Language language, @ForAll long seed) {
    EncodedBatch batch =
        new Encoder(language, Codec.TYPES).encode(Collections.singletonList(value));
    byte[] bytes = Codec.bytes(batch);
    Random random = new Random(seed);
    for (int i = random.nextInt(4); i >= 0; i--) {
      bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
    }

    readOrRefuse(language, bytes, 1, batch.schemas());
  }

  private static void readOrRefuse(Language language, byte[] bytes, int n, List<Schema> schemas) {
    Throwable thrown =
        catchThrowable(() -> new Decoder(language, Codec.TYPES).decode(bytes, n, schemas));

    if (thrown != null) {
      assertThat(thrown).isInstanceOf(RecordException.class);
    }
  }
}
