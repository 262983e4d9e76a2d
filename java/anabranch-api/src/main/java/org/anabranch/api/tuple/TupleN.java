package org.anabranch.api.tuple;

import java.util.ArrayList;
import java.util.List;

/** A tuple that has no class of its own: the empty one, or one of nine values and more. */
public final class TupleN implements Tuple, Comparable<TupleN> {
  private static final long serialVersionUID = 1L;

  private final ArrayList<Object> values;

  /**
   * Makes a tuple.
   *
   * @param values the values, which are copied
   * @throws IllegalArgumentException if there are one to eight, which have classes of their own
   */
  public TupleN(List<?> values) {
    if (!values.isEmpty() && values.size() <= 8) {
      throw new IllegalArgumentException(
          "a tuple of length %d is a Tuple%1$d, use Tuple.fromList".formatted(values.size()));
    }
    this.values = new ArrayList<>(values);
  }

  @Override
  public int size() {
    return values.size();
  }

  @Override
  public Object get(int index) {
    return values.get(index);
  }

  @Override
  public List<Object> toList() {
    return new ArrayList<>(values);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof TupleN tuple && values.equals(tuple.values);
  }

  @Override
  public int hashCode() {
    return values.hashCode();
  }

  @Override
  public int compareTo(TupleN other) {
    return TupleOrder.compare(this, other);
  }

  @Override
  public String toString() {
    return Tuple.describe(this);
  }
}
