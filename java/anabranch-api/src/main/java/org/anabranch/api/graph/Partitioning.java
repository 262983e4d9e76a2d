package org.anabranch.api.graph;

/**
 * How the records of an edge are spread over the subtasks of its target.
 *
 * @param kind the rule
 * @param function the partition function; only with {@link Kind#CUSTOM}
 */
public record Partitioning(Kind kind, FunctionSpec function) {

  /** The rules there are; the names are those of graph.proto. */
  public enum Kind {
    AUTO,
    FORWARD,
    REBALANCE,
    KEY,
    BROADCAST,
    CUSTOM
  }

  public static Partitioning of(Kind kind) {
    return new Partitioning(kind, null);
  }
}
