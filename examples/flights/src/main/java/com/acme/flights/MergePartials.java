package com.acme.flights;

import org.anabranch.api.function.ReduceFunction;

/** Merges the partials of one group: sketches of parts merge into the sketch of the whole. */
public final class MergePartials implements ReduceFunction<Partial> {
  private static final long serialVersionUID = 1L;

  @Override
  public Partial reduce(Partial oldValue, Partial newValue) {
    Delays delays = Delays.of(oldValue);
    delays.merge(Delays.of(newValue));
    return delays.toPartial();
  }
}
