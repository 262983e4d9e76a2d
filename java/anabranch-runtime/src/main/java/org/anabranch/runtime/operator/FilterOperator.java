package org.anabranch.runtime.operator;

import org.anabranch.api.function.FilterFunction;

/** filter: passes on the records that the user's function wants, with their keys. */
final class FilterOperator extends FunctionOperator<FilterFunction<Object>> {
  FilterOperator(FilterFunction<Object> function, Output next) {
    super(function, next);
  }

  @Override
  public void process(Object key, Object value) throws Exception {
    if (function.filter(value)) {
      next.emit(key, value);
    }
  }
}
