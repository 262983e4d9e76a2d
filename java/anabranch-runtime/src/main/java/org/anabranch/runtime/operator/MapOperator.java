package org.anabranch.runtime.operator;

import org.anabranch.api.function.MapFunction;

/** map: one record out for each record in. */
final class MapOperator extends FunctionOperator<MapFunction<Object, Object>> {
  MapOperator(MapFunction<Object, Object> function, Output next) {
    super(function, next);
  }

  @Override
  public void process(Object key, Object value) throws Exception {
    next.emit(null, function.map(value));
  }
}
