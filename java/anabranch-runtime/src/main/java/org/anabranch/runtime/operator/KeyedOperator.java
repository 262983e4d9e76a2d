package org.anabranch.runtime.operator;

import java.util.List;
import org.anabranch.api.function.Function;
import org.anabranch.runtime.state.KeyedState;

/** An operator that runs a user's function and keeps one value for each key. */
abstract class KeyedOperator<F extends Function> extends FunctionOperator<F> {
  /** In place of the value of a key that has none: a value may be null. */
  static final Object NONE = new Object();

  final KeyedState<Object> state;

  KeyedOperator(F function, KeyedState<Object> state, Output next) {
    super(function, next);
    this.state = state;
  }

  @Override
  public final List<KeyedState<?>> keyedStates() {
    return List.of(state);
  }
}
