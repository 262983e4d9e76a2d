package org.anabranch.runtime.operator;

import org.anabranch.api.function.IdempotentSinkFunction;
import org.anabranch.api.function.RuntimeContext;

/** sink with record ids: only as the head of a task, where records have a place on a channel. */
final class IdempotentSinkOperator extends FunctionOperator<IdempotentSinkFunction<Object>> {
  private final RecordPlace place;
  private final boolean head;

  IdempotentSinkOperator(IdempotentSinkFunction<Object> function, RecordPlace place, boolean head) {
    super(function, (key, value) -> {});
    this.place = place;
    this.head = head;
  }

  @Override
  public void open(RuntimeContext context) throws Exception {
    if (!head) {
      throw new FunctionException(
          "an idempotent sink has to be the first operator of its task, where records have an id: "
              + "call disableChain() (in Python disable_chain()) on the sink");
    }
    if ("at_least_once".equals(context.getJobConfig().get("anabranch.mode"))) {
      throw new FunctionException(
          "an idempotent sink needs ids that stay the same after a failure, which a job with "
              + "anabranch.mode=at_least_once does not have; use exactly_once");
    }
    super.open(context);
  }

  @Override
  public void process(Object key, Object value) throws Exception {
    function.sink(place.id(), value);
  }
}
