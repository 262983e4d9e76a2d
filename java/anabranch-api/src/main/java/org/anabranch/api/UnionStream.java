package org.anabranch.api;

import org.anabranch.api.graph.OperatorNode;
import org.anabranch.api.graph.Partitioning;

/**
 * The records of several streams.
 *
 * @param <T> type of the records
 */
public final class UnionStream<T> extends DataStream<T> {

  UnionStream(StreamingContext context, OperatorNode operator, Partitioning partitioning) {
    super(context, operator, partitioning);
  }
}
