package org.anabranch.runtime.exchange.input;

import static org.anabranch.runtime.exchange.FakeProducer.end;
import static org.anabranch.runtime.exchange.FakeProducer.frame;
import static org.anabranch.runtime.exchange.FakeProducer.header;
import static org.anabranch.runtime.exchange.TestExchanges.channel;
import static org.anabranch.runtime.exchange.TestExchanges.numbers;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.anabranch.proto.v1.Barrier;
import org.anabranch.proto.v1.ChannelPosition;
import org.anabranch.proto.v1.FrameHeader;
import org.anabranch.proto.v1.Snapshot;
import org.anabranch.proto.v1.TaskDescriptor;
import org.anabranch.runtime.exchange.Exchange;
import org.anabranch.runtime.exchange.FakeProducer;
import org.anabranch.runtime.exchange.TestExchanges;
import org.anabranch.runtime.exchange.wire.Guarantee;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A consumer of channels 1 and 2 that does not align barriers. */
@Timeout(30)
class UnalignedInputGateTest {
  @TempDir Path directory;
  private FakeProducer first;
  private FakeProducer second;
  private Exchange exchange;

  @BeforeEach
  void listen() throws IOException {
    first = new FakeProducer(directory.resolve("1.sock"));
    second = new FakeProducer(directory.resolve("2.sock"));
  }

  @AfterEach
  void close() throws IOException {
    exchange.close();
    first.close();
    second.close();
  }

  private void open(Snapshot restore) throws IOException {
    TaskDescriptor.Builder task =
        TaskDescriptor.newBuilder()
            .setTaskId(3)
            .setIncarnation(1)
            .setRestore(restore)
            .addInputs(numbers(channel(1, 1), channel(2, 2)));
    exchange = TestExchanges.open(directory, task, () -> false, new Guarantee.AtLeastOnce());
    exchange.input().connect(1, first.endpoint(), 1);
    exchange.input().connect(2, second.endpoint(), 1);
    exchange.poll(0);
    first.admit();
    second.admit();
    while (!exchange.input().connected()) {
      exchange.await();
    }
  }

  private Received receive() {
    Received received = exchange.input().nextReceived();
    while (received == null) {
      exchange.poll(20);
      received = exchange.input().nextReceived();
    }
    return received;
  }

  private long passed() {
    return exchange.unalignedInput().passed();
  }

  private static FrameHeader.Builder barrier(long seq, long records, long number) {
    return header(seq, records, 0).setBarrier(Barrier.newBuilder().setNumber(number));
  }

  private static byte[] ofSecond(FrameHeader.Builder header, Object... values) {
    return frame(header.setChannel(2), values);
  }

  @Test
  void aChannelThatHasMetTheBarrierIsReadOn() throws IOException {
    open(Snapshot.getDefaultInstance());
    first.say(frame(barrier(0, 0, 1)));
    first.say(frame(header(1, 0, 1), "behind"));

    assertThat(receive().control().hasBarrier()).isTrue();
    assertThat(passed()).isZero();
    Received behind = receive();
    assertThat(behind.batch().value(0)).isEqualTo("behind");
    assertThat(behind.batch().channel()).isEqualTo(1);

    second.say(ofSecond(barrier(0, 0, 1)));
    receive();
    assertThat(passed()).isEqualTo(1);
  }

  @Test
  void anEndStandsForEveryBarrierAndTheLastOneForNone() throws IOException {
    open(Snapshot.getDefaultInstance());
    first.say(frame(end(0, 0)));
    receive();
    assertThat(passed()).isZero();

    second.say(ofSecond(barrier(0, 0, 4)));
    receive();
    assertThat(passed()).isEqualTo(4);

    second.say(ofSecond(end(1, 0)));
    receive();
    assertThat(passed()).isZero();
    assertThat(exchange.input().ended()).isTrue();
  }

  @Test
  void aLaterBarrierStandsForOneThatWasGivenUp() throws IOException {
    open(Snapshot.getDefaultInstance());
    first.say(frame(barrier(0, 0, 1)));
    receive();
    first.say(frame(barrier(1, 0, 2)));
    receive();
    second.say(ofSecond(barrier(0, 0, 2)));
    receive();

    assertThat(passed()).isEqualTo(2);
  }

  @Test
  void aChannelThatHadEndedComesOnceAndIsClosed() throws IOException {
    open(
        Snapshot.newBuilder()
            .setNumber(1)
            .addInputs(ChannelPosition.newBuilder().setChannel(1).setEnded(true))
            .addInputs(ChannelPosition.newBuilder().setChannel(2))
            .build());

    assertThat(first.isClosedByConsumer()).isTrue();
    assertThat(exchange.input().ended()).isFalse();
    second.say(ofSecond(end(0, 0)));
    receive();
    assertThat(exchange.input().ended()).isTrue();
    assertThat(exchange.input().positions()).allMatch(ChannelPosition::getEnded).hasSize(2);
  }
}
