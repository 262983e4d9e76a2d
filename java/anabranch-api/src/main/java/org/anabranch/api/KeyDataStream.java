package org.anabranch.api;

import org.anabranch.api.function.AggregateFunction;
import org.anabranch.api.function.ReduceFunction;
import org.anabranch.api.graph.OperatorKind;
import org.anabranch.api.graph.OperatorNode;
import org.anabranch.api.graph.Partitioning;

/**
 * A stream whose records have keys.
 *
 * @param <K> type of the keys
 * @param <T> type of the records
 */
public final class KeyDataStream<K, T> extends DataStream<T> {

  KeyDataStream(StreamingContext context, OperatorNode operator, Partitioning partitioning) {
    super(context, operator, partitioning);
  }

  /**
   * Keeps a running value per key and emits it for every record. The first record of a key is
   * emitted as it came.
   */
  public DataStream<T> reduce(ReduceFunction<T> function) {
    return stream(OperatorKind.REDUCE, function);
  }

  /** Adds every record to the accumulator of its key and emits the result so far. */
  public <A, R> DataStream<R> aggregate(AggregateFunction<T, A, R> function) {
    return stream(OperatorKind.AGGREGATE, function);
  }

  /** Returns a view for which the operators that follow are Python functions. The key stays. */
  @Override
  public PythonKeyDataStream asPythonStream() {
    return new PythonKeyDataStream(getStreamingContext(), operator(), partitioning());
  }
}
