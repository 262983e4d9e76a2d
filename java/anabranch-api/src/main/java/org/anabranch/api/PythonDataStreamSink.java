package org.anabranch.api;

import org.anabranch.api.graph.OperatorKind;
import org.anabranch.api.graph.OperatorNode;
import org.anabranch.api.graph.Partitioning;

/** The end of a stream in Python. */
public final class PythonDataStreamSink extends Stream<PythonDataStreamSink> {

  PythonDataStreamSink(StreamingContext context, OperatorNode operator) {
    super(context, operator, following(OperatorKind.SINK));
  }

  /** Returns the records at which the sink fails. See {@link DataStream#deadLetters}. */
  public PythonDataStream deadLetters() {
    return new PythonDataStream(
        getStreamingContext(), withDeadLetters(), following(OperatorKind.MAP), true);
  }

  @Override
  PythonDataStreamSink self() {
    return this;
  }

  @Override
  PythonDataStreamSink repartitioned(Partitioning partitioning) {
    throw new JobGraphException("nothing follows a sink: " + getName());
  }
}
