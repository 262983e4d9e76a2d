package org.anabranch.runtime.operator;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.anabranch.proto.v1.OperatorState;
import org.anabranch.runtime.records.RecordException;
import org.anabranch.runtime.state.KeyedState;
import org.anabranch.runtime.state.KeyedStateCodec;
import org.anabranch.runtime.state.Payloads;
import org.anabranch.runtime.state.StateCodec;

/** Encodes what operators keep, and gives it back to them. Belongs to one thread. */
final class OperatorStateCodec {
  private final StateCodec values;
  private final KeyedStateCodec keyed;
  private final Payloads payloads;

  /**
   * Creates the codec of one task.
   *
   * @param maxParallelism number of key groups of the job
   */
  OperatorStateCodec(FunctionLoader functions, int maxParallelism) {
    values = functions.stateCodec();
    keyed = new KeyedStateCodec(values, functions.keyEncoder(), maxParallelism);
    payloads = Payloads.IN_MESSAGE;
  }

  private OperatorStateCodec(StateCodec values, KeyedStateCodec keyed, Payloads payloads) {
    this.values = values;
    this.keyed = keyed;
    this.payloads = payloads;
  }

  /** Returns a codec that loads what has its bytes there. */
  OperatorStateCodec from(Payloads place) {
    return new OperatorStateCodec(values, keyed, place);
  }

  /**
   * Returns what an operator and its function keep.
   *
   * @throws RecordException if a value cannot be encoded
   */
  OperatorState.Builder save(Operator operator, long checkpoint) throws Exception {
    OperatorState.Builder state = OperatorState.newBuilder();
    // First the engine's: the transaction of a sink ends before its function is asked.
    state.setEngine(values.encode(operator.save(checkpoint)));
    for (KeyedState<?> each : operator.keyedStates()) {
      state.addKeyed(keyed.encode(each));
    }
    Object kept = operator.saveFunction();
    return state.setFunction(
        values.encode(kept == null ? List.of() : Collections.singletonList(kept)));
  }

  /** Gives an operator and its function back what {@link #save} has returned. */
  void load(OperatorState saved, Operator operator) throws Exception {
    if (saved.getFunction().getN() > 0) {
      operator.loadFunction(values.decode(saved.getFunction(), payloads).get(0));
    }
    operator.load(values.decode(saved.getEngine(), payloads));
    Map<String, KeyedState<?>> states =
        operator.keyedStates().stream()
            .collect(Collectors.toMap(KeyedState::name, Function.identity()));
    for (var each : saved.getKeyedList()) {
      keyed.decode(each, states.get(each.getName()), payloads);
    }
  }
}
