package org.anabranch.runtime.operator;

import org.anabranch.api.function.EndOfDataException;
import org.anabranch.api.function.RichFunction;
import org.anabranch.api.function.RuntimeContext;
import org.anabranch.api.function.SourceFunction;
import org.anabranch.api.graph.SourcePosition;

/**
 * source: has no input; the task calls {@link #fetch} again and again, until it has {@link #ended}.
 */
public final class SourceOperator extends CollectingOperator<SourceFunction<Object>> {
  private boolean ended;

  SourceOperator(SourceFunction<Object> function, Output next) {
    super(function, next);
  }

  @Override
  public void open(RuntimeContext context) throws Exception {
    function.init(context.getParallelism(), context.getTaskIndex());
    super.open(context);
  }

  /** Calls the user's {@code fetch} once; returns whether it has collected anything. */
  boolean fetch() throws Exception {
    long before = collector.collected();
    try {
      function.fetch(collector);
    } catch (EndOfDataException e) {
      ended = true;
    }
    collector.check();
    return collector.collected() > before;
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
