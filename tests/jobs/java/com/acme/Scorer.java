package com.acme;

import org.anabranch.api.function.MapFunction;

/** Multiplies by what the job gives. */
public final class Scorer implements MapFunction<Number, Double> {
  private final double factor;
  private final String unused;

  public Scorer(double factor, String unused) {
    this.factor = factor;
    this.unused = unused;
  }

  @Override
  public Double map(Number value) {
    return value.doubleValue() * factor;
  }
}
