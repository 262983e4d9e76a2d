package org.anabranch.runtime.operator;

import java.util.List;
import org.anabranch.api.function.ProcessContext;
import org.anabranch.api.function.ProcessFunction;
import org.anabranch.runtime.records.Encoder;
import org.anabranch.runtime.state.KeyedState;

/** process: any number of records out for each record in, with a state per key. */
final class ProcessOperator extends CollectingOperator<ProcessFunction<Object, Object>> {
  private final KeyedContext context;

  ProcessOperator(
      ProcessFunction<Object, Object> function, boolean keyed, Encoder keyEncoder, Output next) {
    super(function, next);
    context = new KeyedContext(keyed, KeyedState.ofRecords("state", keyEncoder));
  }

  @Override
  public void process(Object key, Object value) throws Exception {
    context.key = key;
    function.process(value, context, collector);
    collector.check();
  }

  @Override
  public List<KeyedState<?>> keyedStates() {
    return List.of(context.state);
  }

  private static final class KeyedContext implements ProcessContext {
    private final boolean keyed;
    private final KeyedState<Object> state;
    private Object key;

    KeyedContext(boolean keyed, KeyedState<Object> state) {
      this.keyed = keyed;
      this.state = state;
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
      return state.get(getKey());
    }

    @Override
    public void setState(Object value) {
      if (value == null) {
        state.remove(getKey());
      } else {
        state.put(getKey(), value);
      }
    }
  }
}
