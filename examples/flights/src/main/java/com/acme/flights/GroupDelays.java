package com.acme.flights;

/**
 * The delays of a group, as the Python side sees them.
 *
 * @param dimension "carrier" or "origin"
 * @param name code of the airline or the airport
 * @param flights number of flights, those without a delay too
 * @param departure departure delays in minutes
 * @param arrival arrival delays in minutes
 */
public record GroupDelays(
    String dimension, String name, long flights, Sketch departure, Sketch arrival) {

  /** Map function: opens what travelled. */
  public static GroupDelays of(Partial partial) {
    return Delays.of(partial).toGroupDelays();
  }
}
