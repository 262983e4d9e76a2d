package org.anabranch.runtime.operator;

import java.util.Deque;
import java.util.List;
import org.anabranch.api.function.JoinFunction;
import org.anabranch.api.function.RuntimeContext;
import org.anabranch.proto.v1.JoinOptions;
import org.anabranch.runtime.operator.RememberedRecords.Remembered;
import org.anabranch.runtime.records.Encoder;
import org.anabranch.runtime.records.ValueCopier;
import org.anabranch.runtime.state.KeyedState;

/**
 * join: emits what the function returns for every pair of records of one key that are remembered at
 * the same time.
 *
 * <p>A record is remembered for the retention, in processing time. In an outer join a record that
 * was never matched is emitted alone when it is forgotten, at the latest at the end of the input.
 */
final class JoinOperator extends FunctionOperator<JoinFunction<Object, Object, Object>> {
  static final int LEFT = 0;

  private final ValueCopier copier;
  private final long retentionMillis;
  private final boolean[] outer;
  private final RememberedRecords records;
  private Apart apart = (value, action) -> action.run();
  private RuntimeContext context;

  JoinOperator(
      JoinFunction<Object, Object, Object> function,
      JoinOptions options,
      Encoder keyEncoder,
      ValueCopier copier,
      Output next) {
    super(function, next);
    this.records = new RememberedRecords(keyEncoder);
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
  public void start() {
    records.restoreOrder();
  }

  @Override
  public void process(Object key, Object value) throws Exception {
    process(LEFT, key, value);
  }

  @Override
  public void process(int side, Object key, Object value) throws Exception {
    long now = context.now();
    while (records.oldest() != null && now - records.oldest().arrived > retentionMillis) {
      forgetOldest();
    }
    Object stateKey = records.state().keyOf(key);
    Deque<Remembered> matches = records.of(1 - side, stateKey);
    for (Remembered other : matches) {
      next.emit(null, side == LEFT ? pair(value, other.value) : pair(other.value, value));
    }
    // Not before all of it has succeeded: a record may be left out.
    for (Remembered other : matches) {
      other.matched = true;
    }
    records.remember(side, stateKey, value, now, !matches.isEmpty());
  }

  /** The function may change what it is given, and both are needed again. */
  private Object pair(Object left, Object right) throws Exception {
    return function.join(copier.copy(left), copier.copy(right));
  }

  @Override
  public List<KeyedState<?>> keyedStates() {
    return List.of(records.state());
  }

  @Override
  public void finish() throws Exception {
    while (records.oldest() != null) {
      forgetOldest();
    }
  }

  private void forgetOldest() throws Exception {
    Remembered record = records.forgetOldest();
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
}
