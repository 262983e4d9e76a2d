package org.anabranch.runtime.operator;

import org.anabranch.api.function.Function;
import org.anabranch.api.function.RichFunction;
import org.anabranch.api.function.RuntimeContext;
import org.anabranch.api.function.SourceFunction;

/** An operator that runs a user's function, which has a life of its own if it is a rich one. */
abstract class FunctionOperator<F extends Function> implements Operator {
  final F function;
  final Output next;

  FunctionOperator(F function, Output next) {
    this.function = function;
    this.next = next;
  }

  @Override
  public void open(RuntimeContext context) throws Exception {
    if (function instanceof RichFunction rich) {
      rich.open(context);
    } else {
      PlainLife.open(function, context);
    }
  }

  @Override
  public Object saveFunction() throws Exception {
    return function.saveCheckpoint();
  }

  @Override
  public void loadFunction(Object saved) throws Exception {
    function.loadCheckpoint(saved);
  }

  @Override
  public void close() throws Exception {
    if (function instanceof RichFunction rich) {
      rich.close();
    } else if (!(function instanceof SourceFunction)) { // whose close is no extra
      PlainLife.close(function);
    }
  }
}
