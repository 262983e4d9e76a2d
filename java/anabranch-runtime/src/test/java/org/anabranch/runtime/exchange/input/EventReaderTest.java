package org.anabranch.runtime.exchange.input;

import static org.anabranch.runtime.exchange.FakeProducer.end;
import static org.anabranch.runtime.exchange.FakeProducer.frame;
import static org.anabranch.runtime.exchange.FakeProducer.header;
import static org.anabranch.runtime.exchange.TestExchanges.channel;
import static org.anabranch.runtime.exchange.TestExchanges.numbers;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.anabranch.proto.v1.Barrier;
import org.anabranch.proto.v1.ChannelPosition;
import org.anabranch.proto.v1.FrameHeader;
import org.anabranch.proto.v1.Snapshot;
import org.anabranch.proto.v1.TaskDescriptor;
import org.anabranch.runtime.exchange.Exchange;
import org.anabranch.runtime.exchange.FakeProducer;
import org.anabranch.runtime.exchange.TestExchanges;
import org.anabranch.runtime.exchange.input.InputEvent.Records;
import org.anabranch.runtime.exchange.wire.Guarantee;
import org.anabranch.runtime.replay.HeapShare;
import org.anabranch.runtime.replay.SpillBudget;
import org.anabranch.runtime.replay.TaskLogs;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What comes on channels 1 and 2 of a task, in order and aligned, or not. */
@Timeout(30)
class EventReaderTest {
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

  private void open(Guarantee guarantee, Snapshot restore) throws IOException {
    TaskDescriptor.Builder task =
        TaskDescriptor.newBuilder()
            .setTaskId(3)
            .setIncarnation(1)
            .setRestore(restore)
            .addInputs(numbers(channel(1, 1), channel(2, 2)));
    exchange = TestExchanges.open(directory, task, () -> false, guarantee);
    exchange.input().connect(1, first.endpoint(), 1);
    exchange.input().connect(2, second.endpoint(), 1);
    exchange.poll(0);
    first.admit();
    second.admit();
    while (!exchange.input().connected()) {
      exchange.await();
    }
  }

  private void openUnaligned() throws IOException {
    open(new Guarantee.AtLeastOnce(), Snapshot.getDefaultInstance());
  }

  private void openAligned() throws IOException {
    var budget = new SpillBudget(1 << 20, new HeapShare(1 << 20), Path.of("unused"));
    var logs = new TaskLogs(3, 0, budget, Set.of());
    open(new Guarantee.ExactlyOnce(logs), Snapshot.getDefaultInstance());
  }

  private InputEvent receive() {
    InputEvent event = exchange.events().next();
    while (event == null) {
      exchange.poll(20);
      event = exchange.events().next();
    }
    return event;
  }

  private List<Object> receiveValues() {
    return List.of(((Records) receive()).batch().values());
  }

  private static FrameHeader.Builder barrier(long seq, long records, long number) {
    return header(seq, records, 0).setBarrier(Barrier.newBuilder().setNumber(number));
  }

  private static byte[] ofSecond(FrameHeader.Builder header, Object... values) {
    return frame(header.setChannel(2), values);
  }

  @Test
  void withoutAlignmentAChannelThatHasMetTheBarrierIsReadOn() throws IOException {
    openUnaligned();
    first.say(frame(barrier(0, 0, 1)));
    first.say(frame(header(1, 0, 1), "after it"));

    assertThat(receive()).isEqualTo(new InputEvent.Barrier(1, 1, 0));
    assertThat(receiveValues()).containsExactly("after it");

    second.say(ofSecond(barrier(0, 0, 1)));
    assertThat(receive()).isEqualTo(new InputEvent.Barrier(2, 1, 1));
  }

  @Test
  void aChannelThatHasMetTheBarrierWaitsForTheOther() throws IOException {
    openAligned();
    first.say(frame(barrier(0, 0, 1)));
    assertThat(receive()).isEqualTo(new InputEvent.Barrier(1, 1, 0));
    assertThat(exchange.events().aligning()).isEqualTo(1);
    first.say(frame(header(1, 0, 1).setFirstControlSeq(1), "after it"));
    second.say(ofSecond(header(0, 0, 1), "before it"));
    second.say(ofSecond(barrier(1, 1, 1)));

    assertThat(receiveValues()).containsExactly("before it");
    assertThat(receive()).isEqualTo(new InputEvent.Barrier(2, 1, 1));
    exchange.events().enterEpoch(1);
    assertThat(receiveValues()).containsExactly("after it");
  }

  @Test
  void aLaterBarrierReleasesTheChannelsOfOneThatWasGivenUp() throws IOException {
    openAligned();
    first.say(frame(barrier(0, 0, 1)));
    receive();
    first.say(frame(barrier(1, 0, 2).setFirstControlSeq(1)));
    second.say(ofSecond(barrier(0, 0, 2)));

    assertThat(receive()).isEqualTo(new InputEvent.Barrier(2, 2, 0));
    assertThat(receive()).isEqualTo(new InputEvent.Barrier(1, 2, 2));
  }

  @Test
  void anEndStandsForEveryBarrierAndTheLastOneForNone() throws IOException {
    openUnaligned();
    first.say(frame(end(0, 0)));
    assertThat(receive()).isEqualTo(new InputEvent.EndOfInput(1, 0));

    second.say(ofSecond(barrier(0, 0, 4)));
    assertThat(receive()).isEqualTo(new InputEvent.Barrier(2, 4, 4));

    second.say(ofSecond(end(1, 0)));
    assertThat(receive()).isEqualTo(new InputEvent.EndOfInput(2, 0));
    assertThat(exchange.events().ended()).isTrue();
  }

  @Test
  void theEndOfAChannelMayBeWhatACheckpointHasWaitedFor() throws IOException {
    openAligned();
    first.say(frame(barrier(0, 0, 1)));
    receive();
    second.say(ofSecond(end(0, 0)));

    assertThat(receive()).isEqualTo(new InputEvent.EndOfInput(2, 1));
  }

  @Test
  void aLargeFrameComesInPartsAndTheChannelsTakeTurns() throws IOException {
    openUnaligned();
    first.say(frame(header(0, 0, 3), 1L, 2L, 3L));
    second.say(ofSecond(header(0, 0, 1), "other"));
    while (exchange.input().waitingFrames() < 2) {
      exchange.poll(20);
    }
    exchange.events().takeAtMost(2);

    Records start = (Records) receive();
    assertThat(start.batch().values()).containsExactly(1L, 2L);
    assertThat(exchange.events().unread()).singleElement().matches(rest -> rest.getSkip() == 2);
    assertThat(receiveValues()).containsExactly("other");
    Records rest = (Records) receive();
    assertThat(rest.batch().values()).containsExactly(3L);
    assertThat(rest.first()).isEqualTo(2);
  }

  @Test
  void aChannelThatHadEndedComesOnceAndIsClosed() throws IOException {
    open(
        new Guarantee.AtLeastOnce(),
        Snapshot.newBuilder()
            .setNumber(1)
            .addInputs(ChannelPosition.newBuilder().setChannel(1).setEnded(true))
            .addInputs(ChannelPosition.newBuilder().setChannel(2))
            .build());

    assertThat(first.isClosedByConsumer()).isTrue();
    assertThat(exchange.events().ended()).isFalse();
    second.say(ofSecond(end(0, 0)));
    receive();
    assertThat(exchange.events().ended()).isTrue();
    assertThat(exchange.events().positions()).allMatch(ChannelPosition::getEnded).hasSize(2);
  }
}
