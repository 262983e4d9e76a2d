package org.anabranch.runtime.task;

import static org.anabranch.runtime.task.Lifecycle.CANCELLED;
import static org.anabranch.runtime.task.Lifecycle.CREATED;
import static org.anabranch.runtime.task.Lifecycle.FAILED;
import static org.anabranch.runtime.task.Lifecycle.FINISHED;
import static org.anabranch.runtime.task.Lifecycle.RUNNING;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class LifecycleTest {

  private static List<Lifecycle> after(Lifecycle state) {
    return Arrays.stream(Lifecycle.values()).filter(state::mayBecome).toList();
  }

  @Test
  void onlyTheTransitionsOfTheChartAreLegal() {
    assertThat(after(CREATED)).containsExactly(RUNNING, FAILED, CANCELLED);
    assertThat(after(RUNNING)).containsExactly(FINISHED, FAILED, CANCELLED);
    assertThat(after(FINISHED)).containsExactly(FAILED);
    assertThat(after(FAILED)).isEmpty();
    assertThat(after(CANCELLED)).isEmpty();
    for (Lifecycle last : List.of(FINISHED, FAILED, CANCELLED)) {
      assertThat(last.hasEnded()).isTrue();
    }
  }

  @Test
  void everyStateHasItsOwnOnTheWire() {
    assertThat(Arrays.stream(Lifecycle.values()).map(Lifecycle::wire).distinct()).hasSize(5);
  }
}
