package org.anabranch.api.function;

/**
 * Handles the records of two streams of different types.
 *
 * @param <T1> type of the first stream
 * @param <T2> type of the second stream
 * @param <R> type of the output
 */
public interface CoProcessFunction<T1, T2, R> extends Function {

  /** Handles one record of the first stream. */
  void process1(T1 value, Collector<R> collector) throws Exception;

  /** Handles one record of the second stream. */
  void process2(T2 value, Collector<R> collector) throws Exception;
}
