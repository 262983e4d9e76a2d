package org.anabranch.runtime.records;

import static org.anabranch.proto.v1.Language.LANGUAGE_JAVA;
import static org.anabranch.proto.v1.Language.LANGUAGE_PYTHON;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonObject;
import java.util.List;
import java.util.stream.Stream;
import org.apache.commons.codec.digest.MurmurHash3;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Both languages have the same bytes for the same values, and refuse the same bytes. */
class SharedVectorsTest {

  private static Stream<DynamicTest> each(String file, String label, Check check) {
    List<JsonObject> vectors = Notation.vectors(file);
    assertThat(vectors).isNotEmpty();
    return vectors.stream()
        .map(
            vector ->
                DynamicTest.dynamicTest(vector.get(label).toString(), () -> check.run(vector)));
  }

  private interface Check {
    void run(JsonObject vector);
  }

  @TestFactory
  Stream<DynamicTest> valuesHaveTheirBytes() {
    return each(
        "records.json",
        "name",
        vector -> {
          Object value = Notation.value(vector.get("value"));

          EncodedBatch batch =
              new Encoder(LANGUAGE_PYTHON, Codec.TYPES).encode(Codec.listOf(value));

          assertThat(Codec.bytes(batch)).isEqualTo(Notation.bytes(vector.get("bytes")));
          assertThat(batch.schemas()).containsExactlyInAnyOrderElementsOf(Notation.schemas(vector));
        });
  }

  @TestFactory
  Stream<DynamicTest> bytesHaveTheirValues() {
    return each(
        "records.json",
        "name",
        vector -> {
          byte[] bytes = Notation.bytes(vector.get("bytes"));

          Object[] values =
              new Decoder(LANGUAGE_PYTHON, Codec.TYPES).decode(bytes, 1, Notation.schemas(vector));

          assertThat(Normal.of(values[0]))
              .isEqualTo(Normal.of(Notation.value(vector.get("value"))));
        });
  }

  @TestFactory
  Stream<DynamicTest> wrongBytesAreRefused() {
    return each(
        "refused.json",
        "name",
        vector -> {
          if (vector.has("by") && !vector.get("by").getAsString().equals("java")) {
            return;
          }
          byte[] bytes = Notation.bytes(vector.get("bytes"));
          Decoder decoder = new Decoder(LANGUAGE_PYTHON, Codec.TYPES);

          assertThatThrownBy(() -> decoder.decode(bytes, 1, List.of()))
              .isInstanceOf(RecordException.class);
        });
  }

  @TestFactory
  Stream<DynamicTest> keysHaveTheirBytesAndPlaces() {
    return each(
        "keys.json",
        "value",
        vector -> {
          Object key = Notation.value(vector.get("value"));
          byte[] bytes = Notation.bytes(vector.get("bytes"));

          assertThat(new Encoder(LANGUAGE_JAVA, Codec.TYPES).encodeKey(key)).isEqualTo(bytes);
          assertThat(MurmurHash3.hash32x86(bytes) & 0xffff_ffffL)
              .isEqualTo(vector.get("murmur3").getAsLong());
          int group = Keys.keyGroup(bytes, 128);
          assertThat(group).isEqualTo(vector.get("key_group").getAsInt());
          vector
              .getAsJsonObject("subtasks")
              .entrySet()
              .forEach(
                  subtask ->
                      assertThat(Keys.subtask(group, Integer.parseInt(subtask.getKey()), 128))
                          .isEqualTo(subtask.getValue().getAsInt()));
        });
  }
}
