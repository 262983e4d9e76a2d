package org.anabranch.api;

import org.anabranch.api.graph.OperatorKind;
import org.anabranch.api.graph.OperatorNode;
import org.anabranch.api.graph.Partitioning;

/** A stream for Python operators whose records have keys. */
public final class PythonKeyDataStream extends PythonDataStream {

  PythonKeyDataStream(StreamingContext context, OperatorNode operator, Partitioning partitioning) {
    super(context, operator, partitioning);
  }

  /** Keeps a running value per key and emits it for every record. */
  public PythonDataStream reduce(String module, String name) {
    return reduce(PythonFunction.of(module, name));
  }

  /** Keeps a running value per key and emits it for every record. */
  public PythonDataStream reduce(PythonFunction function) {
    return stream(OperatorKind.REDUCE, function);
  }

  /** Adds every record to the accumulator of its key and emits the result so far. */
  public PythonDataStream aggregate(String module, String name) {
    return aggregate(PythonFunction.of(module, name));
  }

  /** Adds every record to the accumulator of its key and emits the result so far. */
  public PythonDataStream aggregate(PythonFunction function) {
    return stream(OperatorKind.AGGREGATE, function);
  }

  /** Returns a view for which the operators that follow are Java functions. The key stays. */
  @Override
  public KeyDataStream<Object, Object> asJavaStream() {
    return new KeyDataStream<>(getStreamingContext(), operator(), partitioning());
  }
}
