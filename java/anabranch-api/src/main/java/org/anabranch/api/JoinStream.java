package org.anabranch.api;

import java.time.Duration;
import java.util.List;
import org.anabranch.api.function.JoinFunction;
import org.anabranch.api.function.KeyFunction;
import org.anabranch.api.graph.JoinSpec;
import org.anabranch.api.graph.OperatorKind;
import org.anabranch.api.graph.OperatorNode;

/**
 * A join that waits for the key of its left side.
 *
 * @param <L> type of the left records
 * @param <R> type of the right records
 */
public final class JoinStream<L, R> {
  private final DataStream<L> left;
  private final DataStream<R> right;
  private Duration retention = Duration.ZERO;
  private JoinType type = JoinType.INNER;

  JoinStream(DataStream<L> left, DataStream<R> right) {
    this.left = left;
    this.right = right;
  }

  /**
   * Says how long, in processing time, a record is remembered and waits for matches. Every join
   * needs it: without it, state would grow for ever.
   */
  public JoinStream<L, R> within(Duration retention) {
    this.retention = retention;
    return this;
  }

  /**
   * Says whether a record that was never matched is emitted alone, once it is forgotten; by default
   * it is not.
   */
  public JoinStream<L, R> as(JoinType type) {
    this.type = type;
    return this;
  }

  /** Sets the key of the left records. */
  public <K> Where<K> where(KeyFunction<? super L, ? extends K> function) {
    return new Where<>(left.keyBy(function));
  }

  /**
   * A join that waits for the key of its right side.
   *
   * @param <K> type of the keys
   */
  public final class Where<K> {
    private final KeyDataStream<K, L> keyedLeft;

    private Where(KeyDataStream<K, L> keyedLeft) {
      this.keyedLeft = keyedLeft;
    }

    /** Sets the key of the right records. */
    public Equal<K> equalTo(KeyFunction<? super R, ? extends K> function) {
      return new Equal<>(keyedLeft, right.keyBy(function));
    }
  }

  /**
   * A join that waits for its function.
   *
   * @param <K> type of the keys
   */
  public final class Equal<K> {
    private final KeyDataStream<K, L> keyedLeft;
    private final KeyDataStream<K, R> keyedRight;

    private Equal(KeyDataStream<K, L> keyedLeft, KeyDataStream<K, R> keyedRight) {
      this.keyedLeft = keyedLeft;
      this.keyedRight = keyedRight;
    }

    /**
     * Emits what the function returns for every pair of records of one key that are remembered at
     * the same time.
     *
     * @throws JobGraphException if {@link JoinStream#within} has not been called
     */
    public <O> DataStream<O> with(JoinFunction<? super L, ? super R, ? extends O> function) {
      JoinSpec spec = JoinSpec.of(type, retention);
      OperatorNode added = keyedLeft.java(OperatorKind.JOIN, function, List.of(keyedRight));
      added.join(spec);
      return new DataStream<>(
          left.getStreamingContext(), added, Stream.following(OperatorKind.JOIN));
    }
  }
}
