package org.anabranch.api.graph;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** A job graph that grows while streams are described. */
public final class JobGraph {
  private static final String PACKAGE = "org.anabranch.api.";

  private final List<OperatorNode> operators = new ArrayList<>();
  private final List<EdgeNode> edges = new ArrayList<>();

  /** Adds an operator. */
  public OperatorNode addOperator(
      OperatorKind kind, Language language, int parallelism, FunctionSpec function) {
    OperatorNode node =
        new OperatorNode(operators.size() + 1, kind, language, parallelism, function, origin());
    operators.add(node);
    return node;
  }

  /** Adds an edge. */
  public void addEdge(
      OperatorNode source,
      OperatorNode target,
      int input,
      Partitioning partitioning,
      boolean deadLetters) {
    int id = edges.size() + 1;
    edges.add(new EdgeNode(id, source.id(), target.id(), input, partitioning, deadLetters));
  }

  public List<OperatorNode> operators() {
    return Collections.unmodifiableList(operators);
  }

  public List<EdgeNode> edges() {
    return Collections.unmodifiableList(edges);
  }

  private static String origin() {
    return StackWalker.getInstance()
        .walk(
            frames ->
                frames
                    .filter(frame -> !frame.getClassName().startsWith(PACKAGE))
                    .findFirst()
                    .map(frame -> frame.getFileName() + ":" + frame.getLineNumber())
                    .orElse(""));
  }
}
