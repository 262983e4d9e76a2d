package org.anabranch.runtime.task.run;

import org.anabranch.runtime.exchange.input.InputEvent;
import org.anabranch.runtime.exchange.wire.Guarantee;

/** The run of a task in a job without checkpoints: nothing is remembered, nothing is repeated. */
final class PlainRun extends Run {

  PlainRun(RunningTask task) {
    super(task);
  }

  @Override
  public Guarantee guarantee() {
    return new Guarantee.None();
  }

  @Override
  public Choices choices() {
    return Choices.free(() -> 0);
  }

  @Override
  public boolean takesCheckpoints() {
    return false;
  }

  @Override
  public long epoch() {
    return 0;
  }

  @Override
  void live() {
    chain.open();
    task.running();
    runOperators();
    chain.end();
    output.end();
    while (!output.acknowledged()) {
      exchange.await();
    }
  }

  @Override
  void runInput() {
    while (!events.ended()) {
      task.runMailbox();
      if (awaitEvent() instanceof InputEvent.Records records) {
        task.handle(records);
      }
    }
  }
}
