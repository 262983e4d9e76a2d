package org.anabranch.runtime.records;

import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;

/**
 * Some records in their order: the unit in which they go through a task. Column by column: the
 * values, and what else is known of them, each as long as the values or null where there is
 * nothing. What is missing costs nothing.
 *
 * <p>A batch and its columns are not changed.
 *
 * @param values the records
 * @param keys the key of each; null if the stream is not keyed here
 * @param timestamps the event time of each in milliseconds; null if there is no event time
 */
public record Batch(Object[] values, Object[] keys, long[] timestamps) {

  /** Checks that the columns have the same length. */
  public Batch {
    requireLength("keys", keys == null ? values.length : keys.length, values.length);
    requireLength(
        "timestamps", timestamps == null ? values.length : timestamps.length, values.length);
  }

  private static void requireLength(String column, int length, int values) {
    if (length != values) {
      throw new IllegalArgumentException(length + " " + column + " for " + values + " values");
    }
  }

  /** Returns records without keys and timestamps. */
  public static Batch of(Object... values) {
    return new Batch(values, null, null);
  }

  /** Returns how many records these are. */
  public int size() {
    return values.length;
  }

  /** Returns a record. */
  public Object value(int index) {
    return values[index];
  }

  /** Returns the key of a record, null where there are none. */
  public Object key(int index) {
    return keys == null ? null : keys[index];
  }

  /** Returns the records from one index to before another; this batch if these are all. */
  public Batch slice(int from, int to) {
    if (from == 0 && to == values.length) {
      return this;
    }
    return new Batch(
        Arrays.copyOfRange(values, from, to),
        keys == null ? null : Arrays.copyOfRange(keys, from, to),
        timestamps == null ? null : Arrays.copyOfRange(timestamps, from, to));
  }

  /** Returns the records at these indexes, in the order of the indexes. */
  public Batch select(int... indexes) {
    Object[] chosen = new Object[indexes.length];
    Object[] theirKeys = keys == null ? null : new Object[indexes.length];
    long[] theirTimes = timestamps == null ? null : new long[indexes.length];
    for (int i = 0; i < indexes.length; i++) {
      chosen[i] = values[indexes[i]];
      if (theirKeys != null) {
        theirKeys[i] = keys[indexes[i]];
      }
      if (theirTimes != null) {
        theirTimes[i] = timestamps[indexes[i]];
      }
    }
    return new Batch(chosen, theirKeys, theirTimes);
  }

  /**
   * Returns as many other records, each made from the one at its index: at its time, and without
   * its key.
   */
  public Batch withValues(Object... others) {
    return new Batch(others, null, timestamps);
  }

  /** Returns the same records with these keys. */
  public Batch withKeys(Object... others) {
    return new Batch(values, others, timestamps);
  }

  /**
   * Returns the records of all batches, one after the other; the batch itself if there is one.
   *
   * @throws IllegalArgumentException if some have a column that others lack
   */
  public static Batch concat(List<Batch> batches) {
    if (batches.size() == 1) {
      return batches.get(0);
    }
    int size = batches.stream().mapToInt(Batch::size).sum();
    boolean keyed = hasAll("keys", batches, batch -> batch.keys != null);
    boolean timed = hasAll("timestamps", batches, batch -> batch.timestamps != null);
    Batch whole =
        new Batch(new Object[size], keyed ? new Object[size] : null, timed ? new long[size] : null);
    int at = 0;
    for (Batch batch : batches) {
      System.arraycopy(batch.values, 0, whole.values, at, batch.size());
      if (keyed) {
        System.arraycopy(batch.keys, 0, whole.keys, at, batch.size());
      }
      if (timed) {
        System.arraycopy(batch.timestamps, 0, whole.timestamps, at, batch.size());
      }
      at += batch.size();
    }
    return whole;
  }

  private static boolean hasAll(String column, List<Batch> batches, Predicate<Batch> has) {
    long having = batches.stream().filter(has).count();
    if (having > 0 && having < batches.size()) {
      throw new IllegalArgumentException(
          "%d of %d batches have no %s".formatted(batches.size() - having, batches.size(), column));
    }
    return having > 0;
  }
}
