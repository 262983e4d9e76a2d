package org.anabranch.runtime.operator;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import org.anabranch.runtime.records.Encoder;
import org.anabranch.runtime.state.KeyedState;

/**
 * The records that a join remembers: by key, to be matched, and by age, to be forgotten.
 *
 * <p>In which order they are forgotten can be observed, and state by key has no order: so each
 * record is saved with a number.
 */
final class RememberedRecords {
  private final KeyedState<SameKey> byKey;
  private final Deque<Remembered> byAge = new ArrayDeque<>();
  private long nextNumber;

  RememberedRecords(Encoder keyEncoder) {
    byKey = new KeyedState<>("records", keyEncoder, new Saved());
  }

  KeyedState<?> state() {
    return byKey;
  }

  /** Puts the records that have come back with the state in their order. */
  void restoreOrder() {
    List<Remembered> all = new ArrayList<>();
    byKey.forEach((key, records) -> records.addAllTo(all));
    all.sort(Comparator.comparingLong(record -> record.number));
    byAge.addAll(all);
    nextNumber = byAge.isEmpty() ? 0 : byAge.getLast().number + 1;
  }

  /** Returns the records of one side and key, oldest first. */
  Deque<Remembered> of(int side, Object key) {
    SameKey records = byKey.get(key);
    return records == null ? new ArrayDeque<>(0) : records.of(side);
  }

  void remember(int side, Object key, Object value, long arrived, boolean matched) {
    Object stateKey = byKey.keyOf(key);
    SameKey records = byKey.get(stateKey);
    if (records == null) {
      records = new SameKey();
      byKey.put(stateKey, records);
    }
    Remembered record = new Remembered(side, stateKey, value, arrived, matched, nextNumber++);
    records.of(side).addLast(record);
    byAge.addLast(record);
  }

  /** Returns the oldest record of all, or null. */
  Remembered oldest() {
    return byAge.peekFirst();
  }

  /** Forgets the oldest record of all, which is also the oldest of its side and key. */
  Remembered forgetOldest() {
    Remembered record = byAge.removeFirst();
    SameKey records = byKey.get(record.stateKey);
    records.of(record.side).removeFirst();
    if (records.isEmpty()) {
      byKey.remove(record.stateKey);
    }
    return record;
  }

  /** A record that waits for matches. */
  static final class Remembered {
    final int side;
    final Object value;
    final long arrived;
    boolean matched;
    private final Object stateKey;
    private final long number;

    private Remembered(
        int side, Object stateKey, Object value, long arrived, boolean matched, long number) {
      this.side = side;
      this.stateKey = stateKey;
      this.value = value;
      this.arrived = arrived;
      this.matched = matched;
      this.number = number;
    }
  }

  /** The records of one key, both sides, each oldest first. */
  private static final class SameKey {
    private final Deque<Remembered> left = new ArrayDeque<>(1);
    private final Deque<Remembered> right = new ArrayDeque<>(1);

    Deque<Remembered> of(int side) {
      return side == JoinOperator.LEFT ? left : right;
    }

    boolean isEmpty() {
      return left.isEmpty() && right.isEmpty();
    }

    void addAllTo(List<Remembered> all) {
      all.addAll(left);
      all.addAll(right);
    }
  }

  /**
   * Those of one key are saved as one list: what each field of a record is, one record after the
   * other.
   */
  private static final class Saved implements KeyedState.Form<SameKey> {
    private static final int FIELDS = 5;

    @Override
    public Object save(SameKey records) {
      List<Remembered> all = new ArrayList<>();
      records.addAllTo(all);
      List<Object> saved = new ArrayList<>(FIELDS * all.size());
      for (Remembered record : all) {
        saved.add(record.side);
        saved.add(record.value);
        saved.add(record.arrived);
        saved.add(record.matched);
        saved.add(record.number);
      }
      return saved;
    }

    @Override
    public SameKey load(Object key, Object saved) {
      SameKey records = new SameKey();
      List<?> fields = (List<?>) saved;
      for (int i = 0; i < fields.size(); i += FIELDS) {
        int side = (int) fields.get(i);
        records
            .of(side)
            .addLast(
                new Remembered(
                    side,
                    key,
                    fields.get(i + 1),
                    (long) fields.get(i + 2),
                    (boolean) fields.get(i + 3),
                    (long) fields.get(i + 4)));
      }
      return records;
    }
  }
}
