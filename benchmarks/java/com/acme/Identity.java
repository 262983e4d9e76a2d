package com.acme;

import org.anabranch.api.function.MapFunction;

/** Returns what it gets, so that nothing but the language boundary costs time. */
public final class Identity implements MapFunction<Object, Object> {
  private static final long serialVersionUID = 1L;

  @Override
  public Object map(Object value) {
    return value;
  }
}
