package org.anabranch.runtime.operator;

import org.anabranch.api.function.PartitionFunction;
import org.anabranch.api.function.RuntimeContext;
import org.anabranch.runtime.exchange.output.PartitionException;

/**
 * partition_by: opens, saves and closes the function of an edge, which the edge itself calls.
 *
 * <p>Its errors are those of the operator that emits, and say whose function it was.
 */
final class PartitionOperator extends FunctionOperator<PartitionFunction<Object>> {
  private final String consumer;

  PartitionOperator(PartitionFunction<Object> function, String consumer) {
    super(function, (key, value) -> {});
    this.consumer = consumer;
  }

  /** A step in the life of a function. */
  @FunctionalInterface
  private interface Step<T> {
    T take() throws Exception;
  }

  private <T> T named(Step<T> step) {
    try {
      return step.take();
    } catch (Throwable t) {
      throw new PartitionException(consumer, t);
    }
  }

  @Override
  public void open(RuntimeContext context) {
    named(
        () -> {
          super.open(context);
          return null;
        });
  }

  @Override
  public void process(Object key, Object value) {
    throw new UnsupportedOperationException("records go to the edge");
  }

  @Override
  public Object saveFunction() {
    return named(super::saveFunction);
  }

  @Override
  public void loadFunction(Object saved) {
    named(
        () -> {
          super.loadFunction(saved);
          return null;
        });
  }

  @Override
  public void close() {
    named(
        () -> {
          super.close();
          return null;
        });
  }
}
