package com.acme.flights;

/**
 * The delays of some of a group's flights, in the form that travels.
 *
 * @param group whose flights
 * @param flights how many, those without a delay too
 * @param departure sketch of the departure delays, serialized
 * @param arrival sketch of the arrival delays, serialized
 */
public record Partial(Group group, long flights, byte[] departure, byte[] arrival) {

  /** Key function: partials of one group come together. */
  public static Group groupOf(Partial partial) {
    return partial.group;
  }
}
