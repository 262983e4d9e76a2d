package org.anabranch.api.graph;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/** A job graph that grows while streams are described. */
public final class JobGraph {
  private static final String PACKAGE = "org.anabranch.api.";

  private final List<OperatorNode> operators = new ArrayList<>();
  private final List<EdgeNode> edges = new ArrayList<>();
  private final Map<Partitioning, ViewNode> unreadViews = new IdentityHashMap<>();
  private final int number = NeverRun.newNumber();
  private String fate = "";

  /** Adds an operator. */
  public OperatorNode addOperator(
      OperatorKind kind, Language language, int parallelism, FunctionSpec function) {
    OperatorNode node =
        new OperatorNode(operators.size() + 1, kind, language, parallelism, function, origin());
    operators.add(node);
    NeverRun.note(number, node.origin());
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
    unreadViews.remove(partitioning);
    edges.add(new EdgeNode(id, source.id(), target.id(), input, partitioning, deadLetters));
  }

  /**
   * Takes note that the caller's line spreads an operator's records in another way.
   *
   * @param replaced how the stream was spread before, and is not from now on
   * @param partitioning how it is now; the very object is what edges are added with
   */
  public void addView(
      OperatorNode operator, String verb, Partitioning replaced, Partitioning partitioning) {
    unreadViews.remove(replaced);
    unreadViews.put(partitioning, new ViewNode(operator, verb, origin()));
  }

  /** Returns the views that no edge was added with: they have no effect. */
  public Collection<ViewNode> unreadViews() {
    return Collections.unmodifiableCollection(unreadViews.values());
  }

  /** Ends the description; says what has become of it, for streams that are still held. */
  public void end(String fate) {
    this.fate = fate;
    NeverRun.forget(number);
  }

  /** Returns what has become of it, or an empty string while it grows. */
  public String fate() {
    return fate;
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
