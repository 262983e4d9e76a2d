package org.anabranch.runtime.task.run;

import org.anabranch.proto.v1.Snapshot;
import org.anabranch.runtime.exchange.input.InputEvent;
import org.anabranch.runtime.exchange.wire.Guarantee;

/**
 * The run of a task whose records count at least once: nothing is logged, no channel waits at a
 * barrier, and after a failure all tasks of the job roll back to a checkpoint together.
 *
 * <p>The state of a checkpoint may hold records that came after its barrier on one channel before
 * the barrier has come on another. Those come again after a failure.
 */
final class AtLeastOnceRun extends CheckpointedRun {
  private long epoch;

  AtLeastOnceRun(RunningTask task) {
    super(task);
    epoch = restore.getNumber();
  }

  @Override
  public Guarantee guarantee() {
    return new Guarantee.AtLeastOnce();
  }

  @Override
  public Choices choices() {
    return Choices.free(this::epoch);
  }

  @Override
  public long epoch() {
    return epoch;
  }

  @Override
  void open() {
    openRestored();
    task.running();
  }

  @Override
  void runInput() {
    while (!events.ended()) {
      task.runMailbox();
      takeTriggered();
      InputEvent event = awaitEvent();
      if (event != null) {
        handle(event);
      }
    }
  }

  @Override
  void enterEpoch(long number) {
    epoch = number;
  }

  @Override
  void quietly(Runnable action) {
    action.run();
  }

  @Override
  boolean repeatSource() {
    return false;
  }

  @Override
  void beforeTrigger(long number) {}

  @Override
  void beforeFinish() {}

  @Override
  void afterFinish() {}

  @Override
  void afterEnd() {}

  @Override
  void complete(Snapshot.Builder snapshot) {}

  @Override
  void forget(long number) {}
}
