package org.anabranch.api.tuple;

/**
 * A tuple of three values.
 *
 * @param <T0> type of the first value
 * @param <T1> type of the second value
 * @param <T2> type of the third value
 * @param f0 the first value
 * @param f1 the second value
 * @param f2 the third value
 */
@SuppressWarnings(
    "rawtypes") // a hash map compares keys only if their class is Comparable of itself
public record Tuple3<T0, T1, T2>(T0 f0, T1 f1, T2 f2) implements Tuple, Comparable<Tuple3> {

  @Override
  public int size() {
    return 3;
  }

  @Override
  public Object get(int index) {
    return switch (index) {
      case 0 -> f0;
      case 1 -> f1;
      case 2 -> f2;
      default -> throw new IndexOutOfBoundsException(index);
    };
  }

  @Override
  public int compareTo(Tuple3 other) {
    return TupleOrder.compare(this, other);
  }

  @Override
  public String toString() {
    return Tuple.describe(this);
  }
}
