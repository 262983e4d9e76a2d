package org.anabranch.runtime.operator;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.anabranch.api.function.ProcessContext;
import org.anabranch.api.function.ProcessFunction;

/** process: any number of records out for each record in, with a state per key. */
final class ProcessOperator extends CollectingOperator<ProcessFunction<Object, Object>> {
  private final KeyedContext context;

  ProcessOperator(
      ProcessFunction<Object, Object> function, boolean keyed, StateKeys keys, Output next) {
    super(function, next);
    context = new KeyedContext(keyed, keys);
  }

  @Override
  public void process(Object key, Object value) throws Exception {
    context.key = key;
    function.process(value, context, collector);
    collector.check();
  }

  @Override
  public List<Object> save(long checkpoint) {
    return StateKeys.save(context.states, UnaryOperator.identity());
  }

  @Override
  public void load(List<Object> saved) {
    StateKeys.load(saved, context.states::put);
  }

  private static final class KeyedContext implements ProcessContext {
    private final boolean keyed;
    private final StateKeys keys;
    private final Map<Object, Object> states = new HashMap<>();
    private Object key;

    KeyedContext(boolean keyed, StateKeys keys) {
      this.keyed = keyed;
      this.keys = keys;
    }

    @Override
    public Object getKey() {
      if (!keyed) {
        throw new IllegalStateException(
            "the stream has no key: put keyBy right in front of process");
      }
      return key;
    }

    @Override
    public Object getState() {
      return states.get(keys.of(getKey()));
    }

    @Override
    public void setState(Object value) {
      if (value == null) {
        states.remove(keys.of(getKey()));
      } else {
        states.put(keys.of(getKey()), value);
      }
    }
  }
}
