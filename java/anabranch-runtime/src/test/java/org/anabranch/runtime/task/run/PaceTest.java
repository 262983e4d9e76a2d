package org.anabranch.runtime.task.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class PaceTest {
  @Test
  void aSlowTaskTakesFewRecordsAtOnceAndAFastOneMany() {
    Pace pace = new Pace();
    assertThat(pace.most()).isEqualTo(1);

    pace.learn(1, 1000);
    assertThat(pace.most()).isGreaterThan(10_000);

    pace.learn(1000, TimeUnit.SECONDS.toNanos(10));
    assertThat(pace.most()).isEqualTo(5);

    pace.learn(1, TimeUnit.MINUTES.toNanos(1));
    assertThat(pace.most()).isEqualTo(1);
  }
}
