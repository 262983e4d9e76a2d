package org.anabranch.runtime.operator;

import org.anabranch.api.function.CoProcessFunction;

/** connect: one function with a method for each of two inputs. */
final class ConnectOperator extends CollectingOperator<CoProcessFunction<Object, Object, Object>> {
  ConnectOperator(CoProcessFunction<Object, Object, Object> function, Output next) {
    super(function, next);
  }

  @Override
  public void process(Object key, Object value) throws Exception {
    process(0, key, value);
  }

  @Override
  public void process(int input, Object key, Object value) throws Exception {
    if (input == 0) {
      function.process1(value, collector);
    } else {
      function.process2(value, collector);
    }
    collector.check();
  }
}
