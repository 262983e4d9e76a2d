package org.anabranch.runtime.operator;

import org.anabranch.api.function.FlatMapFunction;

/**
 * flat_map: any number of records out for each record in. Each is emitted as it is collected, so
 * millions from one record need no memory.
 */
final class FlatMapOperator extends CollectingOperator<FlatMapFunction<Object, Object>> {

  FlatMapOperator(FlatMapFunction<Object, Object> function, Output next) {
    super(function, next);
  }

  @Override
  public void process(Object key, Object value) throws Exception {
    function.flatMap(value, collector);
    collector.check();
  }
}
