package org.anabranch.api.graph;

import static java.util.stream.Collectors.joining;
import static java.util.stream.Collectors.toSet;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.anabranch.api.function.Function;
import org.anabranch.api.function.TransactionalSinkFunction;

/** What snapshots call an operator: its uid, else its name. */
public final class Uids {
  private static final Set<OperatorKind> ALWAYS_STATEFUL =
      EnumSet.of(OperatorKind.REDUCE, OperatorKind.AGGREGATE, OperatorKind.JOIN);
  private static final int NAMED_IN_A_WARNING = 3;

  private Uids() {}

  /** Returns whether a function saves something at a checkpoint, as far as its class tells. */
  public static boolean savesState(Function function) {
    try {
      return function instanceof TransactionalSinkFunction
          || function.getClass().getMethod("saveCheckpoint").getDeclaringClass() != Function.class;
    } catch (NoSuchMethodException e) {
      throw new AssertionError("every function has it", e);
    }
  }

  /**
   * Returns the operators whose state no other version of the job would find: their uid changes
   * with the graph.
   */
  public static List<OperatorNode> statefulWithoutUid(JobGraph graph) {
    Set<Integer> keyed =
        graph.edges().stream()
            .filter(edge -> edge.partitioning().kind() == Partitioning.Kind.KEY)
            .map(EdgeNode::target)
            .collect(toSet());
    return graph.operators().stream()
        .filter(each -> each.uid().isEmpty() && each.hasGeneratedName())
        .filter(
            each ->
                ALWAYS_STATEFUL.contains(each.kind())
                    || each.kind() == OperatorKind.PROCESS && keyed.contains(each.id())
                    || each.hasSavingFunction())
        .toList();
  }

  /** Returns what the user has to know of stateful operators without a uid, and what to write. */
  public static String warning(List<OperatorNode> operators) {
    String named =
        operators.stream()
            .limit(NAMED_IN_A_WARNING)
            .map(
                each ->
                    each.origin().isEmpty()
                        ? each.name()
                        : each.name() + " (" + each.origin() + ")")
            .collect(joining(", "));
    int others = operators.size() - NAMED_IN_A_WARNING;
    return "stateful operators without a uid: "
        + named
        + (others > 0 ? " and " + others + " more" : "")
        + "; their generated names change with the graph, and a changed job would not find their"
        + " state: write withUid(\"…\"), or withName(\"…\")";
  }
}
