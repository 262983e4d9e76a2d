package org.anabranch.api;

import java.util.Arrays;
import java.util.List;
import org.anabranch.api.graph.Language;
import org.anabranch.api.graph.OperatorKind;
import org.anabranch.api.graph.OperatorNode;
import org.anabranch.api.graph.Partitioning;

/**
 * A stream for Python operators, which are functions or classes given by module and name. The
 * module is imported when the job is submitted; a name that does not exist fails there.
 */
public class PythonDataStream extends Stream<PythonDataStream> {

  PythonDataStream(StreamingContext context, OperatorNode operator, Partitioning partitioning) {
    super(context, operator, partitioning);
  }

  PythonDataStream(
      StreamingContext context,
      OperatorNode operator,
      Partitioning partitioning,
      boolean ofDeadLetters) {
    super(context, operator, partitioning, ofDeadLetters);
  }

  @Override
  PythonDataStream self() {
    return this;
  }

  @Override
  PythonDataStream repartitioned(Partitioning partitioning) {
    return new PythonDataStream(getStreamingContext(), operator(), partitioning, ofDeadLetters());
  }

  /** Emits what the function returns for each record. */
  public PythonDataStream map(String module, String name) {
    return map(PythonFunction.of(module, name));
  }

  /** Emits what the function returns for each record. */
  public PythonDataStream map(PythonFunction function) {
    return stream(OperatorKind.MAP, function);
  }

  /** Emits every element that the function returns or collects. */
  public PythonDataStream flatMap(String module, String name) {
    return flatMap(PythonFunction.of(module, name));
  }

  /** Emits every element that the function returns or collects. */
  public PythonDataStream flatMap(PythonFunction function) {
    return stream(OperatorKind.FLAT_MAP, function);
  }

  /** Emits the records for which the function is true. */
  public PythonDataStream filter(String module, String name) {
    return filter(PythonFunction.of(module, name));
  }

  /** Emits the records for which the function is true. */
  public PythonDataStream filter(PythonFunction function) {
    return stream(OperatorKind.FILTER, function);
  }

  /** Emits what the process function collects; on a keyed stream it has a state per key. */
  public PythonDataStream process(String module, String name) {
    return process(PythonFunction.of(module, name));
  }

  /** Emits what the process function collects; on a keyed stream it has a state per key. */
  public PythonDataStream process(PythonFunction function) {
    return stream(OperatorKind.PROCESS, function);
  }

  /** Groups the stream by what the function returns: equal keys go to one subtask. */
  public PythonKeyDataStream keyBy(String module, String name) {
    return keyBy(PythonFunction.of(module, name));
  }

  /** Groups the stream by what the function returns: equal keys go to one subtask. */
  public PythonKeyDataStream keyBy(PythonFunction function) {
    OperatorNode added = python(OperatorKind.KEY_BY, function, List.of());
    return new PythonKeyDataStream(getStreamingContext(), added, following(OperatorKind.KEY_BY));
  }

  /** Merges this stream with others. Nothing is promised about the order between them. */
  public PythonUnionStream union(PythonDataStream... others) {
    return union(Arrays.asList(others));
  }

  /**
   * Merges this stream with others. Nothing is promised about the order between them.
   *
   * @throws JobGraphException if there is no other stream
   */
  public PythonUnionStream union(List<PythonDataStream> others) {
    if (others.isEmpty()) {
      throw new JobGraphException("union needs at least one other stream");
    }
    OperatorNode added = then(OperatorKind.UNION, Language.PYTHON, null, others);
    return new PythonUnionStream(getStreamingContext(), added, following(OperatorKind.UNION));
  }

  /** Joins two streams on their keys. See {@link DataStream#join}. */
  public PythonJoinStream join(PythonDataStream other) {
    return new PythonJoinStream(this, other);
  }

  /** Emits what the co-process function collects for the records of this stream and the other. */
  public PythonDataStream connect(PythonDataStream other, PythonFunction function) {
    OperatorNode added = python(OperatorKind.CONNECT, function, List.of(other));
    return new PythonDataStream(getStreamingContext(), added, following(OperatorKind.CONNECT));
  }

  /** Hands every record to the function. Printed lines appear on the driver's console. */
  public PythonDataStreamSink sink(String module, String name) {
    return sink(PythonFunction.of(module, name));
  }

  /** Hands every record to the function. Printed lines appear on the driver's console. */
  public PythonDataStreamSink sink(PythonFunction function) {
    return new PythonDataStreamSink(
        getStreamingContext(), python(OperatorKind.SINK, function, List.of()));
  }

  /**
   * Returns the records at which the operator's function fails. See {@link DataStream#deadLetters}.
   */
  public PythonDataStream deadLetters() {
    return new PythonDataStream(
        getStreamingContext(), withDeadLetters(), following(OperatorKind.MAP), true);
  }

  /**
   * Returns a view whose records go to the subtasks that the function names.
   *
   * @throws JobGraphException if the operator that emits the stream runs in Java
   */
  public PythonDataStream partitionBy(PythonFunction function) {
    if (operator().language() != Language.PYTHON) {
      throw new JobGraphException(
          "partitionBy with a Python function needs a Python operator in front of it, %s is a Java operator"
              .formatted(getName()));
    }
    return spreadBy("partitionBy", new Partitioning(Partitioning.Kind.CUSTOM, function.spec()));
  }

  /** Returns a view for which the operators that follow are Java functions. */
  public DataStream<Object> asJavaStream() {
    return new DataStream<>(getStreamingContext(), operator(), partitioning(), ofDeadLetters());
  }

  PythonDataStream stream(OperatorKind kind, PythonFunction function) {
    return new PythonDataStream(
        getStreamingContext(), python(kind, function, List.of()), following(kind));
  }

  OperatorNode python(
      OperatorKind kind, PythonFunction function, List<? extends Stream<?>> others) {
    return then(kind, Language.PYTHON, function.spec(), others);
  }
}
