package org.anabranch.api.function;

/**
 * Takes what a function emits.
 *
 * @param <T> type of the records
 */
@FunctionalInterface
public interface Collector<T> {

  /**
   * Emits a record. Records leave in the order of the calls.
   *
   * <p>May wait while downstream operators are slower. To be called only by the thread that called
   * the function, and only before the function returns. The record is emitted as it is during the
   * call: the function may change it afterwards and emit it again.
   *
   * @param value the record, which may be null
   */
  void collect(T value);
}
