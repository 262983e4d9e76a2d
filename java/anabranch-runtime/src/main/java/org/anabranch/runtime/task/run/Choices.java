package org.anabranch.runtime.task.run;

import java.util.concurrent.Callable;
import java.util.function.LongSupplier;

/** Answers what a second run of a task could find otherwise. */
public interface Choices {

  /**
   * Returns answers that nobody will ask for again.
   *
   * @param epoch gives the number of the checkpoint that the task has taken last
   */
  static Choices free(LongSupplier epoch) {
    return new Choices() {
      @Override
      public long now() {
        return System.currentTimeMillis();
      }

      @Override
      public <T> T value(Callable<T> call) throws Exception {
        return call.call();
      }

      @Override
      public long epoch() {
        return epoch.getAsLong();
      }
    };
  }

  /** Returns the time in milliseconds since 1970-01-01T00:00Z. */
  long now();

  /** Returns what the call returns, or has returned in the run before. */
  <T> T value(Callable<T> call) throws Exception;

  /** Returns the number of the checkpoint that the task has taken last. */
  long epoch();

  /** Returns true while what is asked has no place in the order of what the task repeats. */
  default boolean quiet() {
    return false;
  }
}
