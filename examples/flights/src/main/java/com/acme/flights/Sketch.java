package com.acme.flights;

import java.util.Arrays;
import java.util.List;
import org.apache.datasketches.kll.KllDoublesSketch;
import org.apache.datasketches.quantilescommon.DoublesSortedView;

/**
 * All that a quantile sketch knows, without the library: the values it kept, sorted, and how many
 * of the original values are at or below each.
 *
 * @param values kept values, ascending
 * @param ranks of the same length; the last is the number of original values
 * @param error how far the rank of a quantile may be off, as a fraction of 1
 */
public record Sketch(List<Double> values, List<Long> ranks, double error) {

  static Sketch of(KllDoublesSketch sketch) {
    double error = sketch.getNormalizedRankError(false);
    if (sketch.isEmpty()) {
      return new Sketch(List.of(), List.of(), error);
    }
    DoublesSortedView view = sketch.getSortedView();
    return new Sketch(
        Arrays.stream(view.getQuantiles()).boxed().toList(),
        Arrays.stream(view.getCumulativeWeights()).boxed().toList(),
        error);
  }
}
