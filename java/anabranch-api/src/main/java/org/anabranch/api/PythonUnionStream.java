package org.anabranch.api;

import org.anabranch.api.graph.OperatorNode;
import org.anabranch.api.graph.Partitioning;

/** The records of several streams, for Python operators. */
public final class PythonUnionStream extends PythonDataStream {

  PythonUnionStream(StreamingContext context, OperatorNode operator, Partitioning partitioning) {
    super(context, operator, partitioning);
  }
}
