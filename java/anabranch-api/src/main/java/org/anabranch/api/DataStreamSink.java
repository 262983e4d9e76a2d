package org.anabranch.api;

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

  @Override
  DataStreamSink<T> self() {
    return this;
  }

  @Override
  DataStreamSink<T> repartitioned(Partitioning partitioning) {
    throw new JobGraphException("nothing follows a sink: " + getName());
  }
}
