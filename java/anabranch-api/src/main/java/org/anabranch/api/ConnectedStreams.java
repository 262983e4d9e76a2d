package org.anabranch.api;

import java.util.List;
import org.anabranch.api.function.CoProcessFunction;
import org.anabranch.api.graph.OperatorKind;
import org.anabranch.api.graph.OperatorNode;

/**
 * Two streams that one function reads.
 *
 * @param <T1> type of the first stream
 * @param <T2> type of the second stream
 */
public final class ConnectedStreams<T1, T2> {
  private final DataStream<T1> first;
  private final DataStream<T2> second;

  ConnectedStreams(DataStream<T1> first, DataStream<T2> second) {
    this.first = first;
    this.second = second;
  }

  /** Emits what the function collects for the records of either stream. */
  public <R> DataStream<R> process(CoProcessFunction<T1, T2, R> function) {
    OperatorNode added = first.java(OperatorKind.CONNECT, function, List.of(second));
    return new DataStream<>(
        first.getStreamingContext(), added, Stream.following(OperatorKind.CONNECT));
  }
}
