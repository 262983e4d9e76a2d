package org.anabranch.runtime.task;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.anabranch.runtime.task.BusyWatch.Busy;
import org.junit.jupiter.api.Test;

class BusyWatchTest {
  private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

  private static long millis(BusyWatch watch, long now, long busySince) {
    return watch.look(now * SECOND, busySince * SECOND).millis();
  }

  @Test
  void whatIsNotForLongIsNotSaid() {
    BusyWatch watch = new BusyWatch(new Thread(), 10_000);

    assertThat(watch.look(7 * SECOND, 0)).isEqualTo(new Busy(0, ""));
    assertThat(millis(watch, 11, 10)).isZero();
    assertThat(millis(watch, 12, 10)).isEqualTo(2000);
  }

  @Test
  void itIsLookedAtAgainAfterTwiceTheTime() {
    BusyWatch watch = new BusyWatch(new Thread(), 10_000);

    assertThat(millis(watch, 13, 10)).isEqualTo(3000);
    assertThat(millis(watch, 15, 10)).isEqualTo(3000);
    assertThat(millis(watch, 16, 10)).isEqualTo(6000);
    assertThat(millis(watch, 30, 28)).as("another batch").isEqualTo(2000);
  }

  @Test
  void itIsInTimeForAWarningOfAStall() {
    assertThat(millis(new BusyWatch(new Thread(), 1000), 11, 10)).isEqualTo(1000);
    assertThat(millis(new BusyWatch(new Thread(), 0), 11, 10)).isZero();
  }
}
