package org.anabranch.runtime.operator;

import org.anabranch.api.function.SinkFunction;

/** sink: hands records to the user's function and emits nothing. */
final class SinkOperator extends FunctionOperator<SinkFunction<Object>> {
  SinkOperator(SinkFunction<Object> function) {
    super(function, (key, value) -> {});
  }

  @Override
  public void process(Object key, Object value) throws Exception {
    function.sink(value);
  }
}
