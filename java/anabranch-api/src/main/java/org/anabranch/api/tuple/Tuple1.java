package org.anabranch.api.tuple;

/**
 * A tuple of one value.
 *
 * @param <T0> type of the first value
 * @param f0 the first value
 */
public record Tuple1<T0>(T0 f0) implements Tuple {

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
  public String toString() {
    return Tuple.describe(this);
  }
}
