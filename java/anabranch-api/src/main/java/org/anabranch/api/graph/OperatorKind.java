package org.anabranch.api.graph;

/** The operators there are; the names are those of graph.proto. */
public enum OperatorKind {
  SOURCE,
  MAP,
  FLAT_MAP,
  FILTER,
  KEY_BY,
  REDUCE,
  UNION,
  SINK,
  COLLECT,
  AGGREGATE,
  PROCESS,
  JOIN,
  CONNECT
}
