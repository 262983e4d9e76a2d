package org.anabranch.runtime.operator;

import org.anabranch.api.function.KeyFunction;

/** key_by: passes values unchanged, each with the key that the user's function computes. */
final class KeyByOperator extends FunctionOperator<KeyFunction<Object, Object>> {
  KeyByOperator(KeyFunction<Object, Object> function, Output next) {
    super(function, next);
  }

  @Override
  public void process(Object key, Object value) throws Exception {
    next.emit(function.keyBy(value), value);
  }
}
