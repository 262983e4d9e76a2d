package org.anabranch.runtime.operator;

import org.anabranch.api.function.ReduceFunction;
import org.anabranch.runtime.records.Encoder;
import org.anabranch.runtime.state.KeyedState;

/**
 * reduce: keeps one value per key and emits the new one for every record. The first value of a key
 * is kept and emitted as it came.
 */
final class ReduceOperator extends KeyedOperator<ReduceFunction<Object>> {
  ReduceOperator(ReduceFunction<Object> function, Encoder keyEncoder, Output next) {
    super(function, KeyedState.ofRecords("reduce", keyEncoder), next);
  }

  @Override
  public void process(Object key, Object value) throws Exception {
    Object stateKey = state.keyOf(key);
    Object old = state.get(stateKey, NONE);
    Object reduced = old == NONE ? value : function.reduce(old, value);
    state.put(stateKey, reduced);
    next.emit(null, reduced);
  }
}
