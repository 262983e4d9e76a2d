package org.anabranch.runtime.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.anabranch.proto.v1.ConnectReply;
import org.anabranch.proto.v1.ConnectRequest;
import org.anabranch.proto.v1.FrameHeader;
import org.anabranch.proto.v1.HeldLogs;
import org.anabranch.runtime.exchange.wire.Preamble;
import org.anabranch.runtime.exchange.wire.Proofs;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The handshakes and frames of tests/vectors/frames.json are read and written alike in Java. */
class SharedFramesTest {

  private static Stream<JsonObject> of(String kind) throws IOException {
    Path file = Path.of(System.getProperty("anabranch.vectors"), "frames.json");
    return StreamSupport.stream(
            JsonParser.parseString(Files.readString(file)).getAsJsonArray().spliterator(), false)
        .map(JsonElement::getAsJsonObject)
        .filter(vector -> vector.get("kind").getAsString().equals(kind) && !vector.has("refused"));
  }

  static Stream<JsonObject> requests() throws IOException {
    return of("request");
  }

  static Stream<JsonObject> replies() throws IOException {
    return of("reply");
  }

  static Stream<JsonObject> logs() throws IOException {
    return of("logs");
  }

  static Stream<JsonObject> frames() throws IOException {
    return of("frame");
  }

  @ParameterizedTest
  @MethodSource("requests")
  void aRequestIsMagicNonceProofLengthAndMessage(JsonObject vector) throws IOException {
    ByteBuffer bytes = bytes(vector, "bytes");
    byte[] said = Arrays.copyOfRange(bytes.array(), Preamble.BYTES, bytes.limit());
    byte[] nonce = bytes(vector, "nonce").array();

    assertThat(take(bytes, 4)).isEqualTo(Preamble.MAGIC);
    assertThat(take(bytes, Proofs.NONCE_BYTES)).isEqualTo(nonce);
    assertThat(take(bytes, Proofs.BYTES)).isEqualTo(proofs(vector).ofConsumer(nonce, said));
    ConnectRequest request = takeMessage(bytes, ConnectRequest.parser());
    JsonObject message = vector.getAsJsonObject("message");
    assertThat(request.getJobId()).isEqualTo(message.get("job_id").getAsString());
    assertThat(request.getChannel()).isEqualTo(message.get("channel").getAsInt());
  }

  @ParameterizedTest
  @MethodSource("replies")
  void aReplyIsProofLengthAndMessage(JsonObject vector) throws IOException {
    ByteBuffer bytes = bytes(vector, "bytes");
    byte[] said = Arrays.copyOfRange(bytes.array(), Proofs.BYTES + 4, bytes.limit());
    byte[] nonce = bytes(vector, "nonce").array();
    byte[] request = bytes(vector, "request").array();

    assertThat(take(bytes, Proofs.BYTES))
        .isEqualTo(proofs(vector).ofProducer(nonce, request, said));
    ConnectReply reply = takeMessage(bytes, ConnectReply.parser());

    String status = vector.getAsJsonObject("message").get("status").getAsString();
    assertThat(reply.getStatus().name()).isEqualTo(status);
  }

  private static Proofs proofs(JsonObject vector) {
    return new Proofs(
        bytes(vector, "token").array(), ByteString.copyFrom(bytes(vector, "listener_nonce")));
  }

  @ParameterizedTest
  @MethodSource("logs")
  void logsAreLengthAndMessage(JsonObject vector) throws IOException {
    boolean last = vector.getAsJsonObject("message").has("last");

    assertThat(takeMessage(bytes(vector, "bytes"), HeldLogs.parser()).getLast()).isEqualTo(last);
  }

  @ParameterizedTest
  @MethodSource("frames")
  void aFrameIsTwoLengthsHeaderAndPayload(JsonObject vector) throws IOException {
    ByteBuffer bytes = bytes(vector, "bytes");

    int length = bytes.getInt();
    assertThat(length).isEqualTo(bytes.remaining());
    takeMessage(bytes, FrameHeader.parser());
    assertThat(take(bytes, bytes.remaining())).isEqualTo(bytes(vector, "payload").array());
  }

  /** Takes a message with its length in front; Java writes it with the very same bytes. */
  private static <M extends Message> M takeMessage(ByteBuffer bytes, Parser<M> parser)
      throws IOException {
    byte[] encoded = take(bytes, bytes.getInt());
    M message = parser.parseFrom(encoded);
    assertThat(message.toByteArray()).isEqualTo(encoded);
    return message;
  }

  private static ByteBuffer bytes(JsonObject vector, String field) {
    return ByteBuffer.wrap(HexFormat.of().parseHex(vector.get(field).getAsString()));
  }

  private static byte[] take(ByteBuffer bytes, int n) {
    byte[] taken = Arrays.copyOfRange(bytes.array(), bytes.position(), bytes.position() + n);
    bytes.position(bytes.position() + n);
    return taken;
  }
}
