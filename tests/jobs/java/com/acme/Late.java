package com.acme;

import org.anabranch.api.function.MapFunction;

/** Creates a flight late by a minute. */
public final class Late implements MapFunction<Flight, Flight> {
  @Override
  public Flight map(Flight flight) {
    return new Flight(flight.carrier(), flight.delay() + 1);
  }
}
