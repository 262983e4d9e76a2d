package org.anabranch.runtime.replay;

import static org.anabranch.runtime.replay.Determinants.nonEmpty;
import static org.anabranch.runtime.replay.Determinants.order;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Queue;
import java.util.Random;
import java.util.TreeMap;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.anabranch.proto.v1.Determinant;
import org.anabranch.proto.v1.LogDelta;
import org.junit.jupiter.api.Test;

class HeldLogsTest {
  private static final int TASK = 7;

  private final HeldLogs held = new HeldLogs(0);

  @Provide
  Arbitrary<NavigableMap<Long, List<Determinant>>> logs() {
    return Determinants.logs();
  }

  private static LogDelta delta(long epoch, long offset, List<Determinant> entries) {
    return LogDelta.newBuilder()
        .setTask(TASK)
        .setEpoch(epoch)
        .setOffset(offset)
        .addAllEntries(entries)
        .build();
  }

  private static LogDelta delta(long epoch, long offset, Determinant... entries) {
    return delta(epoch, offset, List.of(entries));
  }

  /** A prefix of the log as one channel may bring it: in pieces, some of which come again. */
  private static Queue<LogDelta> route(
      NavigableMap<Long, List<Determinant>> log, int length, Random random) {
    List<LogDelta> pieces = new ArrayList<>();
    int left = length;
    for (Map.Entry<Long, List<Determinant>> epoch : log.entrySet()) {
      int end = Math.min(left, epoch.getValue().size());
      left -= end;
      int at = 0;
      while (at < end) {
        int to = at + 1 + random.nextInt(end - at);
        int from = random.nextInt(at + 1);
        pieces.add(delta(epoch.getKey(), from, epoch.getValue().subList(from, to)));
        if (random.nextInt(4) == 0) {
          pieces.add(pieces.get(random.nextInt(pieces.size())));
        }
        at = to;
      }
    }
    return new ArrayDeque<>(pieces);
  }

  /** Returns the number of entries that are held of a task, by epoch. */
  private static Map<Long, Long> lengths(HeldLogs held, int task) {
    Map<Long, Long> lengths = new TreeMap<>();
    held.logOf(task).forEach((epoch, entries) -> lengths.put(epoch, (long) entries.size()));
    return lengths;
  }

  private static NavigableMap<Long, List<Determinant>> prefix(
      NavigableMap<Long, List<Determinant>> log, int length) {
    NavigableMap<Long, List<Determinant>> prefix = new TreeMap<>();
    int left = length;
    for (Map.Entry<Long, List<Determinant>> epoch : log.entrySet()) {
      int end = Math.min(left, epoch.getValue().size());
      prefix.put(epoch.getKey(), epoch.getValue().subList(0, end));
      left -= end;
    }
    return prefix;
  }

  private static int size(NavigableMap<Long, List<Determinant>> log) {
    return log.values().stream().mapToInt(List::size).sum();
  }

  @Property
  void howeverRoutesInterleaveTheLongestPrefixResults(
      @ForAll("logs") NavigableMap<Long, List<Determinant>> log,
      @ForAll @IntRange(min = 1, max = 4) int routes,
      @ForAll long seed) {
    Random random = new Random(seed);
    List<Queue<LogDelta>> waiting = new ArrayList<>();
    int longest = 0;
    for (int i = 0; i < routes; i++) {
      int length = random.nextInt(size(log) + 1);
      longest = Math.max(longest, length);
      waiting.add(route(log, length, random));
    }
    HeldLogs merged = new HeldLogs(0);
    while (!waiting.isEmpty()) {
      Queue<LogDelta> route = waiting.get(random.nextInt(waiting.size()));
      if (route.isEmpty()) {
        waiting.remove(route);
      } else {
        merged.merge(route.poll());
        assertThat(Determinants.isPrefix(merged.logOf(TASK), log)).isTrue();
      }
    }

    assertThat(nonEmpty(merged.logOf(TASK))).isEqualTo(nonEmpty(prefix(log, longest)));
  }

  @Property
  void ofAllCopiesInAnyOrderTheLongestResults(
      @ForAll("logs") NavigableMap<Long, List<Determinant>> log,
      @ForAll List<@IntRange(max = 40) Integer> lengths,
      @ForAll long seed) {
    List<Integer> shuffled = new ArrayList<>(lengths);
    Collections.shuffle(shuffled, new Random(seed));
    HeldLogs merged = new HeldLogs(0);
    for (int length : shuffled) {
      prefix(log, length)
          .forEach(
              (epoch, entries) ->
                  merged.merge(
                      LogDelta.newBuilder()
                          .setTask(TASK)
                          .setEpoch(epoch)
                          .addAllEntries(entries)
                          .build()));
    }

    int longest = lengths.stream().mapToInt(Integer::intValue).max().orElse(0);
    assertThat(nonEmpty(merged.logOf(TASK))).isEqualTo(nonEmpty(prefix(log, longest)));
  }

  @Property
  void whatIsRetainedDoesNotDependOnWhenTheOldIsDropped(
      @ForAll("logs") NavigableMap<Long, List<Determinant>> log,
      @ForAll @IntRange(max = 6) int oldest,
      @ForAll long seed) {
    Random random = new Random(seed);
    Queue<LogDelta> route = route(log, size(log), random);
    HeldLogs merged = new HeldLogs(0);
    int dropAfter = random.nextInt(route.size() + 1);
    for (int i = 0; !route.isEmpty(); i++) {
      if (i == dropAfter) {
        merged.dropBefore(oldest);
      }
      merged.merge(route.poll());
    }
    merged.dropBefore(oldest);

    assertThat(nonEmpty(merged.logOf(TASK))).isEqualTo(nonEmpty(log.tailMap((long) oldest)));
  }

  @Test
  void aGapIsRefused() {
    held.merge(delta(0, 0, order(1), order(2)));

    assertThatThrownBy(() -> held.merge(delta(0, 3, order(4))))
        .isInstanceOf(RecoveryException.class)
        .hasMessage("the log of task 7 goes on at entry 3 of epoch 0, of which only 2 are known");
    assertThatThrownBy(() -> held.merge(delta(1, 1, order(4))))
        .isInstanceOf(RecoveryException.class);
    assertThat(lengths(held, TASK)).isEqualTo(Map.of(0L, 2L));
  }

  @Test
  void anOffsetBeyondTheSignedRangeIsAGap() {
    assertThatThrownBy(() -> held.merge(delta(0, -1, order(4))))
        .isInstanceOf(RecoveryException.class)
        .hasMessageContaining("entry 18446744073709551615 of epoch 0");
  }

  @Test
  void anotherEntryAtAKnownPlaceIsRefused() {
    held.merge(delta(0, 0, order(1), order(2)));

    assertThatThrownBy(() -> held.merge(delta(0, 1, Determinants.time(2), order(3))))
        .isInstanceOf(RecoveryException.class)
        .hasMessage("two copies of the log of task 7 differ at entry 1 of epoch 0: ORDER and TIME");
    assertThat(lengths(held, TASK)).isEqualTo(Map.of(0L, 2L));
  }

  @Test
  void anEpochThatHasEndedDoesNotGetLonger() {
    held.merge(delta(0, 0, order(1)));
    held.merge(delta(1, 0, order(2)));

    assertThatThrownBy(() -> held.merge(delta(0, 1, order(3))))
        .isInstanceOf(RecoveryException.class)
        .hasMessage("the log of task 7 gets longer in epoch 0, which had ended");
  }

  @Test
  void logsAreKeptByTask() {
    held.merge(delta(0, 0, order(1)));

    assertThat(held.tasks()).containsExactly(TASK);
    assertThat(held.logOf(TASK)).isEqualTo(Map.of(0L, List.of(order(1))));
    assertThat(held.logOf(TASK + 1)).isEmpty();
    assertThat(lengths(held, TASK + 1)).isEmpty();
  }

  @Test
  void whatIsOlderThanTheOldestEpochIsPassedOver() {
    held.dropBefore(3);
    held.merge(delta(2, 5, order(1)));

    assertThat(held.logOf(TASK)).isEmpty();
  }
}
