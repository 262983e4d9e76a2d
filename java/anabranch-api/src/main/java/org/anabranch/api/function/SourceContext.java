package org.anabranch.api.function;

/**
 * Where a source emits its records.
 *
 * @param <T> type of the records
 */
@FunctionalInterface
public interface SourceContext<T> extends Collector<T> {

  /**
   * Returns how many records the job would like from this call of {@code fetch}, at least 1.
   *
   * <p>It follows the time that the records take where they go. A source need not ask; but only
   * between two calls the job can take a checkpoint, so one that always emits many delays it where
   * its records take long.
   */
  default int wanted() {
    return 1024;
  }
}
