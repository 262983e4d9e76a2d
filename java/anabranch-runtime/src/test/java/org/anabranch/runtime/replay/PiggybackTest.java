package org.anabranch.runtime.replay;

import static org.anabranch.runtime.replay.Determinants.isPrefix;
import static org.anabranch.runtime.replay.Determinants.nonEmpty;
import static org.anabranch.runtime.replay.Determinants.order;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.util.List;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.anabranch.proto.v1.Determinant;
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

  /** Takes all that is due, however much it is. */
  private static List<LogDelta> all(
      Piggyback piggyback, int task, DeterminantLog own, HeldLogs held) {
    Piece piece = piggyback.next(task, own, held, Integer.MAX_VALUE);
    assertThat(piece.full()).isFalse();
    return piece.deltas();
  }

  @Test
  void everyEntryGoesOutOnce() {
    Piggyback piggyback = new Piggyback(0, Set.of());
    own.append(order(1));
    own.append(order(2));
    assertThat(all(piggyback, OWN, own, held)).containsExactly(delta(OWN, 0, 0, 1, 2));
    assertThat(all(piggyback, OWN, own, held)).isEmpty();

    own.append(order(3));
    own.beginEpoch(1);
    own.append(order(4));
    assertThat(all(piggyback, OWN, own, held))
        .containsExactly(delta(OWN, 0, 2, 3), delta(OWN, 1, 0, 4));
    assertThat(all(piggyback, OWN, own, held)).isEmpty();
  }

  @Test
  void onlyLogsWithinTheSharingDepthGoAlong() {
    held.merge(delta(UPSTREAM, 0, 0, 5));
    held.merge(delta(9, 0, 0, 6));

    assertThat(all(new Piggyback(0, Set.of(UPSTREAM)), OWN, own, held))
        .containsExactly(delta(UPSTREAM, 0, 0, 5));
  }

  @Test
  void afterAResetTheConsumerGetsEverythingAgain() {
    Piggyback piggyback = new Piggyback(0, Set.of(UPSTREAM));
    held.merge(delta(UPSTREAM, 1, 0, 5));
    own.append(order(1));
    own.beginEpoch(1);
    own.append(order(2));
    all(piggyback, OWN, own, held);
    piggyback.reset(1);

    assertThat(all(piggyback, OWN, own, held))
        .containsExactly(delta(OWN, 1, 0, 2), delta(UPSTREAM, 1, 0, 5));
  }

  @Test
  void whatTheConsumerKnowsIsNotSentWhileTheTaskRepeatsIt() {
    Piggyback piggyback = new Piggyback(0, Set.of());
    piggyback.setSent(OWN, 0, 2);
    own.append(order(1));
    assertThat(all(piggyback, OWN, own, held)).isEmpty();
    own.append(order(2));
    assertThat(all(piggyback, OWN, own, held)).isEmpty();
    own.append(order(3));
    assertThat(all(piggyback, OWN, own, held)).containsExactly(delta(OWN, 0, 2, 3));
  }

  /**
   * However small the pieces, they hold everything once and in order, and no piece is too large.
   */
  @Property(tries = 200)
  void piecesAddUpToTheWhole(@ForAll long seed) {
    Random random = new Random(seed);
    for (int step = 0; step < random.nextInt(40); step++) {
      switch (random.nextInt(4)) {
        case 0 -> own.append(answer(random.nextInt(300)));
        case 1 -> own.beginEpoch(own.epoch() + 1);
        default -> {
          int task = 5 + random.nextInt(2);
          held.merge(
              LogDelta.newBuilder()
                  .setTask(task)
                  .setOffset(held.logOf(task).getOrDefault(0L, List.of()).size())
                  .addEntries(answer(random.nextInt(300)))
                  .build());
        }
      }
    }
    Piggyback inPieces = new Piggyback(0, null);
    int room = 1 + random.nextInt(400);
    HeldLogs received = new HeldLogs(0);
    Piece piece;
    do {
      piece = inPieces.next(OWN, own, held, room);
      int entries = piece.deltas().stream().mapToInt(LogDelta::getEntriesCount).sum();
      int bytes = piece.deltas().stream().mapToInt(LogDelta::getSerializedSize).sum();
      assertThat(entries == 1 || bytes <= room).isTrue();
      piece.deltas().forEach(received::merge);
    } while (piece.full());

    assertThat(nonEmpty(received.logOf(OWN))).isEqualTo(nonEmpty(own.epochs()));
    for (int task = 5; task < 7; task++) {
      assertThat(nonEmpty(received.logOf(task))).isEqualTo(nonEmpty(held.logOf(task)));
    }
    assertThat(inPieces.next(OWN, own, held, room).deltas()).isEmpty();
  }

  private static Determinant answer(int size) {
    return Determinant.newBuilder()
        .setValue(Determinant.Value.newBuilder().setEncoded(ByteString.copyFrom(new byte[size])))
        .build();
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
        case 3 -> deliver(all(toOwn, UPSTREAM, upstream, new HeldLogs(0)), held, random);
        case 4, 5 -> deliver(all(toConsumers[which], OWN, own, held), consumers[which], random);
        case 6 -> { // a barrier passes: nothing of the epoch before comes after it
          upstream.beginEpoch(upstream.epoch() + 1);
          deliver(all(toOwn, UPSTREAM, upstream, new HeldLogs(0)), held, random);
          own.beginEpoch(own.epoch() + 1);
          if (random.nextBoolean()) {
            oldest = own.epoch();
            upstream.dropBefore(oldest);
            for (int i = 0; i < 2; i++) {
              deliver(all(toConsumers[i], OWN, own, held), consumers[i], random);
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
      deliver(all(toConsumers[i], OWN, own, held), consumers[i], random);

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
