package org.anabranch.runtime.task.run;

import org.anabranch.proto.v1.Barrier;
import org.anabranch.proto.v1.FrameHeader;
import org.anabranch.proto.v1.Snapshot;
import org.anabranch.runtime.exchange.input.Received;
import org.anabranch.runtime.exchange.input.UnalignedInputGate;
import org.anabranch.runtime.exchange.wire.Guarantee;

/**
 * The run of a task whose records count at least once: nothing is logged, no channel waits at a
 * barrier, and after a failure all tasks of the job roll back to a checkpoint together.
 *
 * <p>The state of a checkpoint may hold records that came after its barrier on one channel before
 * the barrier has come on another. Those come again after a failure.
 */
final class AtLeastOnceRun extends RecoverableRun {
  private long epoch;
  private long barrierAt;
  private UnalignedInputGate input;

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
  void opened() {
    super.opened();
    input = exchange.unalignedInput();
  }

  @Override
  void open() {
    openRestored();
    task.running();
  }

  @Override
  void runInput() {
    while (!input.ended()) {
      task.runMailbox();
      takeTriggered();
      Received received = awaitReceived();
      if (received == null) {
        continue;
      }
      if (received.batch() != null) {
        handle(received.batch());
      } else {
        meet(received.control());
      }
    }
  }

  private void meet(FrameHeader control) {
    if (control.hasBarrier()) {
      Barrier barrier = control.getBarrier();
      barrierAt = barrier.getTimestampMs();
    }
    // After the last end nothing has passed: there is the last snapshot, which needs no barrier.
    long passed = input.passed();
    if (passed > epoch) {
      takeCheckpoint(passed, barrierAt);
    }
  }

  @Override
  long aligning() {
    return 0;
  }

  @Override
  void passedBarriers() {}

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
  void beforeTrigger(long number, long timestampMillis) {}

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
