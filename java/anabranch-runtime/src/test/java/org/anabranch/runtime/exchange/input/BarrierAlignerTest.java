package org.anabranch.runtime.exchange.input;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

/** When a task takes a checkpoint whose barrier comes on several channels. */
class BarrierAlignerTest {
  private static final List<Integer> CHANNELS = List.of(1, 2);
  private static final int FIRST = 5;

  private final BarrierAligner aligner = new BarrierAligner(4, true);

  @Test
  void aBarrierIsAlignedOnceItHasComeOnAllChannels() {
    assertThat(aligner.meet(5, 1)).isTrue();
    assertThat(aligner.aligned(CHANNELS)).isZero();
    assertThat(aligner.aligning()).isEqualTo(5);
    assertThat(aligner.meet(5, 2)).isTrue();
    assertThat(aligner.aligned(CHANNELS)).isEqualTo(5);
  }

  @Test
  void aChannelThatHasEndedIsNotWaitedFor() {
    aligner.meet(5, 1);

    assertThat(aligner.aligned(List.of(1))).isEqualTo(5);
    assertThat(aligner.aligned(List.of())).isEqualTo(5);
  }

  @Test
  void withoutABarrierNothingIsAlignedThoughAllChannelsHaveEnded() {
    assertThat(aligner.aligned(List.of())).isZero();
  }

  @Test
  void aLaterBarrierTakesThePlaceOfOneThatWasGivenUp() {
    aligner.meet(5, 1);

    assertThat(aligner.supersedes(6)).isTrue();
    assertThat(aligner.meet(6, 2)).isTrue();
    assertThat(aligner.aligned(CHANNELS)).isZero();
    assertThat(aligner.supersedes(6)).isFalse();
    assertThat(aligner.meet(6, 1)).isTrue();
    assertThat(aligner.aligned(CHANNELS)).isEqualTo(6);
  }

  @Test
  void aBarrierThatWasGivenUpDoesNotHoldItsChannel() {
    aligner.meet(6, 1);

    assertThat(aligner.meet(5, 2)).isFalse();
    aligner.meet(6, 2);
    aligner.enterEpoch(6);
    assertThat(aligner.meet(5, 2)).isFalse();
    assertThat(aligner.meet(6, 2)).isFalse();
    assertThat(aligner.aligned(CHANNELS)).isZero();
  }

  /** Each checkpoint has a barrier on the first channel, on the second, on both or on none. */
  @Property
  void onlyCheckpointsThatAllChannelsHaveAreAlignedEachOnceAndInOrder(
      @ForAll @Size(max = 12) List<@Size(2) List<Boolean>> taken, @ForAll Random order) {
    Map<Integer, List<Long>> barriers = Map.of(1, new ArrayList<>(), 2, new ArrayList<>());
    List<Long> onBoth = new ArrayList<>();
    for (int i = 0; i < taken.size(); i++) {
      long number = FIRST + i;
      List<Boolean> on = taken.get(i);
      CHANNELS.stream()
          .filter(each -> on.get(each - 1))
          .forEach(each -> barriers.get(each).add(number));
      if (on.get(0) && on.get(1)) {
        onBoth.add(number);
      }
    }
    BarrierAligner made = new BarrierAligner(4, true);
    Set<Integer> blocked = new HashSet<>();
    List<Long> passed = new ArrayList<>();

    while (true) {
      List<Integer> readable =
          CHANNELS.stream()
              .filter(each -> !blocked.contains(each) && !barriers.get(each).isEmpty())
              .toList();
      if (readable.isEmpty()) {
        break;
      }
      int channel = readable.get(order.nextInt(readable.size()));
      long number = barriers.get(channel).remove(0);
      if (made.supersedes(number)) {
        blocked.clear();
      }
      if (made.meet(number, channel)) {
        blocked.add(channel);
      }
      long aligned = made.aligned(CHANNELS);
      if (aligned != 0) {
        made.enterEpoch(aligned);
        passed.add(aligned);
        blocked.clear();
      }
    }

    assertThat(passed).isEqualTo(onBoth);
  }
}
