package org.anabranch.runtime.operator;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import org.anabranch.api.function.AggregateFunction;
import org.anabranch.api.function.CoProcessFunction;
import org.anabranch.api.function.FilterFunction;
import org.anabranch.api.function.FlatMapFunction;
import org.anabranch.api.function.JoinFunction;
import org.anabranch.api.function.KeyFunction;
import org.anabranch.api.function.MapFunction;
import org.anabranch.api.function.PartitionFunction;
import org.anabranch.api.function.ProcessFunction;
import org.anabranch.api.function.ReduceFunction;
import org.anabranch.api.function.SinkFunction;
import org.anabranch.api.function.SourceFunction;

/** What a user's function is wanted for, and so what it must look like. */
public enum FunctionKind {
  /** One record in, one out. */
  MAP(MapFunction.class, "value", 1, 1),
  /** One record in, any number out. */
  FLAT_MAP(FlatMapFunction.class, "value) or (value, collector", 1, 2),
  /** Says whether a record stays. */
  FILTER(FilterFunction.class, "value", 1, 1),
  /** Computes a record's key. */
  KEY_BY(KeyFunction.class, "value", 1, 1),
  /** Merges two values of one key. */
  REDUCE(ReduceFunction.class, "old value, new value", 2, 2),
  /** Consumes records. */
  SINK(SinkFunction.class, "value", 1, 1),
  /** Makes records; only a class can do that. */
  SOURCE(SourceFunction.class, "", 0, -1),
  /** Chooses the subtasks that a record goes to. */
  PARTITION(PartitionFunction.class, "value, number of partitions", 2, 2),
  /** Combines the values of one key in an accumulator; only a class can do that. */
  AGGREGATE(AggregateFunction.class, "", 0, -1),
  /** One record in, any number out, with a state per key. */
  PROCESS(ProcessFunction.class, "value, context, collector", 3, 3),
  /** Merges two records that have the same key into one. */
  JOIN(JoinFunction.class, "left, right", 2, 2),
  /** Handles the records of two streams; only a class can do that. */
  CONNECT(CoProcessFunction.class, "", 0, -1);

  private final Class<?> type;
  private final String parameters;
  private final int fewest;
  private final int most;

  FunctionKind(Class<?> type, String parameters, int fewest, int most) {
    this.type = type;
    this.parameters = parameters;
    this.fewest = fewest;
    this.most = most;
  }

  /**
   * Returns the kind of this name, {@code "flat_map"} for instance.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static FunctionKind parse(String name) {
    for (FunctionKind kind : values()) {
      if (kind.verb().equals(name)) {
        return kind;
      }
    }
    throw new IllegalArgumentException(
        "no kind of function is called %s; there are %s"
            .formatted(
                name,
                Arrays.stream(values()).map(FunctionKind::verb).collect(Collectors.joining(", "))));
  }

  /** Returns what users call it. */
  public String verb() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Returns the interface that a class of this kind implements. */
  public Class<?> type() {
    return type;
  }

  boolean allowsMethods() {
    return most > 0;
  }

  boolean allowsParameters(int n) {
    return n >= fewest && n <= most;
  }

  String parameters() {
    return "(" + parameters + ")";
  }
}
