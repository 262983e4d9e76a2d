package org.anabranch.runtime.operator;

import org.anabranch.api.function.CoProcessFunction;

/** connect: one function with a method for each of two inputs. */
final class ConnectOperator extends FunctionOperator<CoProcessFunction<Object, Object, Object>> {
  private final TaskThreadCollector collector;

  ConnectOperator(CoProcessFunction<Object, Object, Object> function, Output next) {
    super(function, next);
    collector = new TaskThreadCollector(next);
  }

  @Override
  public void process(Object key, Object value) throws Exception {
    function.process1(value, collector);
  }

  @Override
  public void process(int input, Object key, Object value) throws Exception {
    if (input == 0) {
      function.process1(value, collector);
    } else {
      function.process2(value, collector);
    }
  }
}
