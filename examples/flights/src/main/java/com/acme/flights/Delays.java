package com.acme.flights;

import org.apache.datasketches.kll.KllDoublesSketch;
import org.apache.datasketches.memory.Memory;

/** The delays of some of a group's flights, in the form that can take more of them. */
final class Delays {
  /** Size of a sketch: a few kilobytes, and a rank error of about 0.7 %. */
  private static final int K = 400;

  static {
    SketchMemory.load();
  }

  private final Group group;
  private final KllDoublesSketch departure;
  private final KllDoublesSketch arrival;
  private long flights;

  Delays(Group group) {
    this(group, 0, KllDoublesSketch.newHeapInstance(K), KllDoublesSketch.newHeapInstance(K));
  }

  private Delays(Group group, long flights, KllDoublesSketch departure, KllDoublesSketch arrival) {
    this.group = group;
    this.flights = flights;
    this.departure = departure;
    this.arrival = arrival;
  }

  static Delays of(Partial partial) {
    return new Delays(
        partial.group(),
        partial.flights(),
        KllDoublesSketch.heapify(Memory.wrap(partial.departure())),
        KllDoublesSketch.heapify(Memory.wrap(partial.arrival())));
  }

  void add(Flight flight) {
    flights++;
    if (flight.departureDelay() != null) {
      departure.update(flight.departureDelay());
    }
    if (flight.arrivalDelay() != null) {
      arrival.update(flight.arrivalDelay());
    }
  }

  void merge(Delays other) {
    flights += other.flights;
    departure.merge(other.departure);
    arrival.merge(other.arrival);
  }

  Partial toPartial() {
    return new Partial(group, flights, departure.toByteArray(), arrival.toByteArray());
  }

  GroupDelays toGroupDelays() {
    return new GroupDelays(
        group.dimension(), group.name(), flights, Sketch.of(departure), Sketch.of(arrival));
  }
}
