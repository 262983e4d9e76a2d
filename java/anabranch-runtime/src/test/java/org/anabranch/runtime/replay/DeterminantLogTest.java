package org.anabranch.runtime.replay;

import static org.anabranch.runtime.replay.Determinants.order;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.anabranch.proto.v1.Determinant;
import org.junit.jupiter.api.Test;

class DeterminantLogTest {
  private final DeterminantLog log = new DeterminantLog(2);

  @Test
  void entriesBelongToTheEpochInWhichTheyWereAppended() {
    log.append(order(1));
    log.append(order(2));
    log.beginEpoch(3);
    log.append(order(3));

    assertThat(log.entries(2, 0)).containsExactly(order(1), order(2));
    assertThat(log.entries(2, 1)).containsExactly(order(2));
    assertThat(log.entries(2, 2)).isEmpty();
    assertThat(log.entries(3, 0)).containsExactly(order(3));
    assertThat(log.length(2)).isEqualTo(2);
    assertThat(log.length(4)).isZero();
    assertThat(log.end()).isEqualTo(new LogPosition(3, 1));
  }

  @Test
  void whatWasReturnedDoesNotChange() {
    log.append(order(1));
    List<Determinant> before = log.entries(2, 0);
    log.append(order(2));

    assertThat(before).containsExactly(order(1));
  }

  @Test
  void anEntryThatIsNotThereIsNotReturned() {
    log.append(order(1));

    assertThatThrownBy(() -> log.entries(2, 2)).hasMessage("entry 2 of epoch 2, which has 1");
    assertThatThrownBy(() -> log.entries(1, 1)).hasMessage("entry 1 of epoch 1, which has 0");
    assertThatThrownBy(() -> log.entries(2, -1)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void epochsOnlyGoForward() {
    log.beginEpoch(7);

    assertThatThrownBy(() -> log.beginEpoch(7)).hasMessage("epoch 7 after epoch 7");
    assertThatThrownBy(() -> log.beginEpoch(3)).isInstanceOf(IllegalArgumentException.class);
    assertThat(log.epoch()).isEqualTo(7);
  }

  @Test
  void droppedEpochsAreGoneAndTheOthersStay() {
    log.append(order(1));
    log.beginEpoch(3);
    log.append(order(2));
    log.dropBefore(3);

    assertThat(log.epochs()).containsOnlyKeys(3L);
    assertThat(log.entries(3, 0)).containsExactly(order(2));
    assertThat(log.epoch()).isEqualTo(3);
  }

  @Test
  void droppingTheCurrentEpochBeginsTheNext() {
    log.append(order(1));
    log.dropBefore(5);

    assertThat(log.end()).isEqualTo(new LogPosition(5, 0));
    assertThat(log.length(2)).isZero();
  }
}
