package org.anabranch.runtime.operator;

import java.util.ArrayList;
import java.util.List;
import org.anabranch.runtime.records.ValueCopier;

/**
 * Keeps what an operator emits for one record until it is known that the record does not fail.
 *
 * <p>It keeps copies: the function may emit one object again and again, and change it in between.
 * Of a record that has very many results it passes them on all the same, so that memory stays
 * bounded.
 */
final class HeldOutput implements Output {
  private static final int MOST_HELD = 1024;

  private final Output next;
  private final ValueCopier copier;
  private final List<Object> keys = new ArrayList<>();
  private final List<Object> values = new ArrayList<>();

  HeldOutput(Output next, ValueCopier copier) {
    this.next = next;
    this.copier = copier;
  }

  @Override
  public void emit(Object key, Object value) {
    keys.add(copier.copy(key));
    values.add(copier.copy(value));
    if (values.size() >= MOST_HELD) {
      release();
    }
  }

  /** Passes on what is held, in order. */
  void release() {
    for (int i = 0; i < values.size(); i++) {
      next.emit(keys.get(i), values.get(i));
    }
    discard();
  }

  /** Forgets what is held. */
  void discard() {
    keys.clear();
    values.clear();
  }
}
