package com.acme.nexmark;

import org.anabranch.api.function.Collector;
import org.anabranch.api.function.ProcessContext;
import org.anabranch.api.function.ProcessFunction;

/** Emits the first record of each key. */
public final class FirstOfKey implements ProcessFunction<Object, Object> {
  private static final long serialVersionUID = 1L;

  @Override
  public void process(Object value, ProcessContext context, Collector<Object> collector) {
    if (context.getState() == null) {
      context.setState(true);
      collector.collect(value);
    }
  }
}
