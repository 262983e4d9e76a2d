package org.anabranch.api;

import java.time.Duration;
import java.util.List;
import org.anabranch.api.graph.JoinSpec;
import org.anabranch.api.graph.OperatorKind;
import org.anabranch.api.graph.OperatorNode;

/** A join in Python that waits for its left key, its right key and its function. */
public final class PythonJoinStream {
  private final PythonDataStream left;
  private final PythonDataStream right;
  private Duration retention = Duration.ZERO;
  private JoinType type = JoinType.INNER;
  private PythonFunction leftKey;
  private PythonFunction rightKey;

  PythonJoinStream(PythonDataStream left, PythonDataStream right) {
    this.left = left;
    this.right = right;
  }

  /** Says how long a record is remembered. See {@link JoinStream#within}. */
  public PythonJoinStream within(Duration retention) {
    this.retention = retention;
    return this;
  }

  /** Says what happens to records without a match. See {@link JoinStream#as}. */
  public PythonJoinStream as(JoinType type) {
    this.type = type;
    return this;
  }

  /** Sets the key of the left records. */
  public PythonJoinStream where(String module, String name) {
    leftKey = PythonFunction.of(module, name);
    return this;
  }

  /** Sets the key of the right records. */
  public PythonJoinStream equalTo(String module, String name) {
    rightKey = PythonFunction.of(module, name);
    return this;
  }

  /**
   * Emits what the function returns for every pair of one key that is remembered at the same time.
   *
   * @throws JobGraphException if a key or the retention is missing
   */
  public PythonDataStream with(String module, String name) {
    if (leftKey == null || rightKey == null) {
      throw new JobGraphException(
          "a join needs where(key of the left) and equalTo(key of the right) first");
    }
    JoinSpec spec = JoinSpec.of(type, retention);
    PythonFunction function = PythonFunction.of(module, name);
    OperatorNode added =
        left.keyBy(leftKey).python(OperatorKind.JOIN, function, List.of(right.keyBy(rightKey)));
    added.join(spec);
    return new PythonDataStream(
        left.getStreamingContext(), added, Stream.following(OperatorKind.JOIN));
  }
}
