package org.anabranch.api.tuple;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;

/**
 * A value made of a fixed number of values, each of a type of its own: what Python calls a tuple.
 *
 * <p>Tuples are immutable; the values in them may be null. Two tuples are equal if they have the
 * same length and equal values in the same places. Tuples of one class are ordered by their first
 * values that differ in order; null comes first, values of different classes are ordered by the
 * names of these, and values without an order of their own count as the same. So a hash map finds
 * its way among tuples of one hash, of which data could choose any number. There is one class for
 * each length up to eight, and {@link TupleN} for all others.
 */
public sealed interface Tuple extends Serializable
    permits Tuple1, Tuple2, Tuple3, Tuple4, Tuple5, Tuple6, Tuple7, Tuple8, TupleN {

  /** Returns the number of values. */
  int size();

  /**
   * Returns a value.
   *
   * @param index from 0
   * @throws IndexOutOfBoundsException if there is no such value
   */
  Object get(int index);

  /** Returns the values as a new list. */
  default List<Object> toList() {
    List<Object> values = new ArrayList<>(size());
    for (int i = 0; i < size(); i++) {
      values.add(get(i));
    }
    return values;
  }

  /** Returns a tuple of one value. */
  static <T0> Tuple1<T0> of(T0 f0) {
    return new Tuple1<>(f0);
  }

  /** Returns a tuple of two values. */
  static <T0, T1> Tuple2<T0, T1> of(T0 f0, T1 f1) {
    return new Tuple2<>(f0, f1);
  }

  /** Returns a tuple of three values. */
  static <T0, T1, T2> Tuple3<T0, T1, T2> of(T0 f0, T1 f1, T2 f2) {
    return new Tuple3<>(f0, f1, f2);
  }

  /** Returns a tuple of four values. */
  static <T0, T1, T2, T3> Tuple4<T0, T1, T2, T3> of(T0 f0, T1 f1, T2 f2, T3 f3) {
    return new Tuple4<>(f0, f1, f2, f3);
  }

  /** Returns a tuple of five values. */
  static <T0, T1, T2, T3, T4> Tuple5<T0, T1, T2, T3, T4> of(T0 f0, T1 f1, T2 f2, T3 f3, T4 f4) {
    return new Tuple5<>(f0, f1, f2, f3, f4);
  }

  /** Returns a tuple of six values. */
  static <T0, T1, T2, T3, T4, T5> Tuple6<T0, T1, T2, T3, T4, T5> of(
      T0 f0, T1 f1, T2 f2, T3 f3, T4 f4, T5 f5) {
    return new Tuple6<>(f0, f1, f2, f3, f4, f5);
  }

  /** Returns a tuple of seven values. */
  static <T0, T1, T2, T3, T4, T5, T6> Tuple7<T0, T1, T2, T3, T4, T5, T6> of(
      T0 f0, T1 f1, T2 f2, T3 f3, T4 f4, T5 f5, T6 f6) {
    return new Tuple7<>(f0, f1, f2, f3, f4, f5, f6);
  }

  /** Returns a tuple of eight values. */
  static <T0, T1, T2, T3, T4, T5, T6, T7> Tuple8<T0, T1, T2, T3, T4, T5, T6, T7> of(
      T0 f0, T1 f1, T2 f2, T3 f3, T4 f4, T5 f5, T6 f6, T7 f7) {
    return new Tuple8<>(f0, f1, f2, f3, f4, f5, f6, f7);
  }

  /**
   * Returns a tuple of any length, of the class that its length asks for.
   *
   * @param values the values, which are copied
   */
  static Tuple fromList(List<?> values) {
    return switch (values.size()) {
      case 1 -> new Tuple1<>(values.get(0));
      case 2 -> new Tuple2<>(values.get(0), values.get(1));
      case 3 -> new Tuple3<>(values.get(0), values.get(1), values.get(2));
      case 4 -> new Tuple4<>(values.get(0), values.get(1), values.get(2), values.get(3));
      case 5 ->
          new Tuple5<>(values.get(0), values.get(1), values.get(2), values.get(3), values.get(4));
      case 6 ->
          new Tuple6<>(
              values.get(0),
              values.get(1),
              values.get(2),
              values.get(3),
              values.get(4),
              values.get(5));
      case 7 ->
          new Tuple7<>(
              values.get(0),
              values.get(1),
              values.get(2),
              values.get(3),
              values.get(4),
              values.get(5),
              values.get(6));
      case 8 ->
          new Tuple8<>(
              values.get(0),
              values.get(1),
              values.get(2),
              values.get(3),
              values.get(4),
              values.get(5),
              values.get(6),
              values.get(7));
      default -> new TupleN(values);
    };
  }

  /** Returns what {@code toString} of every tuple returns: its values in parentheses. */
  static String describe(Tuple tuple) {
    StringBuilder text = new StringBuilder("(");
    for (int i = 0; i < tuple.size(); i++) {
      text.append(i == 0 ? "" : ", ").append(tuple.get(i));
    }
    return text.append(tuple.size() == 1 ? ",)" : ")").toString();
  }
}
