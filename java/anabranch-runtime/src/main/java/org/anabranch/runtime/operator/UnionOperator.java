package org.anabranch.runtime.operator;

import org.anabranch.api.function.RuntimeContext;

/** union: passes on what comes from any input; the records of one input keep their order. */
record UnionOperator(Output next) implements Operator {

  @Override
  public void open(RuntimeContext context) {
    // no function
  }

  @Override
  public void process(Object key, Object value) {
    next.emit(key, value);
  }

  @Override
  public void close() {
    // no function
  }
}
