package org.anabranch.api.function;

/**
 * Names the key of each record.
 *
 * <p>Two keys are the same key if their encoding is: equal strings, equal integers of whatever
 * width, records with equal fields. {@code 1}, {@code 1.0} and {@code true} are three keys. A type
 * with no canonical encoding, such as a protobuf message, is refused as a key.
 *
 * @param <T> type of the records
 * @param <K> type of the key
 */
@FunctionalInterface
public interface KeyFunction<T, K> extends Function {

  /**
   * Called at least once for each record. It may be called again for the same record, by another
   * task, so it must return the same key each time.
   *
   * @param value the record, which must not be modified
   * @return the key, which may be null
   * @throws Exception to end the job
   */
  K keyBy(T value) throws Exception;
}
