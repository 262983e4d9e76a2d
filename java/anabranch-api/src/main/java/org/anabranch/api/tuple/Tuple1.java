package org.anabranch.api.tuple;

/**
 * A tuple of one value.
 *
 * @param <T0> type of the first value
 * @param f0 the first value
 */
@SuppressWarnings(
    "rawtypes") // a hash map compares keys only if their class is Comparable of itself
public record Tuple1<T0>(T0 f0) implements Tuple, Comparable<Tuple1> {

  @Override
  public int size() {
    return 1;
  }

  @Override
  public Object get(int index) {
    return switch (index) {
      case 0 -> f0;
      default -> throw new IndexOutOfBoundsException(index);
    };
  }

  @Override
  public int compareTo(Tuple1 other) {
    return TupleOrder.compare(this, other);
  }

  @Override
  public String toString() {
    return Tuple.describe(this);
  }
}
