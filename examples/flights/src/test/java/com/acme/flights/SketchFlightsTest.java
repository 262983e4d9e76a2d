package com.acme.flights;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class SketchFlightsTest {
  private final SketchFlights sketching = new SketchFlights();
  private final List<Partial> emitted = new ArrayList<>();

  @BeforeEach
  void open() throws Exception {
    sketching.open(null);
  }

  @Test
  void emitsNothingBeforeTheEnd() {
    take(new Flight("UA", "EWR", 1, 2));

    assertEquals(List.of(), emitted);
  }

  @Test
  void emitsOnePartialPerCarrierAndPerOriginAtTheEnd() {
    take(new Flight("UA", "EWR", 1, 2), new Flight("AA", "EWR", 3, 4), null);

    assertEquals(
        List.of(new Group("carrier", "UA"), new Group("origin", "EWR"), new Group("carrier", "AA")),
        emitted.stream().map(partial -> partial.group()).toList());
  }

  @Test
  void countsFlightsWithoutADelayButSketchesOnlyDelays() {
    take(new Flight("UA", "EWR", 7, null), new Flight("UA", "EWR", null, null), null);

    GroupDelays delays = GroupDelays.of(emitted.get(0));
    assertEquals(2, delays.flights());
    assertEquals(List.of(7.0), delays.departure().values());
    assertEquals(List.of(1L), delays.departure().ranks());
    assertEquals(List.of(), delays.arrival().values());
  }

  @Test
  void mergesPartialsIntoTheSketchOfAllFlights() {
    int half = 50_000;
    for (int delay = 0; delay < half; delay++) {
      take(new Flight("UA", "EWR", delay, null));
    }
    take((Flight) null);
    for (int delay = half; delay < 2 * half; delay++) {
      take(new Flight("UA", "EWR", delay, null));
    }
    take((Flight) null);

    Partial merged = new MergePartials().reduce(emitted.get(0), emitted.get(2));

    GroupDelays delays = GroupDelays.of(merged);
    assertEquals(2L * half, delays.flights());
    List<Double> values = delays.departure().values();
    List<Long> weights = delays.departure().ranks();
    assertEquals(2L * half, weights.get(weights.size() - 1));
    // Value i has exact rank i + 1 here. Twice the stated error, which holds for 99 % of all
    // sketches.
    double allowed = 2 * delays.departure().error() * 2 * half;
    for (int i = 0; i < values.size(); i++) {
      double off = Math.abs(values.get(i) + 1 - weights.get(i));
      assertTrue(off <= allowed, "rank of %s is off by %s".formatted(values.get(i), off));
    }
  }

  private void take(Flight... flights) {
    for (Flight flight : flights) {
      sketching.flatMap(flight, emitted::add);
    }
  }
}
