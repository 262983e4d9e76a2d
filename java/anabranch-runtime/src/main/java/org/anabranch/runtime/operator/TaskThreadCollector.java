package org.anabranch.runtime.operator;

import org.anabranch.api.function.Collector;
import org.anabranch.api.function.SourceContext;

/** The collector that users' functions are given: emits at once, and only on the task's thread. */
final class TaskThreadCollector implements Collector<Object>, SourceContext<Object> {
  private final Output next;
  private final Thread owner = Thread.currentThread();
  private long collected;

  TaskThreadCollector(Output next) {
    this.next = next;
  }

  long collected() {
    return collected;
  }

  @Override
  public void collect(Object value) {
    if (Thread.currentThread() != owner) {
      throw new IllegalStateException(
          "collect was called on thread %s; call it on the thread that the function is called on"
              .formatted(Thread.currentThread().getName()));
    }
    collected++;
    next.emit(null, value);
  }
}
