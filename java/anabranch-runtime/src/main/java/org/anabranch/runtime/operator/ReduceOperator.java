package org.anabranch.runtime.operator;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.anabranch.api.function.ReduceFunction;

/**
 * reduce: keeps one value per key and emits the new one for every record. The first value of a key
 * is kept and emitted as it came.
 */
final class ReduceOperator extends FunctionOperator<ReduceFunction<Object>> {
  // null stands for "no value yet", so a value that is null is kept as this.
  private static final Object NULL = new Object();

  private final StateKeys keys;
  private final Map<Object, Object> state = new HashMap<>();

  ReduceOperator(ReduceFunction<Object> function, StateKeys keys, Output next) {
    super(function, next);
    this.keys = keys;
  }

  @Override
  public void process(Object key, Object value) throws Exception {
    Object stateKey = keys.of(key);
    Object old = state.get(stateKey);
    Object reduced = old == null ? value : function.reduce(old == NULL ? null : old, value);
    state.put(stateKey, reduced == null ? NULL : reduced);
    next.emit(null, reduced);
  }

  @Override
  public List<Object> save(long checkpoint) {
    return StateKeys.save(state, value -> value == NULL ? null : value);
  }

  @Override
  public void load(List<Object> saved) {
    StateKeys.load(saved, (key, value) -> state.put(key, value == null ? NULL : value));
  }
}
