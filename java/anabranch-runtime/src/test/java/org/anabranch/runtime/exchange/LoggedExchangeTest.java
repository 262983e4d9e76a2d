package org.anabranch.runtime.exchange;

import static org.anabranch.runtime.exchange.FakeProducer.frame;
import static org.anabranch.runtime.exchange.FakeProducer.header;
import static org.anabranch.runtime.exchange.TestExchanges.channel;
import static org.anabranch.runtime.exchange.TestExchanges.numbers;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.anabranch.proto.v1.Barrier;
import org.anabranch.proto.v1.ChannelPosition;
import org.anabranch.proto.v1.Determinant;
import org.anabranch.proto.v1.EndOfInput;
import org.anabranch.proto.v1.Endpoint;
import org.anabranch.proto.v1.Language;
import org.anabranch.proto.v1.LogDelta;
import org.anabranch.proto.v1.OutputEdge;
import org.anabranch.proto.v1.Partitioning;
import org.anabranch.proto.v1.Snapshot;
import org.anabranch.proto.v1.TaskDescriptor;
import org.anabranch.runtime.exchange.input.EventReader;
import org.anabranch.runtime.exchange.input.InputEvent;
import org.anabranch.runtime.exchange.input.InputEvent.Records;
import org.anabranch.runtime.exchange.wire.ExchangeException;
import org.anabranch.runtime.exchange.wire.Guarantee;
import org.anabranch.runtime.replay.HeapShare;
import org.anabranch.runtime.replay.NondeterminismException;
import org.anabranch.runtime.replay.SpillBudget;
import org.anabranch.runtime.replay.TaskLogs;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A logged channel between task 1 and task 2, incarnations of which come and go. */
@Timeout(30)
class LoggedExchangeTest {
  private static final int PRODUCER = 1;
  private static final int CONSUMER = 2;
  private static final int CHANNEL = 1;

  @TempDir Path directory;
  private final List<Exchange> opened = new ArrayList<>();
  private TaskLogs producerLogs = logs(PRODUCER, 0);
  private TaskLogs consumerLogs = logs(CONSUMER, 0);

  @AfterEach
  void close() {
    opened.forEach(Exchange::close);
  }

  private TaskLogs logs(int task, long epoch) {
    return new TaskLogs(
        task, epoch, new SpillBudget(1 << 20, new HeapShare(1 << 20), Path.of("unused")), Set.of());
  }

  private Exchange open(TaskDescriptor.Builder task, int incarnation, TaskLogs logs)
      throws IOException {
    Exchange exchange =
        TestExchanges.open(
            directory,
            task.setIncarnation(incarnation),
            () -> false,
            new Guarantee.ExactlyOnce(logs));
    opened.add(exchange);
    return exchange;
  }

  private Exchange producer(int incarnation, Snapshot restore) throws IOException {
    OutputEdge edge =
        OutputEdge.newBuilder()
            .setEdgeId(1)
            .setPartitioning(Partitioning.newBuilder().setKind(Partitioning.Kind.KIND_FORWARD))
            .setConsumerLanguage(Language.LANGUAGE_JAVA)
            .setConsumerName("sink")
            .addChannels(channel(CHANNEL, CONSUMER))
            .build();
    Exchange exchange =
        open(
            TaskDescriptor.newBuilder().setTaskId(PRODUCER).addOutputs(edge).setRestore(restore),
            incarnation,
            producerLogs);
    exchange.addOutput(edge, null);
    return exchange;
  }

  private Exchange consumer(int incarnation, long records, long controls) throws IOException {
    return consumer(
        incarnation, Snapshot.newBuilder().addInputs(position(records, controls)).build());
  }

  private Exchange consumer(int incarnation, Snapshot restore) throws IOException {
    return open(
        TaskDescriptor.newBuilder()
            .setTaskId(CONSUMER)
            .addInputs(numbers(channel(CHANNEL, PRODUCER), channel(7, 3)))
            .setRestore(restore),
        incarnation,
        consumerLogs);
  }

  private static ChannelPosition position(long records, long controls) {
    return ChannelPosition.newBuilder()
        .setChannel(CHANNEL)
        .setRecords(records)
        .setControls(controls)
        .build();
  }

  private static void emit(Exchange producer, Object... values) throws Exception {
    for (Object value : values) {
      producer.output().emit(null, value);
    }
    producer.output().flush();
  }

  private void connect(Exchange consumer, Exchange producer, Endpoint endpoint, int incarnation) {
    consumer.input().connect(CHANNEL, endpoint, incarnation);
    pump(() -> false, 10, consumer, producer);
  }

  private static void pump(BooleanSupplier until, int rounds, Exchange... exchanges) {
    for (int i = 0; i < rounds && !until.getAsBoolean(); i++) {
      for (Exchange exchange : exchanges) {
        exchange.poll(2);
      }
    }
  }

  private static List<Object> take(Exchange consumer, Exchange producer) {
    List<Object> taken = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      producer.poll(1);
      consumer.poll(1);
      taken.addAll(takeAll(consumer));
    }
    return taken;
  }

  /** Returns records, and the classes of other events. */
  private static List<Object> takeAll(Exchange consumer) {
    List<Object> taken = new ArrayList<>();
    InputEvent event;
    while ((event = consumer.events().next()) != null) {
      taken.addAll(
          event instanceof Records records
              ? List.of(records.batch().values())
              : List.of(event.getClass()));
    }
    return taken;
  }

  @Test
  void aConsumerIsServedFromTheMiddleOfAFrame() throws Exception {
    Exchange producer = producer(1, Snapshot.getDefaultInstance());
    producerLogs.goLive();
    Endpoint endpoint = producer.listen();
    emit(producer, 1L, 2L, 3L);
    producer.output().barrier(1);
    emit(producer, 4L, 5L);

    Exchange consumer = consumer(1, 2, 0);
    connect(consumer, producer, endpoint, 1);

    assertThat(take(consumer, producer)).containsExactly(3L, InputEvent.Barrier.class);
    consumer.events().enterEpoch(1);
    assertThat(take(consumer, producer)).containsExactly(4L, 5L);
    assertThat(consumer.events().positions().get(0)).isEqualTo(position(5, 1));
    assertThat(producer.output().positions()).containsExactly(position(5, 1));
  }

  @Test
  void whileNobodyIsConnectedNobodyWaits() throws Exception {
    Exchange producer = producer(1, Snapshot.getDefaultInstance());
    producerLogs.goLive();
    producer.listen();
    for (int i = 0; i < 100; i++) {
      emit(producer, "x".repeat(1000)); // the send queue takes one of them
    }

    producer.output().awaitSent();

    assertThat(producer.output().positions()).containsExactly(position(100, 0));
  }

  @Test
  void aNewIncarnationOfTheConsumerGetsLogsAndFramesOnceMoreAndAnOlderOneNothing()
      throws Exception {
    Exchange producer = producer(1, Snapshot.getDefaultInstance());
    producerLogs.goLive();
    Endpoint endpoint = producer.listen();
    producerLogs.append(time(5));
    emit(producer, 1L);
    Exchange first = consumer(1, 0, 0);
    connect(first, producer, endpoint, 1);
    assertThat(take(first, producer)).containsExactly(1L);
    assertThat(held(consumerLogs)).hasSize(1);

    first.close();
    consumerLogs = logs(CONSUMER, 0);
    Exchange second = consumer(2, 0, 0);
    connect(second, producer, endpoint, 1);
    assertThat(take(second, producer)).containsExactly(1L);
    assertThat(held(consumerLogs).get(0).getEntriesList()).containsExactly(time(5));

    Exchange late = consumer(1, 0, 0);
    connect(late, producer, endpoint, 1);
    assertThat(late.input().connected()).isFalse();
    emit(producer, 2L);
    assertThat(take(second, producer)).containsExactly(2L);
  }

  @Test
  void aNewIncarnationOfTheProducerHearsTheLogAndSendsOnlyWhatIsNew() throws Exception {
    Exchange producer = producer(1, Snapshot.getDefaultInstance());
    producerLogs.goLive();
    Endpoint endpoint = producer.listen();
    producerLogs.append(time(5));
    emit(producer, 1L, 2L);
    Exchange consumer = consumer(1, 0, 0);
    connect(consumer, producer, endpoint, 1);
    assertThat(take(consumer, producer)).containsExactly(1L, 2L);
    producer.close();
    pump(() -> false, 3, consumer);

    producerLogs = logs(PRODUCER, 0);
    Exchange again = producer(2, Snapshot.getDefaultInstance());
    connect(consumer, again, again.listen(), 2);
    var cursor = producerLogs.startReplay("numbers");
    assertThat(cursor.next()).isEqualTo(time(5));
    producerLogs.append(time(5));
    emit(again, 1L); // it cuts its batches elsewhere
    emit(again, 2L, 3L);

    assertThat(take(consumer, again)).containsExactly(3L);
    again.output().checkNothingMissing();
  }

  @Test
  void aConsumerWithMoreThanWasProducedShowsAnUndeclaredChoice() throws Exception {
    Exchange producer = producer(2, Snapshot.getDefaultInstance());
    Endpoint endpoint = producer.listen();
    Exchange consumer = consumer(1, 3, 0);
    connect(consumer, producer, endpoint, 2);
    emit(producer, 1L, 2L);

    assertThatThrownBy(() -> producer.output().checkNothingMissing())
        .isInstanceOf(NondeterminismException.class)
        .hasMessageContaining("record 3")
        .hasMessageContaining("record 2");
  }

  @Test
  void whatWasDroppedIsNotServed() throws Exception {
    Exchange producer = producer(1, Snapshot.getDefaultInstance());
    producerLogs.goLive();
    Endpoint endpoint = producer.listen();
    emit(producer, 1L);
    producerLogs.beginEpoch(1);
    producer.output().barrier(1);
    producer.output().dropBefore(1);
    Exchange consumer = consumer(1, 0, 0);

    assertThatThrownBy(() -> connect(consumer, producer, endpoint, 1))
        .isInstanceOf(ExchangeException.class)
        .hasMessageContaining("STATUS_GONE");
  }

  @Test
  void aTaskThatRepeatsTakesExactlyWhatItAsksForAndLeavesTheRest() throws Exception {
    Exchange producer = producer(1, Snapshot.getDefaultInstance());
    producerLogs.goLive();
    Endpoint endpoint = producer.listen();
    emit(producer, 1L, 2L, 3L);
    emit(producer, 4L);
    producer.output().end();
    Exchange consumer = consumer(1, 0, 0);
    connect(consumer, producer, endpoint, 1);
    EventReader events = consumer.events();

    assertThat(takeOf(CHANNEL, events)).containsExactly(1L, 2L);
    assertThat(takeOf(CHANNEL, events)).containsExactly(3L); // the frame ends
    assertThat(take(consumer, producer)).containsExactly(4L, InputEvent.EndOfInput.class);
    assertThat(events.ended(CHANNEL)).isTrue();
    pump(() -> producer.output().acknowledged(), 20, producer);
    assertThat(producer.output().acknowledged()).isTrue();
  }

  private static Object[] takeOf(int channel, EventReader events) {
    return ((Records) events.nextOf(channel, 2)).batch().values();
  }

  @Test
  void whatIsReadAheadUpToTheEndGoesIntoAnotherIncarnation() throws Exception {
    Exchange producer = producer(1, Snapshot.getDefaultInstance());
    producerLogs.goLive();
    Endpoint endpoint = producer.listen();
    emit(producer, 1L, 2L, 3L);
    emit(producer, 4L);
    producer.output().end();
    Exchange consumer = consumer(1, 0, 0);
    connect(consumer, producer, endpoint, 1);
    assertThat(takeOf(CHANNEL, consumer.events())).hasSize(2);

    EventReader events = consumer.events();
    pump(
        () -> !events.readAhead(Long.MAX_VALUE) && events.unread().size() == 3,
        100,
        consumer,
        producer);
    Snapshot snapshot =
        Snapshot.newBuilder()
            .addAllInputs(events.positions())
            .addAllUnread(events.unread())
            .build();

    assertThat(snapshot.getInputs(0).getRecords()).isEqualTo(2);
    assertThat(snapshot.getInputs(0).getControls()).isZero();
    Exchange again = consumer(2, snapshot);
    assertThat(take(again, producer)).containsExactly(3L, 4L, InputEvent.EndOfInput.class);
    assertThat(again.events().ended(CHANNEL)).isTrue();
    assertThat(again.events().positions().get(0).getRecords()).isEqualTo(4);
    assertThat(again.events().positions().get(0).getControls()).isEqualTo(1);
  }

  @Test
  void nothingIsTakenFromABlockedChannel() throws Exception {
    FakeProducer one = new FakeProducer(directory.resolve("one.sock"));
    FakeProducer other = new FakeProducer(directory.resolve("other.sock"));
    try (one;
        other) {
      Exchange consumer = consumer(1, 0, 0);
      consumer.input().connect(CHANNEL, one.endpoint(), 1);
      consumer.input().connect(7, other.endpoint(), 1);
      consumer.poll(1);
      one.admit();
      other.admit();
      pump(() -> consumer.input().connected(), 100, consumer);
      one.say(frame(header(9, 0, 1), 1L));
      other.say(frame(header(4, 0, 0).setChannel(7).setBarrier(Barrier.newBuilder().setNumber(1))));
      other.say(frame(header(5, 0, 1).setChannel(7).setFirstControlSeq(1).setIncarnation(1), 2L));
      pump(() -> consumer.input().waitingFrames() == 2, 100, consumer);
      EventReader events = consumer.events();
      assertThat(events.nextOf(7, 1)).isEqualTo(new InputEvent.Barrier(7, 1, 0));

      assertThat(takeAll(consumer)).containsExactly(1L);
      assertThat(events.ready()).isFalse();

      one.say(
          frame(
              header(10, 1, 0)
                  .addDeltas(LogDelta.newBuilder().setTask(PRODUCER).addEntries(time(1)))
                  .setEndOfInput(EndOfInput.getDefaultInstance())));
      pump(events::ready, 100, consumer);
      assertThat(events.next()).isEqualTo(new InputEvent.EndOfInput(CHANNEL, 1));
      assertThat(held(consumerLogs)).hasSize(1);
      events.enterEpoch(1);
      assertThat(takeAll(consumer)).containsExactly(2L);
    }
  }

  /**
   * Answers that sum to more than goes into a frame, on their way down and back to who lost them.
   */
  @Test
  void logsThatAreLargerThanAFrameTravelInPieces() throws Exception {
    Exchange producer = producer(1, Snapshot.getDefaultInstance());
    producerLogs.goLive();
    Endpoint endpoint = producer.listen();
    List<Determinant> answers = new ArrayList<>();
    for (int i = 0; i < 30; i++) {
      answers.add(answer(i, 20_000));
    }
    answers.forEach(producerLogs::append);
    producer.output().emit(null, 1L);
    Exchange consumer = consumer(1, 0, 0);
    consumer.input().connect(CHANNEL, endpoint, 1);
    pump(() -> producer.output().connected(), 100, consumer, producer);
    Thread flushing = new Thread(() -> producer.output().flush());
    flushing.start();
    List<Object> taken = new ArrayList<>();
    while (flushing.isAlive() || taken.isEmpty()) {
      taken.addAll(poll(consumer));
    }
    flushing.join();
    assertThat(taken).containsExactly(1L);
    assertThat(held(consumerLogs).stream().flatMap(delta -> delta.getEntriesList().stream()))
        .containsExactlyElementsOf(answers);

    producer.close();
    pump(() -> false, 3, consumer);
    producerLogs = logs(PRODUCER, 0);
    Exchange again = producer(2, Snapshot.getDefaultInstance());
    consumer.input().connect(CHANNEL, again.listen(), 2);
    pump(() -> again.output().connected() && consumer.input().connected(), 1000, consumer, again);
    var cursor = producerLogs.startReplay("numbers");
    for (Determinant answer : answers) {
      assertThat(cursor.next()).isEqualTo(answer);
      producerLogs.append(answer);
    }
    assertThat(cursor.exhausted()).isTrue();
    emit(again, 1L, 2L);
    assertThat(take(consumer, again)).containsExactly(2L);
  }

  @Test
  void aProducerDoesNotTakeALogForWholeWhoseConsumerHasHungUp() throws Exception {
    producerLogs = logs(PRODUCER, 0);
    Exchange again = producer(2, Snapshot.getDefaultInstance());
    Endpoint endpoint = again.listen();
    Exchange consumer = consumer(1, 0, 0);
    for (int i = 0; i < 30; i++) {
      consumerLogs.merge(
          List.of(
              LogDelta.newBuilder()
                  .setTask(PRODUCER)
                  .setOffset(i)
                  .addEntries(answer(i, 90_000))
                  .build()));
    }
    consumer.input().connect(CHANNEL, endpoint, 2);
    pump(() -> consumer.input().connected(), 3, consumer, again);
    assertThat(again.output().connected()).isFalse();
    consumer.close();
    pump(() -> false, 20, again);

    assertThat(again.output().connected()).isFalse();
  }

  private static List<Object> poll(Exchange consumer) {
    consumer.poll(1);
    return takeAll(consumer);
  }

  private static List<LogDelta> held(TaskLogs logs) {
    return logs.held(List.of()).apply(Integer.MAX_VALUE).deltas();
  }

  private static Determinant answer(int number, int size) {
    byte[] encoded = new byte[size];
    encoded[0] = (byte) number;
    return Determinant.newBuilder()
        .setValue(Determinant.Value.newBuilder().setEncoded(ByteString.copyFrom(encoded)))
        .build();
  }

  private static Determinant time(long ms) {
    return Determinant.newBuilder().setTime(Determinant.Time.newBuilder().setMs(ms)).build();
  }
}
