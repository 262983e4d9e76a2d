package org.anabranch.runtime.worker;

import java.util.concurrent.Callable;

/** Answers what a second run of a task could find otherwise. */
interface Choices {

  /** Answers that nobody will ask for again. */
  Choices FREE =
      new Choices() {
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
          return 0;
        }
      };

  /** Returns the time in milliseconds since 1970-01-01T00:00Z. */
  long now();

  /** Returns what the call returns, or has returned in the run before. */
  <T> T value(Callable<T> call) throws Exception;

  /** Returns the number of the checkpoint that the task has taken last. */
  long epoch();
}
