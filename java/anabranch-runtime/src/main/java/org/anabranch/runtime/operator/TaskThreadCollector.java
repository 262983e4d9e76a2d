package org.anabranch.runtime.operator;

import org.anabranch.api.function.Collector;

/**
 * The collector that users' functions are given: emits at once, only on the task's thread, and only
 * until the function has been closed.
 */
final class TaskThreadCollector implements Collector<Object> {
  private final Output next;
  private final Thread owner = Thread.currentThread();
  private long collected;
  private boolean closed;
  // What was wrong with a call on another thread, where an exception may reach nobody.
  private volatile IllegalStateException misuse;

  TaskThreadCollector(Output next) {
    this.next = next;
  }

  long collected() {
    return collected;
  }

  @Override
  public void collect(Object value) {
    if (Thread.currentThread() != owner) {
      misuse =
          new IllegalStateException(
              "collect was called on thread %s; call it on the thread that the function is called on"
                  .formatted(Thread.currentThread().getName()));
      throw misuse;
    }
    if (closed) {
      throw new IllegalStateException("collect was called after the function was closed");
    }
    collected++;
    next.emit(null, value);
  }

  /** Throws what was wrong with a call on another thread. */
  void check() {
    if (misuse != null) {
      throw misuse;
    }
  }

  /** The function has been closed: nothing is taken any more. */
  void close() {
    closed = true;
    check();
  }
}
