package org.anabranch.runtime.exchange.input;

import static org.anabranch.runtime.exchange.FakeProducer.end;
import static org.anabranch.runtime.exchange.FakeProducer.frame;
import static org.anabranch.runtime.exchange.FakeProducer.header;
import static org.anabranch.runtime.exchange.TestExchanges.channel;
import static org.anabranch.runtime.exchange.TestExchanges.numbers;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.anabranch.proto.v1.Barrier;
import org.anabranch.proto.v1.ConnectReply;
import org.anabranch.proto.v1.ConnectReply.Status;
import org.anabranch.proto.v1.Endpoint;
import org.anabranch.proto.v1.TaskDescriptor;
import org.anabranch.proto.v1.Watermark;
import org.anabranch.runtime.exchange.Exchange;
import org.anabranch.runtime.exchange.FakeProducer;
import org.anabranch.runtime.exchange.TestExchanges;
import org.anabranch.runtime.exchange.wire.CancelledException;
import org.anabranch.runtime.exchange.wire.ExchangeException;
import org.anabranch.runtime.exchange.wire.Guarantee;
import org.anabranch.runtime.exchange.wire.Proofs;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A consumer and producers that keep to the protocol, or do not. */
@Timeout(30)
class InputGateTest {
  @TempDir Path directory;
  private final AtomicBoolean cancelled = new AtomicBoolean();
  private FakeProducer producer;
  private Exchange exchange;

  @BeforeEach
  void open() throws IOException {
    producer = new FakeProducer(directory.resolve("p.sock"));
    exchange = consumer(new Guarantee.None());
  }

  @AfterEach
  void close() throws IOException {
    exchange.close();
    producer.close();
  }

  private Exchange consumer(Guarantee guarantee) throws IOException {
    TaskDescriptor.Builder task =
        TaskDescriptor.newBuilder()
            .setTaskId(2)
            .setIncarnation(1)
            .addInputs(numbers(channel(1, 1)));
    return TestExchanges.open(directory, task, cancelled::get, guarantee);
  }

  private void connect() throws IOException {
    exchange.input().connect(1, producer.endpoint(), 1);
    exchange.poll(0);
    producer.admit();
    while (!exchange.input().connected()) {
      exchange.await();
    }
  }

  private List<Object> readToEnd() {
    List<Object> values = new ArrayList<>();
    while (!exchange.input().ended()) {
      InputEvent event = exchange.events().next();
      if (event instanceof InputEvent.Records records) {
        values.addAll(List.of(records.batch().values()));
      } else if (event == null) {
        exchange.poll(20);
      }
    }
    return values;
  }

  @Test
  void framesComeWholeHoweverTheirBytesArrive() throws IOException {
    connect();
    List<byte[]> frames =
        List.of(
            frame(header(0, 0, 2), 1L, "two"),
            frame(header(1, 2, 1), List.of(3L)),
            frame(end(2, 3)));
    for (byte[] frame : frames) {
      for (byte b : frame) {
        producer.say(new byte[] {b});
        exchange.poll(0);
      }
    }

    assertThat(readToEnd()).containsExactly(1L, "two", List.of(3L));
  }

  @Test
  void aFrameMuchLargerThanABufferArrives() throws IOException {
    connect();
    byte[] large = new byte[90_000];
    Thread writer =
        new Thread(
            () -> {
              try {
                producer.say(frame(header(0, 0, 1), (Object) large));
                producer.say(frame(end(1, 1)));
              } catch (IOException e) {
                throw new IllegalStateException(e);
              }
            });
    writer.start();

    assertThat(readToEnd()).containsExactly(large);
  }

  static Stream<Arguments> violations() {
    return Stream.of(
        Arguments.of("frame 5, not 0", frame(header(5, 0, 1), 1L)),
        Arguments.of("record 9, not 0", frame(header(0, 9, 1), 1L)),
        Arguments.of("a frame of channel 8", frame(header(0, 0, 1).setChannel(8), 1L)),
        Arguments.of("incarnation 4, not 1", frame(header(0, 0, 1).setIncarnation(4), 1L)),
        Arguments.of("a frame of 4294967295 bytes", new byte[] {-1, -1, -1, -1}),
        Arguments.of("a frame of 100001 bytes", ByteBuffer.allocate(4).putInt(100_001).array()),
        Arguments.of("a frame of 3 bytes", new byte[] {0, 0, 0, 3, 0, 0, 0}),
        Arguments.of("a header of 9 bytes", new byte[] {0, 0, 0, 4, 0, 0, 0, 9}),
        Arguments.of("a header of 4294967295 bytes", new byte[] {0, 0, 0, 4, -1, -1, -1, -1}),
        Arguments.of("header that cannot be parsed", frame(new byte[] {-1}, new byte[0])),
        Arguments.of("4294967295 records", frame(header(0, 0, -1), 1L)),
        Arguments.of("100 records", frame(header(0, 0, 100), 1L)),
        Arguments.of("a BARRIER", frame(header(0, 0, 0).setBarrier(Barrier.getDefaultInstance()))),
        Arguments.of(
            "a WATERMARK", frame(header(0, 0, 0).setWatermark(Watermark.getDefaultInstance()))));
  }

  @ParameterizedTest
  @MethodSource("violations")
  void aViolationOfTheProtocolIsReportedWithChannelAndProducer(String what, byte[] said)
      throws IOException {
    connect();
    producer.say(said);

    assertThatThrownBy(this::readToEnd)
        .isInstanceOf(ExchangeException.class)
        .hasMessageContaining(what)
        .hasMessageContaining("operator numbers");
  }

  @Test
  void aRecordThatCannotBeReadIsReportedWithItsPosition() throws IOException {
    connect();
    producer.say(frame(header(0, 0, 2), 1L, 2L));
    producer.say(frame(header(1, 2, 2).build().toByteArray(), new byte[] {1, (byte) 0xC1}));

    assertThatThrownBy(this::readToEnd)
        .isInstanceOfSatisfying(
            UnreadableRecordException.class, e -> assertThat(e.position()).isEqualTo(3))
        .hasMessageContaining("numbers");
  }

  @Test
  void aRefusalIsReportedWithTheProducersReason() throws IOException {
    exchange.input().connect(1, producer.endpoint(), 1);
    exchange.poll(0);
    producer.admit(
        ConnectReply.newBuilder().setStatus(Status.STATUS_GONE).setMessage("long gone").build());

    assertThatThrownBy(this::readToEnd)
        .isInstanceOf(ExchangeException.class)
        .hasMessageContaining("long gone");
  }

  @Test
  void aReplyOfAbsurdLengthIsNotWaitedFor() throws IOException {
    exchange.input().connect(1, producer.endpoint(), 1);
    exchange.poll(0);
    producer.accept();
    byte[] head = new byte[Proofs.BYTES + 4];
    head[Proofs.BYTES + 1] = 1;
    producer.say(head);
    exchange.poll(20);

    assertThat(producer.isClosedByConsumer()).isTrue();
    assertThat(exchange.input().connected()).isFalse();
  }

  @Test
  void aListenerWithoutTheSecretLearnsNothingOfItAndIsNotBelieved() throws IOException {
    exchange.input().connect(1, producer.endpoint(), 1);
    exchange.poll(0);
    byte[] wrong = TestExchanges.TOKEN.clone();
    wrong[0] ^= 1;
    byte[] said =
        producer.answer(wrong, ConnectReply.newBuilder().setStatus(Status.STATUS_OK).build());
    producer.say(frame(header(0, 0, 1), "never decoded"));
    producer.say(frame(end(1, 1)));
    for (int i = 0; i < 5; i++) {
      exchange.poll(5);
      assertThat(exchange.events().next()).isNull();
    }
    assertThat(exchange.input().connected()).isFalse();
    assertThat(new String(said, StandardCharsets.ISO_8859_1))
        .doesNotContain(new String(TestExchanges.TOKEN, StandardCharsets.ISO_8859_1));

    inBackground(producer, frame(header(0, 0, 1), "of the producer"), frame(end(1, 1)));
    assertThat(readToEnd()).containsExactly("of the producer");
  }

  @Test
  void anAnswerThatWasRecordedIsNotBelieved() throws IOException {
    exchange.input().connect(1, producer.endpoint(), 1);
    exchange.poll(0);
    producer.admit();
    byte[] recorded = producer.lastAnswer();
    producer.hangUp();
    exchange.poll(20);
    exchange.input().connect(1, producer.endpoint(), 1);
    exchange.poll(0);
    producer.accept();
    producer.say(recorded);
    exchange.poll(20);

    assertThat(exchange.input().connected()).isFalse();
  }

  @Test
  void aProducerThatHangsUpBeforeItsReplyIsDialledAgain() throws IOException {
    exchange.input().connect(1, producer.endpoint(), 1);
    exchange.poll(0);
    producer.accept();
    producer.hangUp();
    while (exchange.input().connected()) {
      exchange.poll(10);
    }
    inBackground(producer, frame(header(0, 0, 1), 1L), frame(end(1, 1)));

    assertThat(readToEnd()).containsExactly(1L);
  }

  private Endpoint nowhere() {
    return Endpoint.newBuilder()
        .setUnixPath(directory.resolve("no.sock").toString())
        .setNonce(FakeProducer.NONCE)
        .build();
  }

  private void inBackground(FakeProducer who, byte[]... frames) {
    Thread thread =
        new Thread(
            () -> {
              try {
                who.admit();
                for (byte[] each : frames) {
                  who.say(each);
                }
              } catch (IOException e) {
                throw new IllegalStateException(e);
              }
            });
    thread.setDaemon(true);
    thread.start();
  }

  @Test
  void aProducerThatIsNotThereYetIsDialledUntilItComes() throws IOException {
    exchange.input().connect(1, nowhere(), 1);
    for (int i = 0; i < 10; i++) {
      exchange.poll(20);
    }
    try (FakeProducer late = new FakeProducer(directory.resolve("no.sock"))) {
      inBackground(late, frame(header(0, 0, 1), 1L), frame(end(1, 1)));

      assertThat(readToEnd()).containsExactly(1L);
    }
  }

  @Test
  void anAttemptThatIsToBeRepeatedDoesNotTouchTheConnectionToANewerProducer() throws IOException {
    exchange.input().connect(1, nowhere(), 1);
    exchange.poll(5);
    exchange.input().connect(1, producer.endpoint(), 2);
    exchange.poll(0);
    producer.admit();
    for (int i = 0; i < 5; i++) {
      exchange.poll(20); // longer than the pause before another attempt
    }
    exchange.input().connect(1, nowhere(), 1); // named late
    producer.say(frame(header(0, 0, 1).setIncarnation(2), 1L));
    producer.say(frame(end(1, 1).setIncarnation(2)));

    assertThat(readToEnd()).containsExactly(1L);
  }

  @Test
  void aProducerThatRefusesAnOldIncarnationIsLeftUntilANewerOneIsNamed() throws IOException {
    exchange.close();
    exchange = consumer(new Guarantee.AtLeastOnce());
    exchange.input().connect(1, producer.endpoint(), 1);
    exchange.poll(0);
    producer.admit(ConnectReply.newBuilder().setStatus(Status.STATUS_FENCED).build());
    for (int i = 0; i < 5; i++) {
      exchange.poll(20);
    }
    assertThat(exchange.input().hasDeadlines()).isFalse();

    exchange.input().connect(1, producer.endpoint(), 2);
    exchange.poll(0);
    producer.admit();
    producer.say(frame(end(0, 0).setIncarnation(2)));

    assertThat(readToEnd()).isEmpty();
  }

  @Test
  void aProducerThatDiesIsLeftToTheMasterAndItsSuccessorGoesOnWhereItStopped() throws IOException {
    connect();
    producer.say(frame(header(0, 0, 1), 1L));
    producer.hangUp();
    while (exchange.events().next() == null) {
      exchange.poll(10);
    }
    exchange.poll(50);
    assertThat(exchange.input().ended()).isFalse();
    assertThat(exchange.input().connected()).isFalse();

    connect();
    producer.say(frame(header(1, 1, 1), 2L));
    producer.say(frame(end(2, 2)));

    assertThat(readToEnd()).containsExactly(2L);
  }

  @Test
  void aCancelEndsEveryWait() {
    cancelled.set(true);

    assertThatThrownBy(() -> exchange.await()).isInstanceOf(CancelledException.class);
  }

  @Test
  void aChannelThatIsNotOursIsNamed() {
    assertThatThrownBy(() -> exchange.input().connect(5, producer.endpoint(), 1))
        .isInstanceOf(ExchangeException.class)
        .hasMessageContaining("channel 5");
    assertThat(Files.exists(directory.resolve("p.sock"))).isTrue();
  }
}
