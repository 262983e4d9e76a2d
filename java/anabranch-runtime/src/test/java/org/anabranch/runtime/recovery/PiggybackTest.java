package org.anabranch.runtime.recovery;

import static org.anabranch.runtime.recovery.Determinants.isPrefix;
import static org.anabranch.runtime.recovery.Determinants.nonEmpty;
import static org.anabranch.runtime.recovery.Determinants.order;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.anabranch.proto.v1.LogDelta;
import org.junit.jupiter.api.Test;

class PiggybackTest {
  private static final int OWN = 1;
  private static final int UPSTREAM = 0;

  private final DeterminantLog own = new DeterminantLog(0);
  private final HeldLogs held = new HeldLogs(0);

  private static LogDelta delta(int task, long epoch, long offset, int... channels) {
    LogDelta.Builder delta = LogDelta.newBuilder().setTask(task).setEpoch(epoch).setOffset(offset);
    for (int channel : channels) {
      delta.addEntries(order(channel));
    }
    return delta.build();
  }

  @Test
  void everyEntryGoesOutOnce() {
    Piggyback piggyback = new Piggyback(0, Set.of());
    own.append(order(1));
    own.append(order(2));
    assertThat(piggyback.deltas(OWN, own, held)).containsExactly(delta(OWN, 0, 0, 1, 2));
    assertThat(piggyback.deltas(OWN, own, held)).isEmpty();

    own.append(order(3));
    own.beginEpoch(1);
    own.append(order(4));
    assertThat(piggyback.deltas(OWN, own, held))
        .containsExactly(delta(OWN, 0, 2, 3), delta(OWN, 1, 0, 4));
    assertThat(piggyback.deltas(OWN, own, held)).isEmpty();
  }

  @Test
  void onlyLogsWithinTheSharingDepthGoAlong() {
    held.merge(delta(UPSTREAM, 0, 0, 5));
    held.merge(delta(9, 0, 0, 6));

    assertThat(new Piggyback(0, Set.of(UPSTREAM)).deltas(OWN, own, held))
        .containsExactly(delta(UPSTREAM, 0, 0, 5));
  }

  @Test
  void afterAResetTheConsumerGetsEverythingAgain() {
    Piggyback piggyback = new Piggyback(0, Set.of(UPSTREAM));
    held.merge(delta(UPSTREAM, 1, 0, 5));
    own.append(order(1));
    own.beginEpoch(1);
    own.append(order(2));
    piggyback.deltas(OWN, own, held);
    piggyback.reset(1);

    assertThat(piggyback.deltas(OWN, own, held))
        .containsExactly(delta(OWN, 1, 0, 2), delta(UPSTREAM, 1, 0, 5));
  }

  @Test
  void whatTheConsumerKnowsIsNotSentWhileTheTaskRepeatsIt() {
    Piggyback piggyback = new Piggyback(0, Set.of());
    piggyback.setSent(OWN, 0, 2);
    own.append(order(1));
    assertThat(piggyback.deltas(OWN, own, held)).isEmpty();
    own.append(order(2));
    assertThat(piggyback.deltas(OWN, own, held)).isEmpty();
    own.append(order(3));
    assertThat(piggyback.deltas(OWN, own, held)).containsExactly(delta(OWN, 0, 2, 3));
  }

  /**
   * A chain of two tasks with two consumers; the consumers are replaced, channels deliver late and
   * again, epochs end and are dropped. Whatever happens, copies are prefixes, and after the last
   * frames all know all.
   */
  @Property(tries = 300)
  void copiesArePrefixesOfTheLog(@ForAll long seed) {
    Random random = new Random(seed);
    DeterminantLog upstream = new DeterminantLog(0);
    DeterminantLog own = new DeterminantLog(0);
    HeldLogs held = new HeldLogs(0);
    Piggyback toOwn = new Piggyback(0, Set.of());
    Piggyback[] toConsumers = {
      new Piggyback(0, Set.of(UPSTREAM)), new Piggyback(0, Set.of(UPSTREAM))
    };
    HeldLogs[] consumers = {new HeldLogs(0), new HeldLogs(0)};
    long oldest = 0;
    for (int step = 0; step < 60; step++) {
      int which = random.nextInt(2);
      switch (random.nextInt(8)) {
        case 0, 1 -> upstream.append(order(step));
        case 2 -> own.append(order(step));
        case 3 -> deliver(toOwn.deltas(UPSTREAM, upstream, new HeldLogs(0)), held, random);
        case 4, 5 -> deliver(toConsumers[which].deltas(OWN, own, held), consumers[which], random);
        case 6 -> { // a barrier passes: nothing of the epoch before comes behind it
          upstream.beginEpoch(upstream.epoch() + 1);
          deliver(toOwn.deltas(UPSTREAM, upstream, new HeldLogs(0)), held, random);
          own.beginEpoch(own.epoch() + 1);
          if (random.nextBoolean()) {
            oldest = own.epoch();
            upstream.dropBefore(oldest);
            for (int i = 0; i < 2; i++) {
              deliver(toConsumers[i].deltas(OWN, own, held), consumers[i], random);
              consumers[i].dropBefore(oldest);
            }
            own.dropBefore(oldest);
            held.dropBefore(oldest);
          }
        }
        default -> { // a consumer is replaced
          consumers[which] = new HeldLogs(oldest);
          toConsumers[which].reset(oldest);
        }
      }
      for (HeldLogs consumer : consumers) {
        assertThat(isPrefix(consumer.logOf(OWN), own.epochs())).isTrue();
        assertThat(isPrefix(consumer.logOf(UPSTREAM), upstream.epochs())).isTrue();
      }
    }
    for (int i = 0; i < 2; i++) {
      deliver(toConsumers[i].deltas(OWN, own, held), consumers[i], random);

      assertThat(nonEmpty(consumers[i].logOf(OWN))).isEqualTo(nonEmpty(own.epochs()));
      assertThat(nonEmpty(consumers[i].logOf(UPSTREAM))).isEqualTo(nonEmpty(held.logOf(UPSTREAM)));
    }
  }

  private static void deliver(List<LogDelta> deltas, HeldLogs to, Random random) {
    for (int times = 1 + random.nextInt(2); times > 0; times--) {
      deltas.forEach(to::merge);
    }
  }
}
