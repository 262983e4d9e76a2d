package org.anabranch.runtime.operator;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.anabranch.api.function.AggregateFunction;

/** aggregate: keeps one accumulator per key and emits the result so far for every record. */
final class AggregateOperator extends FunctionOperator<AggregateFunction<Object, Object, Object>> {
  private final StateKeys keys;
  private final Map<Object, Object> accumulators = new HashMap<>();

  AggregateOperator(
      AggregateFunction<Object, Object, Object> function, StateKeys keys, Output next) {
    super(function, next);
    this.keys = keys;
  }

  @Override
  public void process(Object key, Object value) throws Exception {
    Object stateKey = keys.of(key);
    boolean known = accumulators.containsKey(stateKey);
    Object before = known ? accumulators.get(stateKey) : function.createAccumulator();
    Object after = function.add(value, before);
    accumulators.put(stateKey, after);
    next.emit(null, function.getResult(after));
  }

  @Override
  public List<Object> save(long checkpoint) {
    return StateKeys.save(accumulators, UnaryOperator.identity());
  }

  @Override
  public void load(List<Object> saved) {
    StateKeys.load(saved, accumulators::put);
  }
}
