package org.anabranch.api.tuple;

/**
 * A tuple of two values.
 *
 * @param <T0> type of the first value
 * @param <T1> type of the second value
 * @param f0 the first value
 * @param f1 the second value
 */
@SuppressWarnings(
    "rawtypes") // a hash map compares keys only if their class is Comparable of itself
public record Tuple2<T0, T1>(T0 f0, T1 f1) implements Tuple, Comparable<Tuple2> {

  @Override
  public int size() {
    return 2;
  }

  @Override
  public Object get(int index) {
    return switch (index) {
      case 0 -> f0;
      case 1 -> f1;
      default -> throw new IndexOutOfBoundsException(index);
    };
  }

  @Override
  public int compareTo(Tuple2 other) {
    return TupleOrder.compare(this, other);
  }

  @Override
  public String toString() {
    return Tuple.describe(this);
  }
}
