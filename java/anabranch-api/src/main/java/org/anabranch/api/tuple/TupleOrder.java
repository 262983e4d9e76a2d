package org.anabranch.api.tuple;

/** The order of tuples. */
final class TupleOrder {
  private TupleOrder() {}

  static int compare(Tuple left, Tuple right) {
    int shorter = Math.min(left.size(), right.size());
    for (int i = 0; i < shorter; i++) {
      int order = compareValues(left.get(i), right.get(i));
      if (order != 0) {
        return order;
      }
    }
    return Integer.compare(left.size(), right.size());
  }

  @SuppressWarnings("unchecked") // of one class
  private static int compareValues(Object left, Object right) {
    if (left == right) {
      return 0;
    }
    if (left == null || right == null) {
      return left == null ? -1 : 1;
    }
    if (left.getClass() != right.getClass()) {
      return left.getClass().getName().compareTo(right.getClass().getName());
    }
    return left instanceof Comparable<?> ? ((Comparable<Object>) left).compareTo(right) : 0;
  }
}
