package org.anabranch.runtime.operator;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.anabranch.api.function.JoinFunction;
import org.anabranch.api.function.RuntimeContext;
import org.anabranch.proto.v1.JoinOptions;
import org.anabranch.runtime.records.ValueCopier;

/**
 * join: emits what the function returns for every pair of records of one key that are remembered at
 * the same time.
 *
 * <p>A record is remembered for the retention, in processing time. In an outer join a record that
 * was never matched is emitted alone when it is forgotten, at the latest at the end of the input.
 */
final class JoinOperator extends FunctionOperator<JoinFunction<Object, Object, Object>> {
  private static final int LEFT = 0;
  private static final int SAVED_FIELDS = 5;

  private final StateKeys keys;
  private final ValueCopier copier;
  private final long retentionMillis;
  private final boolean[] outer;
  private final List<Map<Object, Deque<Remembered>>> sides =
      List.of(new HashMap<>(), new HashMap<>());
  private final Deque<Remembered> byAge = new ArrayDeque<>();
  private Apart apart = (value, action) -> action.run();
  private RuntimeContext context;

  JoinOperator(
      JoinFunction<Object, Object, Object> function,
      JoinOptions options,
      StateKeys keys,
      ValueCopier copier,
      Output next) {
    super(function, next);
    this.keys = keys;
    this.copier = copier;
    this.retentionMillis = options.getRetentionMs();
    this.outer =
        switch (options.getType()) {
          case TYPE_LEFT -> new boolean[] {true, false};
          case TYPE_RIGHT -> new boolean[] {false, true};
          case TYPE_FULL -> new boolean[] {true, true};
          case TYPE_INNER, UNRECOGNIZED -> new boolean[] {false, false};
        };
  }

  @Override
  public void handleApart(Apart how) {
    apart = how;
  }

  @Override
  public void open(RuntimeContext opened) throws Exception {
    context = opened;
    super.open(opened);
  }

  @Override
  public void process(Object key, Object value) throws Exception {
    process(LEFT, key, value);
  }

  @Override
  public void process(int side, Object key, Object value) throws Exception {
    long now = context.now();
    while (!byAge.isEmpty() && now - byAge.peekFirst().arrived > retentionMillis) {
      forgetOldest();
    }
    Object stateKey = keys.of(key);
    Remembered record = new Remembered(side, stateKey, value, now, false);
    Deque<Remembered> matches = sides.get(1 - side).getOrDefault(stateKey, new ArrayDeque<>(0));
    for (Remembered other : matches) {
      next.emit(null, side == LEFT ? pair(value, other.value) : pair(other.value, value));
    }
    // Not before all of it has succeeded: a record may be left out.
    for (Remembered other : matches) {
      record.matched = true;
      other.matched = true;
    }
    remember(record);
  }

  /** The function may change what it is given, and both are needed again. */
  private Object pair(Object left, Object right) throws Exception {
    return function.join(copier.copy(left), copier.copy(right));
  }

  private void remember(Remembered record) {
    sides
        .get(record.side)
        .computeIfAbsent(record.stateKey, unused -> new ArrayDeque<>())
        .addLast(record);
    byAge.addLast(record);
  }

  @Override
  public List<Object> save(long checkpoint) {
    List<Object> saved = new ArrayList<>(SAVED_FIELDS * byAge.size());
    for (Remembered record : byAge) {
      saved.add(record.side);
      saved.add(StateKeys.saved(record.stateKey));
      saved.add(record.value);
      saved.add(record.arrived);
      saved.add(record.matched);
    }
    return saved;
  }

  @Override
  public void load(List<Object> saved) {
    for (int i = 0; i < saved.size(); i += SAVED_FIELDS) {
      remember(
          new Remembered(
              (int) saved.get(i),
              StateKeys.loaded(saved.get(i + 1)),
              saved.get(i + 2),
              (long) saved.get(i + 3),
              (boolean) saved.get(i + 4)));
    }
  }

  @Override
  public void finish() throws Exception {
    while (!byAge.isEmpty()) {
      forgetOldest();
    }
  }

  /** The oldest record of all is also the oldest of its key. */
  private void forgetOldest() throws Exception {
    Remembered record = byAge.removeFirst();
    Map<Object, Deque<Remembered>> side = sides.get(record.side);
    Deque<Remembered> sameKey = side.get(record.stateKey);
    sameKey.removeFirst();
    if (sameKey.isEmpty()) {
      side.remove(record.stateKey);
    }
    if (outer[record.side] && !record.matched) {
      apart.handle(record.value, () -> emitAlone(record));
    }
  }

  private void emitAlone(Remembered record) throws Exception {
    next.emit(
        null,
        record.side == LEFT
            ? function.join(record.value, null)
            : function.join(null, record.value));
  }

  /** A record that waits for matches. */
  private static final class Remembered {
    private final int side;
    private final Object stateKey;
    private final Object value;
    private final long arrived;
    private boolean matched;

    Remembered(int side, Object stateKey, Object value, long arrived, boolean matched) {
      this.side = side;
      this.stateKey = stateKey;
      this.value = value;
      this.arrived = arrived;
      this.matched = matched;
    }
  }
}
