package org.anabranch.runtime.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.anabranch.proto.v1.EncodedValues;
import org.anabranch.proto.v1.FilePart;
import org.anabranch.proto.v1.OperatorState;
import org.anabranch.proto.v1.Snapshot;
import org.anabranch.runtime.state.Payloads;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** The state files of tests/vectors/state_files.json are written and read alike in Java. */
class SharedStateFilesTest {
  @TempDir Path directory;

  @TestFactory
  Stream<DynamicTest> filesHaveTheirBytesAndCodes() throws IOException {
    Path path = Path.of(System.getProperty("anabranch.vectors"), "state_files.json");
    return JsonParser.parseString(Files.readString(path)).getAsJsonArray().asList().stream()
        .map(JsonElement::getAsJsonObject)
        .map(
            vector ->
                DynamicTest.dynamicTest(
                    vector.get("label").getAsString(), () -> writeAndRead(vector)));
  }

  private void writeAndRead(JsonObject vector) throws IOException {
    String name = vector.get("name").getAsString();
    StateFiles files =
        new StateFiles(
            directory.resolve(vector.get("label").getAsString()),
            vector.get("job_id").getAsString(),
            hex(vector.get("secret")));
    Files.createDirectory(files.directory());
    Snapshot wanted = snapshot(vector, SharedStateFilesTest::inFile);

    Snapshot moved =
        StateFileWriter.move(snapshot(vector, SharedStateFilesTest::inMessage), files, name);

    assertThat(moved).isEqualTo(wanted);
    assertThat(Files.readAllBytes(files.path(name))).isEqualTo(hex(vector.get("file")));
    try (Payloads payloads = new StateFileReader(files, wanted)) {
      assertThat(wanted.getOperatorsList())
          .map(OperatorState::getEngine)
          .map(payloads::of)
          .isEqualTo(
              parts(vector).map(part -> ByteString.copyFrom(hex(part.get("bytes")))).toList());
    }
  }

  private interface Place {
    EncodedValues of(JsonObject part);
  }

  private static EncodedValues inMessage(JsonObject part) {
    return EncodedValues.newBuilder()
        .setPayload(ByteString.copyFrom(hex(part.get("bytes"))))
        .build();
  }

  private static EncodedValues inFile(JsonObject part) {
    return EncodedValues.newBuilder()
        .setPart(
            FilePart.newBuilder()
                .setOffset(part.get("offset").getAsLong())
                .setLength(part.get("length").getAsLong())
                .setCode(ByteString.copyFrom(hex(part.get("code")))))
        .build();
  }

  private static Snapshot snapshot(JsonObject vector, Place place) {
    Snapshot.Builder snapshot = Snapshot.newBuilder();
    parts(vector)
        .forEach(
            part ->
                snapshot.addOperators(
                    OperatorState.newBuilder()
                        .setEngine(place.of(part))
                        .setFunction(EncodedValues.getDefaultInstance())));
    if (snapshot.getOperators(0).getEngine().hasPart()) {
      snapshot
          .setStateFile(vector.get("name").getAsString())
          .setStateFileLength(vector.get("length").getAsLong());
    }
    return snapshot.build();
  }

  private static Stream<JsonObject> parts(JsonObject vector) {
    return StreamSupport.stream(vector.get("parts").getAsJsonArray().spliterator(), false)
        .map(JsonElement::getAsJsonObject);
  }

  private static byte[] hex(JsonElement text) {
    return HexFormat.of().parseHex(text.getAsString());
  }
}
