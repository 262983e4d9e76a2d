package org.anabranch.runtime.records;

import static org.anabranch.proto.v1.Language.LANGUAGE_JAVA;
import static org.anabranch.proto.v1.Language.LANGUAGE_PYTHON;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.Message;
import com.google.protobuf.Timestamp;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.anabranch.api.tuple.Tuple;
import org.anabranch.runtime.records.acme.Trade;
import org.junit.jupiter.api.Test;

/** A user's own messages are records like any other. */
class ProtobufMessagesTest {
  private static final TypeRegistry TYPES =
      new TypeRegistry(
          ProtobufMessagesTest.class.getClassLoader(),
          List.of(Codec.binding("acme.Trade", Trade.class)));

  private static final Trade TRADE =
      Trade.newBuilder()
          .setSymbol("ÄBC")
          .setAmount(-7)
          .setSide(Trade.Side.SIDE_SELL)
          .setBuyer(Trade.Party.newBuilder().setName("Ada"))
          .putVenues("x", 1)
          .putVenues("a", 2)
          .build();

  @Test
  void aMessageStaysThatMessage() {
    Object record = Tuple.of("key", Map.of("trade", TRADE));

    assertThat(Codec.through(LANGUAGE_PYTHON, TYPES, TYPES, record)).isEqualTo(record);
    assertThat(Codec.through(LANGUAGE_JAVA, TYPES, TYPES, record)).isEqualTo(record);
  }

  @Test
  void itTravelsUnderItsFullNameWithItsOwnBytes() {
    Trade trade = Trade.newBuilder().setSymbol("A").build();
    byte[] bytes = encode(trade);

    assertThat(Arrays.copyOfRange(bytes, 0, 4))
        .containsExactly(0xc7, 11 + trade.getSerializedSize(), Wire.PROTOBUF, 0xa0 | 10);
    assertThat(new String(bytes, 4, 10, StandardCharsets.UTF_8)).isEqualTo("acme.Trade");
    assertThat(Arrays.copyOfRange(bytes, 14, bytes.length)).isEqualTo(trade.toByteArray());
  }

  @Test
  void equalMessagesHaveEqualBytesWhateverTheOrderOfTheirMaps() {
    Trade other = TRADE.toBuilder().clearVenues().putVenues("a", 2).putVenues("x", 1).build();

    assertThat(other).isEqualTo(TRADE);
    assertThat(encode(other)).isEqualTo(encode(TRADE));
  }

  @Test
  void wellKnownMessagesNeedNoRegistration() {
    Timestamp time = Timestamp.newBuilder().setSeconds(12).build();

    assertThat(Codec.throughPython(time)).isEqualTo(time);
  }

  @Test
  void aMessageThatIsNotRegisteredIsRefusedWithWhatToDo() {
    assertThatThrownBy(() -> Codec.through(LANGUAGE_PYTHON, TYPES, Codec.TYPES, TRADE))
        .isInstanceOf(RecordException.class)
        .hasMessageContaining("there is no message acme.Trade here; register it");
  }

  @Test
  void aMessageRegisteredWithTheClassOfAnotherIsRefused() {
    TypeRegistry wrong =
        new TypeRegistry(
            getClass().getClassLoader(), List.of(Codec.binding("acme.Trade", Timestamp.class)));

    assertThatThrownBy(() -> Codec.through(LANGUAGE_PYTHON, TYPES, wrong, TRADE))
        .isInstanceOf(RecordException.class)
        .hasMessageContaining("stands for the message google.protobuf.Timestamp");
  }

  @Test
  void bytesThatAreNoMessageAreRefused() {
    byte[] bytes = encode(Trade.newBuilder().setSymbol("A").build());
    bytes[bytes.length - 2] = 127;

    assertThatThrownBy(() -> new Decoder(LANGUAGE_PYTHON, TYPES).decode(bytes, 1, List.of()))
        .isInstanceOf(RecordException.class)
        .hasMessageContaining("a message acme.Trade cannot be parsed");
  }

  @Test
  void aMessageIsNoKey() {
    assertThatThrownBy(() -> Keys.encodeKey(Tuple.of(1, TRADE)))
        .isInstanceOf(RecordException.class)
        .hasMessageContaining("a protobuf message")
        .hasMessageContaining("cannot be a key, at [1]");
  }

  @Test
  void theLibraryIsTheOneOfTheUsersOwnClassLoader() throws Exception {
    try (URLClassLoader user = alone(Trade.class, Message.class)) {
      TypeRegistry types =
          new TypeRegistry(user, List.of(Codec.binding("acme.Trade", Trade.class)));

      Object read = Codec.through(LANGUAGE_PYTHON, TYPES, types, TRADE);

      assertThat(read).isNotInstanceOf(Trade.class).isNotInstanceOf(Message.class);
      assertThat(read.getClass().getName()).isEqualTo(Trade.class.getName());
      assertThat(Codec.through(LANGUAGE_PYTHON, types, TYPES, read)).isEqualTo(TRADE);
    }
  }

  /** Returns a loader that has these classes by itself, and nothing else but the JDK's. */
  private static URLClassLoader alone(Class<?>... classes) throws IOException {
    URL[] places =
        Arrays.stream(classes)
            .map(type -> type.getProtectionDomain().getCodeSource().getLocation())
            .toArray(URL[]::new);
    return new URLClassLoader(places, ClassLoader.getPlatformClassLoader());
  }

  private static byte[] encode(Trade trade) {
    return Codec.bytes(new Encoder(LANGUAGE_PYTHON, TYPES).encode(List.of(trade)));
  }
}
