package org.anabranch.runtime.replay;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Set;
import org.anabranch.proto.v1.LogDelta;
import org.junit.jupiter.api.Test;

class TaskLogsTest {
  private static final int TASK = 1;

  private final TaskLogs logs =
      new TaskLogs(
          TASK,
          4,
          new SpillBudget(1 << 20, new HeapShare(1 << 20), Path.of("unused")),
          Set.of(7, 8));

  private static LogDelta delta(int task) {
    return LogDelta.newBuilder()
        .setTask(task)
        .setEpoch(4)
        .addEntries(Determinants.time(task))
        .build();
  }

  @Test
  void ofWhatItsConsumersHoldATaskTakesItsOwnLogAndThoseUpstream() {
    for (int task : new int[] {TASK, 7, 9}) {
      logs.consumerHolds(logs.piggyback(), delta(task));
    }

    assertThat(logs.wantedTasks()).containsExactlyInAnyOrder(TASK, 7, 8);
    assertThat(logs.held(Set.of()).apply(1 << 20).deltas()).containsExactly(delta(7));
    assertThat(logs.startReplay("task").peek()).isEqualTo(Determinants.time(TASK));
  }
}
