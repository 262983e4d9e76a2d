package org.anabranch.api.function;

/**
 * Folds the records of each key into one value.
 *
 * @param <T> type of the records and of the result
 */
@FunctionalInterface
public interface ReduceFunction<T> extends Function {

  /**
   * Called once for each record of a key but the first, in the order of arrival. The first record
   * becomes the value of its key as it is. After each record the value of its key is emitted.
   *
   * @param oldValue the value of the key so far, as this method returned it; may be changed and
   *     returned
   * @param newValue the record
   * @return the new value of the key
   * @throws Exception to end the job
   */
  T reduce(T oldValue, T newValue) throws Exception;
}
