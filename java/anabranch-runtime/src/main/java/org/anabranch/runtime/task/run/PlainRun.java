package org.anabranch.runtime.task.run;

import org.anabranch.runtime.exchange.input.InputBatch;
import org.anabranch.runtime.exchange.input.InputGate;
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
    InputGate input = exchange.input();
    while (true) {
      task.runMailbox();
      InputBatch batch = input.next();
      if (batch == null) {
        exchange.poll(0);
        batch = input.next();
      }
      if (batch != null) {
        task.handle(batch);
      } else if (input.ended()) {
        return;
      } else {
        output.flush();
        // The flush may have waited for room, and input may have come meanwhile.
        if (input.waitingFrames() == 0) {
          exchange.await();
        }
      }
    }
  }
}
