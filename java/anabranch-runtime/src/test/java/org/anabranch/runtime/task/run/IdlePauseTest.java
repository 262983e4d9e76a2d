package org.anabranch.runtime.task.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class IdlePauseTest {
  private final IdlePause pause = new IdlePause();
  private long now = TimeUnit.SECONDS.toNanos(1000);

  private long fetch(double seconds, boolean collected) {
    long began = now;
    now += (long) (seconds * 1e9);
    return pause.after(began, now, collected);
  }

  /** Asks again and again, as a task does, for so many seconds. */
  private long idleFor(double seconds) {
    long end = now + (long) (seconds * 1e9);
    long last = 0;
    while (now < end) {
      last = fetch(0, false);
      now += TimeUnit.MILLISECONDS.toNanos(last);
    }
    return last;
  }

  @Test
  void itGrowsToTenMillisecondsAtOnceAndFurtherOnlyAfterASecond() {
    assertThat(fetch(0, false)).isEqualTo(1);
    assertThat(idleFor(0.9)).isEqualTo(10);
    assertThat(idleFor(2)).isBetween(25L, 30L);
  }

  @Test
  void itEndsAtATenthOfASecond() {
    assertThat(idleFor(60)).isEqualTo(100);
  }

  @Test
  void aRecordBeginsItAgain() {
    idleFor(20);

    assertThat(fetch(0, true)).isZero();
    assertThat(fetch(0, false)).isEqualTo(1);
    assertThat(idleFor(0.9)).isEqualTo(10);
  }

  @Test
  void aSourceThatWaitsItselfIsAskedAgainAtOnce() {
    for (int i = 0; i < 30; i++) {
      assertThat(fetch(1, false)).isZero();
    }
    assertThat(fetch(0.04, false)).isEqualTo(60);
  }
}
