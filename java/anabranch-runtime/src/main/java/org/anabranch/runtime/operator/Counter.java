package org.anabranch.runtime.operator;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/** A count that one thread advances and any may read, at the price of a plain variable. */
public final class Counter {
  private static final VarHandle VALUE;

  static {
    try {
      VALUE = MethodHandles.lookup().findVarHandle(Counter.class, "value", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private long value;

  /** Adds one. Called by the owner only. */
  void increment() {
    VALUE.setOpaque(this, value + 1);
  }

  /** Goes on from another count. Called by the owner only. */
  void set(long count) {
    VALUE.setOpaque(this, count);
  }

  /** Returns the count, on any thread. */
  public long get() {
    return (long) VALUE.getOpaque(this);
  }
}
