package com.acme.flights;

import java.util.LinkedHashMap;
import java.util.Map;
import org.anabranch.api.function.Collector;
import org.anabranch.api.function.RichFlatMapFunction;
import org.anabranch.api.function.RuntimeContext;

/**
 * Sketches the delays of the flights that this subtask gets, per carrier and per origin, and emits
 * one partial per group when a null says that they were all. So it is not the flights that move to
 * the subtask of their group, but a few kilobytes for each.
 */
public final class SketchFlights extends RichFlatMapFunction<Flight, Partial> {
  private static final long serialVersionUID = 1L;

  private transient Map<Group, Delays> groups;

  @Override
  public void open(RuntimeContext context) throws Exception {
    super.open(context);
    groups = new LinkedHashMap<>();
  }

  @Override
  public void flatMap(Flight flight, Collector<Partial> out) {
    if (flight == null) {
      groups.values().forEach(delays -> out.collect(delays.toPartial()));
      groups.clear();
      return;
    }
    add(new Group("carrier", flight.carrier()), flight);
    add(new Group("origin", flight.origin()), flight);
  }

  private void add(Group group, Flight flight) {
    groups.computeIfAbsent(group, Delays::new).add(flight);
  }
}
