package org.anabranch.runtime.operator;

import org.anabranch.api.function.EndOfDataException;
import org.anabranch.api.function.RichFunction;
import org.anabranch.api.function.RuntimeContext;
import org.anabranch.api.function.SourceContext;
import org.anabranch.api.function.SourceFunction;
import org.anabranch.api.graph.SourcePosition;

/**
 * source: has no input; the task calls {@link #fetch} again and again, until it has {@link #ended}.
 */
public final class SourceOperator extends CollectingOperator<SourceFunction<Object>> {
  private final FetchContext fetchContext;
  private final FetchSize size = new FetchSize();
  private boolean ended;
  private boolean asks;
  private long collected;

  SourceOperator(SourceFunction<Object> function, Output next) {
    super(function, next);
    fetchContext = new FetchContext();
  }

  /** What the user's function is given: the collector, and how many records are wanted. */
  private final class FetchContext implements SourceContext<Object> {
    @Override
    public void collect(Object value) {
      collector.collect(value);
    }

    @Override
    public int wanted() {
      asks = true;
      return size.records();
    }
  }

  @Override
  public void open(RuntimeContext context) throws Exception {
    function.init(context.getParallelism(), context.getTaskIndex());
    super.open(context);
  }

  /** Calls the user's {@code fetch} once; returns whether it has collected anything. */
  boolean fetch() throws Exception {
    long before = collector.collected();
    asks = false;
    try {
      function.fetch(fetchContext);
    } catch (EndOfDataException e) {
      ended = true;
    }
    collector.check();
    collected = collector.collected() - before;
    return collected > 0;
  }

  /**
   * Takes note of how long the last call of {@code fetch} took; returns whether others of another
   * size follow.
   */
  public boolean learn(long nanos) {
    return asks && size.learn(collected, nanos);
  }

  /** Returns how many records the function is asked for. */
  public int wanted() {
    return size.records();
  }

  /** Asks for as many records as an earlier run did. */
  public void want(int records) {
    size.repeat(records);
  }

  /** A checkpoint was taken. */
  public void beginEpoch() {
    size.beginEpoch();
  }

  /** Returns whether the user's function can go on where it was. */
  public boolean savesPosition() {
    return SourcePosition.isSavedBy(function);
  }

  /** Returns true once the user's function has said that there is no more. */
  public boolean ended() {
    return ended;
  }

  @Override
  public void process(Object key, Object value) {
    throw new IllegalStateException("a source has no input");
  }

  @Override
  public void close() throws Exception {
    // A rich source has one close method, which stands for both.
    if (!(function instanceof RichFunction)) {
      function.close();
    }
    super.close();
  }
}
