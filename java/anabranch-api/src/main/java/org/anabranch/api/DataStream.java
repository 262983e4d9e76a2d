package org.anabranch.api;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.anabranch.api.function.FilterFunction;
import org.anabranch.api.function.FlatMapFunction;
import org.anabranch.api.function.Function;
import org.anabranch.api.function.IdempotentSinkFunction;
import org.anabranch.api.function.KeyFunction;
import org.anabranch.api.function.MapFunction;
import org.anabranch.api.function.PartitionFunction;
import org.anabranch.api.function.ProcessFunction;
import org.anabranch.api.function.SinkFunction;
import org.anabranch.api.graph.FunctionSpec;
import org.anabranch.api.graph.Language;
import org.anabranch.api.graph.OperatorKind;
import org.anabranch.api.graph.OperatorNode;
import org.anabranch.api.graph.Partitioning;
import org.anabranch.api.graph.ResultBuffers;
import org.anabranch.api.graph.Uids;

/**
 * A stream for Java operators.
 *
 * <p>Every transformation serializes its function at once and throws {@link JobGraphException} in
 * the caller's line if that fails. Records of one subtask keep their order as far as the next
 * exchange.
 *
 * @param <T> type of the records
 */
public class DataStream<T> extends Stream<DataStream<T>> {

  DataStream(StreamingContext context, OperatorNode operator, Partitioning partitioning) {
    super(context, operator, partitioning);
  }

  DataStream(
      StreamingContext context,
      OperatorNode operator,
      Partitioning partitioning,
      boolean ofDeadLetters) {
    super(context, operator, partitioning, ofDeadLetters);
  }

  @Override
  DataStream<T> self() {
    return this;
  }

  @Override
  DataStream<T> repartitioned(Partitioning partitioning) {
    return new DataStream<>(getStreamingContext(), operator(), partitioning, ofDeadLetters());
  }

  /** Emits what the function returns for each record. */
  public <R> DataStream<R> map(MapFunction<? super T, ? extends R> function) {
    return stream(OperatorKind.MAP, function);
  }

  /** Emits everything that the function collects. */
  public <R> DataStream<R> flatMap(FlatMapFunction<T, R> function) {
    return stream(OperatorKind.FLAT_MAP, function);
  }

  /** Emits the records for which the function returns true. */
  public DataStream<T> filter(FilterFunction<? super T> function) {
    return stream(OperatorKind.FILTER, function);
  }

  /** Emits what the function collects; on a keyed stream its context has a state per key. */
  public <R> DataStream<R> process(ProcessFunction<T, R> function) {
    return stream(OperatorKind.PROCESS, function);
  }

  /** Groups the stream by what the function returns: equal keys go to one subtask. */
  public <K> KeyDataStream<K, T> keyBy(KeyFunction<? super T, ? extends K> function) {
    OperatorNode added = java(OperatorKind.KEY_BY, function, List.of());
    return new KeyDataStream<>(getStreamingContext(), added, following(OperatorKind.KEY_BY));
  }

  /** Merges this stream with others. Nothing is promised about the order between them. */
  @SafeVarargs
  public final UnionStream<T> union(DataStream<T>... others) {
    List<DataStream<T>> list = new ArrayList<>();
    for (DataStream<T> other : others) {
      list.add(other);
    }
    return union(list);
  }

  /**
   * Merges this stream with others. Nothing is promised about the order between them.
   *
   * @throws JobGraphException if there is no other stream
   */
  public UnionStream<T> union(List<DataStream<T>> others) {
    if (others.isEmpty()) {
      throw new JobGraphException("union needs at least one other stream");
    }
    OperatorNode added = then(OperatorKind.UNION, Language.JAVA, null, others);
    return new UnionStream<>(getStreamingContext(), added, following(OperatorKind.UNION));
  }

  /**
   * Joins two streams on their keys: {@code
   * left.join(right).within(retention).where(..).equalTo(..).with(..)}.
   */
  public <R> JoinStream<T, R> join(DataStream<R> other) {
    return new JoinStream<>(this, other);
  }

  /** Puts two streams of different types before one function. */
  public <U> ConnectedStreams<T, U> connect(DataStream<U> other) {
    return new ConnectedStreams<>(this, other);
  }

  /**
   * Hands every record to the function. Printed lines appear on the driver's console. An {@link
   * IdempotentSinkFunction} gets a task of its own.
   *
   * @throws JobGraphException if the function fills a collection of this program: it would fill a
   *     copy of it in a worker, see {@link #executeAndCollect}
   */
  public DataStreamSink<T> sink(SinkFunction<? super T> function) {
    ResultBuffers.refuse(function);
    OperatorNode added = java(OperatorKind.SINK, function, List.of());
    if (function instanceof IdempotentSinkFunction) {
      added.chainable(false);
    }
    return new DataStreamSink<>(getStreamingContext(), added);
  }

  /** Brings the records to this program, where the handle has them once the job has finished. */
  public CollectedStream<T> collect() {
    OperatorNode added = then(OperatorKind.COLLECT, Language.JAVA, null, List.of());
    return getStreamingContext().collected(added.id());
  }

  /**
   * Runs the job that was described so far to its end and returns the records of this stream; those
   * of one subtask in their order.
   *
   * @throws JobGraphException if the job is not valid
   * @throws JobFailedException if the job failed
   * @throws JobCancelledException if the job was cancelled
   */
  public List<T> executeAndCollect(String jobName) {
    CollectedStream<T> collected = collect();
    getStreamingContext().execute(jobName);
    try {
      return collected.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new JobCancelledException("collecting job " + jobName + " was interrupted");
    }
  }

  /**
   * Returns the records at which the operator's function fails, which are then left out of its
   * stream, as with {@code withOnError("skip")}.
   *
   * <p>Each is a map: "operator" (name), "subtask" (a Long), "record", and "error" (class and
   * message). A record that cannot be encoded for the consumer comes as text.
   *
   * @throws JobGraphException if the operator is a source or a union
   */
  public DataStream<Map<String, Object>> deadLetters() {
    return new DataStream<>(
        getStreamingContext(), withDeadLetters(), following(OperatorKind.MAP), true);
  }

  /**
   * Returns a view whose records go to the subtasks that the function names.
   *
   * @throws JobGraphException if the operator that emits the stream runs in Python
   */
  public DataStream<T> partitionBy(PartitionFunction<? super T> function) {
    if (operator().language() != Language.JAVA) {
      throw new JobGraphException(
          "partitionBy with a Java function needs a Java operator in front of it, %s is a Python operator"
              .formatted(getName()));
    }
    FunctionSpec spec = FunctionSpec.JavaObject.of(function);
    return spreadBy("partitionBy", new Partitioning(Partitioning.Kind.CUSTOM, spec));
  }

  /**
   * Says what class the records are of. They arrive as objects of it if they come from Python as
   * instances that were registered under its name.
   */
  public <R> DataStream<R> withType(Class<R> type) {
    getStreamingContext().registerType(type);
    return new DataStream<>(getStreamingContext(), operator(), partitioning(), ofDeadLetters());
  }

  /** Returns a view for which the operators that follow are Python functions. */
  public PythonDataStream asPythonStream() {
    return new PythonDataStream(getStreamingContext(), operator(), partitioning(), ofDeadLetters());
  }

  <R> DataStream<R> stream(OperatorKind kind, Function function) {
    return new DataStream<>(
        getStreamingContext(), java(kind, function, List.of()), following(kind));
  }

  OperatorNode java(OperatorKind kind, Function function, List<? extends Stream<?>> others) {
    OperatorNode added = then(kind, Language.JAVA, FunctionSpec.JavaObject.of(function), others);
    added.savingFunction(Uids.savesState(function));
    return added;
  }
}
