package org.anabranch.runtime.operator;

import org.anabranch.api.function.AggregateFunction;
import org.anabranch.runtime.records.Encoder;
import org.anabranch.runtime.state.KeyedState;

/** aggregate: keeps one accumulator per key and emits the result so far for every record. */
final class AggregateOperator extends KeyedOperator<AggregateFunction<Object, Object, Object>> {
  AggregateOperator(
      AggregateFunction<Object, Object, Object> function, Encoder keyEncoder, Output next) {
    super(function, KeyedState.ofRecords("accumulator", keyEncoder), next);
  }

  @Override
  public void process(Object key, Object value) throws Exception {
    Object stateKey = state.keyOf(key);
    Object known = state.get(stateKey, NONE);
    Object before = known == NONE ? function.createAccumulator() : known;
    Object after = function.add(value, before);
    state.put(stateKey, after);
    next.emit(null, function.getResult(after));
  }
}
