package org.anabranch.runtime.operator;

import org.anabranch.api.function.Function;

/** An operator whose function emits through a collector. */
abstract class CollectingOperator<F extends Function> extends FunctionOperator<F> {
  final TaskThreadCollector collector;

  CollectingOperator(F function, Output next) {
    super(function, next);
    collector = new TaskThreadCollector(next);
  }

  @Override
  public void close() throws Exception {
    super.close();
    collector.close();
  }
}
