package org.anabranch.api;

import java.util.Map;
import org.anabranch.api.graph.OperatorKind;
import org.anabranch.api.graph.OperatorNode;
import org.anabranch.api.graph.Partitioning;

/**
 * The end of a stream.
 *
 * @param <T> type of the records
 */
public final class DataStreamSink<T> extends Stream<DataStreamSink<T>> {

  DataStreamSink(StreamingContext context, OperatorNode operator) {
    super(context, operator, following(OperatorKind.SINK));
  }

  /** Returns the records at which the sink fails. See {@link DataStream#deadLetters}. */
  public DataStream<Map<String, Object>> deadLetters() {
    return new DataStream<>(
        getStreamingContext(), withDeadLetters(), following(OperatorKind.MAP), true);
  }

  @Override
  DataStreamSink<T> self() {
    return this;
  }

  @Override
  DataStreamSink<T> repartitioned(Partitioning partitioning) {
    throw new JobGraphException("nothing follows a sink: " + getName());
  }
}
