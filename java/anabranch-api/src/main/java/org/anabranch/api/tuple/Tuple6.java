package org.anabranch.api.tuple;

/**
 * A tuple of six values.
 *
 * @param <T0> type of the first value
 * @param <T1> type of the second value
 * @param <T2> type of the third value
 * @param <T3> type of the fourth value
 * @param <T4> type of the fifth value
 * @param <T5> type of the sixth value
 * @param f0 the first value
 * @param f1 the second value
 * @param f2 the third value
 * @param f3 the fourth value
 * @param f4 the fifth value
 * @param f5 the sixth value
 */
@SuppressWarnings(
    "rawtypes") // a hash map compares keys only if their class is Comparable of itself
public record Tuple6<T0, T1, T2, T3, T4, T5>(T0 f0, T1 f1, T2 f2, T3 f3, T4 f4, T5 f5)
    implements Tuple, Comparable<Tuple6> {

  @Override
  public int size() {
    return 6;
  }

  @Override
  public Object get(int index) {
    return switch (index) {
      case 0 -> f0;
      case 1 -> f1;
      case 2 -> f2;
      case 3 -> f3;
      case 4 -> f4;
      case 5 -> f5;
      default -> throw new IndexOutOfBoundsException(index);
    };
  }

  @Override
  public int compareTo(Tuple6 other) {
    return TupleOrder.compare(this, other);
  }

  @Override
  public String toString() {
    return Tuple.describe(this);
  }
}
