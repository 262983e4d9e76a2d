package org.anabranch.runtime.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Random;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.anabranch.proto.v1.FrameHeader;
import org.anabranch.proto.v1.LogDelta;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InFlightLogTest {
  private static final int PADDING = 3;

  @TempDir Path directory;

  private record Sent(FrameHeader header, ByteString payload) {}

  /** What a task has that alone uses a large heap. */
  private static SpillBudget budget(long bytes, Path directory) {
    return new SpillBudget(bytes, new HeapShare(Long.MAX_VALUE), directory);
  }

  private static FrameHeader header(long seq, long epoch) {
    return FrameHeader.newBuilder().setChannel(4).setSeq(seq).setEpoch(epoch).build();
  }

  private static Sent append(InFlightLog log, long epoch, int payloadBytes) {
    byte[] array = new byte[payloadBytes + 2 * PADDING];
    new Random(log.nextSeq()).nextBytes(array);
    Sent sent =
        new Sent(header(log.nextSeq(), epoch), ByteString.copyFrom(array, PADDING, payloadBytes));
    log.append(sent.header(), array, PADDING, payloadBytes);
    array[PADDING] ^= 1; // its owner uses it again
    return sent;
  }

  private static Sent next(InFlightLog.Cursor cursor) {
    long seq = cursor.seq();
    SentFrame frame = cursor.next();
    if (frame == null) {
      return null;
    }
    assertThat(frame.seq()).isEqualTo(seq);
    try {
      return new Sent(FrameHeader.parseFrom(frame.header()), ByteString.copyFrom(frame.payload()));
    } catch (InvalidProtocolBufferException e) {
      throw new AssertionError(e);
    }
  }

  private static List<Path> files(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.toList();
    }
  }

  @Test
  void framesComeBackInOrderFromAnywhere() {
    InFlightLog log = new InFlightLog("c4", budget(1000, directory), 0);
    List<Sent> sent = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      sent.add(append(log, i / 6, 10 * i));
    }

    for (int from = 0; from <= 20; from++) {
      InFlightLog.Cursor cursor = log.framesFrom(from);
      for (Sent expected : sent.subList(from, 20)) {
        assertThat(next(cursor)).isEqualTo(expected);
      }
      assertThat(cursor.next()).isNull();
    }
  }

  @Test
  void aFrameOutOfTurnIsRefused() {
    InFlightLog log = new InFlightLog("c4", budget(1000, directory), 5);
    append(log, 2, 10);

    assertThatThrownBy(() -> log.append(header(5, 2), new byte[0], 0, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("frame 5 of epoch 2 is not frame 6 of epoch 2 or later");
    assertThatThrownBy(() -> log.append(header(7, 2), new byte[0], 0, 0))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> log.append(header(6, 1), new byte[0], 0, 0))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(log.nextSeq()).isEqualTo(6);
  }

  @Test
  void aHeaderLosesItsDeltasAndMayGetOthers() throws IOException {
    InFlightLog log = new InFlightLog("c4", budget(1000, directory), 0);
    FrameHeader bare =
        header(0, 3).toBuilder().setNRecords(9).setFirstRecordSeq(1).setHasKeys(true).build();
    log.append(
        bare.toBuilder().addDeltas(LogDelta.newBuilder().setTask(1)).build(), new byte[1], 0, 1);
    ByteString kept = ByteString.copyFrom(log.framesFrom(0).next().header());
    FrameHeader others =
        FrameHeader.newBuilder().addDeltas(LogDelta.newBuilder().setTask(2)).build();

    assertThat(FrameHeader.parseFrom(kept)).isEqualTo(bare);
    assertThat(FrameHeader.parseFrom(kept.concat(others.toByteString())))
        .isEqualTo(bare.toBuilder().mergeFrom(others).build());
  }

  @Test
  void aFrameThatWasDroppedCannotBeRead() {
    InFlightLog log = new InFlightLog("c4", budget(1000, directory), 0);
    append(log, 0, 1);
    append(log, 1, 1);
    InFlightLog.Cursor cursor = log.framesFrom(0);
    log.dropBefore(1);

    assertThatThrownBy(cursor::next)
        .isInstanceOf(NoSuchElementException.class)
        .hasMessage("frame 0 of c4 was dropped, frames from 1 on are held");
    assertThatThrownBy(() -> log.framesFrom(0)).isInstanceOf(NoSuchElementException.class);
    assertThat(log.framesFrom(1).next()).isNotNull();
  }

  @Test
  void aCursorMayWaitForFramesThatAreYetToCome() {
    InFlightLog log = new InFlightLog("c4", budget(1000, directory), 0);
    InFlightLog.Cursor cursor = log.framesFrom(1);
    append(log, 0, 1);
    assertThat(cursor.next()).isNull();
    Sent sent = append(log, 0, 1);

    assertThat(next(cursor)).isEqualTo(sent);
    assertThat(cursor.next()).isNull();
  }

  @Test
  void filesAreMadeWhenNeededAndHaveNoName() throws IOException {
    SpillBudget budget = budget(1000, directory);
    InFlightLog log = new InFlightLog("c4", budget, 0);
    append(log, 0, 400);
    append(log, 0, 400);
    assertThat(log.spilledBytes()).isZero();
    append(log, 0, 400);

    assertThat(log.spilledBytes()).isPositive();
    assertThat(files(directory)).isEmpty();
    assertThat(log.heldBytes()).isEqualTo(budget.heldBytes()).isBetween(0L, 1000L);
  }

  @Test
  void theLargestLogMakesRoomForTheOthers() {
    SpillBudget budget = budget(10_000, directory);
    InFlightLog small = new InFlightLog("small", budget, 0);
    InFlightLog large = new InFlightLog("large", budget, 0);
    append(small, 0, 900);
    for (int i = 0; i < 9; i++) {
      append(large, 0, 900);
    }
    for (int i = 0; i < 3; i++) {
      append(small, 0, 900);
    }

    assertThat(large.spilledBytes()).isPositive();
    assertThat(small.spilledBytes()).isZero();
  }

  @Test
  void tasksShareTheHeapForAsLongAsTheyHaveLogs() {
    HeapShare heap = new HeapShare(10 << 20);
    SpillBudget budget = new SpillBudget(100 << 20, heap, directory);
    SpillBudget ofOther = new SpillBudget(100 << 20, heap, directory);
    InFlightLog log = new InFlightLog("c4", budget, 0);
    fill(log, 9 << 20);
    assertThat(log.spilledBytes()).as("while the other task has no log").isZero();

    InFlightLog first = new InFlightLog("c5", ofOther, 0);
    InFlightLog second = new InFlightLog("c6", ofOther, 0);
    append(log, 0, 100);
    assertThat(budget.heldBytes()).isBetween(3L << 20, 5L << 20);
    fill(first, 9 << 20);
    assertThat(ofOther.heldBytes()).isBetween(3L << 20, 5L << 20);

    first.close();
    fill(log, 9 << 20);
    assertThat(budget.heldBytes()).as("while the other has a log").isLessThan(5 << 20);

    second.close();
    second.close();
    long spilled = log.spilledBytes();
    fill(log, 5 << 20);
    assertThat(log.spilledBytes()).as("after the other has closed its logs").isEqualTo(spilled);
  }

  private static void fill(InFlightLog log, int bytes) {
    for (int i = 0; i < bytes; i += 64 << 10) {
      append(log, 0, 64 << 10);
    }
  }

  @Test
  void aLargeHeapDoesNotRaiseTheLimitOfATask() {
    SpillBudget budget = new SpillBudget(1 << 20, new HeapShare(10 << 20), directory);
    InFlightLog log = new InFlightLog("c4", budget, 0);
    fill(log, 9 << 20);

    assertThat(budget.heldBytes()).isBetween(1L, 1L << 20);
  }

  @Test
  void anInterruptThatIsPendingDoesNoHarm() {
    InFlightLog log = new InFlightLog("c4", budget(0, directory), 0);
    Thread.currentThread().interrupt();
    try {
      List<Sent> sent = List.of(append(log, 0, 10), append(log, 0, 10));
      InFlightLog.Cursor cursor = log.framesFrom(0);

      assertThat(List.of(next(cursor), next(cursor))).isEqualTo(sent);
    } finally {
      Thread.interrupted();
    }
  }

  @Test
  void aDirectoryThatCannotBeWrittenIsNamedAndNoFrameIsLost() {
    Path missing = directory.resolve("missing");
    SpillBudget budget = budget(0, missing);
    InFlightLog log = new InFlightLog("c4", budget, 0);

    assertThatThrownBy(() -> append(log, 0, 10))
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageContaining(missing.toString())
        .hasMessageContaining("anabranch.inflight.spill-dir");
    assertThat(log.framesFrom(0).next()).isNotNull();
    assertThat(log.heldBytes()).isEqualTo(budget.heldBytes()).isPositive();
  }

  @Test
  void aClosedLogLeavesNothing() throws IOException {
    SpillBudget budget = budget(100, directory);
    InFlightLog log = new InFlightLog("c4", budget, 0);
    for (int i = 0; i < 20; i++) {
      append(log, i / 4, 50);
    }
    assertThat(log.spilledBytes()).isPositive();
    log.close();

    assertThat(log.spilledBytes()).isZero();
    assertThat(budget.heldBytes()).isZero();
  }

  /** Several logs with one budget against what each should hold. */
  @Property(tries = 100)
  void logsHoldWhatWasAppendedAndNotDropped(
      @ForAll @IntRange(max = 3000) int limit, @ForAll long seed) throws IOException {
    Path files = Files.createTempDirectory("inflight");
    Random random = new Random(seed);
    SpillBudget budget = budget(limit, files);
    List<InFlightLog> logs = new ArrayList<>();
    List<Deque<Sent>> expected = new ArrayList<>();
    List<InFlightLog.Cursor> cursors = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      logs.add(new InFlightLog("c" + i, budget, 10 * i));
      expected.add(new ArrayDeque<>());
      cursors.add(logs.get(i).framesFrom(10 * i));
    }
    long epoch = 0;
    for (int step = 0; step < 100; step++) {
      int i = random.nextInt(3);
      InFlightLog log = logs.get(i);
      Deque<Sent> held = expected.get(i);
      switch (random.nextInt(12)) {
        case 0 -> epoch += 1 + random.nextInt(2);
        case 1 -> {
          long oldest = epoch - random.nextInt(3);
          log.dropBefore(oldest);
          held.removeIf(frame -> frame.header().getEpoch() < oldest);
        }
        case 2, 3, 4 -> {
          if (cursors.get(i).seq() < log.firstSeq()) {
            cursors.set(i, log.framesFrom(log.firstSeq()));
          }
          long seq = cursors.get(i).seq();
          assertThat(next(cursors.get(i)))
              .isEqualTo(
                  held.stream().filter(f -> f.header().getSeq() == seq).findAny().orElse(null));
        }
        default -> held.add(append(log, epoch, random.nextInt(300)));
      }
      assertThat(log.firstSeq()).isEqualTo(log.nextSeq() - held.size());
      assertThat(budget.heldBytes()).isLessThanOrEqualTo(limit);
      assertThat(logs.stream().mapToLong(InFlightLog::heldBytes).sum())
          .isEqualTo(budget.heldBytes());
    }
    for (int i = 0; i < 3; i++) {
      InFlightLog.Cursor cursor = logs.get(i).framesFrom(logs.get(i).firstSeq());
      for (Sent frame : expected.get(i)) {
        assertThat(next(cursor)).isEqualTo(frame);
      }
      assertThat(cursor.next()).isNull();
      logs.get(i).close();
    }
    Files.delete(files); // fails if a file is left
  }
}
