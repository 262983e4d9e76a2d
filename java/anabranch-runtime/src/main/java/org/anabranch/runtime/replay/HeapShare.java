package org.anabranch.runtime.replay;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * The part of the heap that the in-flight logs of all tasks of a JVM may take together. Each task
 * that keeps such logs at the moment has an equal share of it.
 *
 * <p>May be used by any thread. Who has taken more before another task joined learns of its smaller
 * share with its next frame.
 */
public final class HeapShare {
  // The rest is for functions and their state, which grow without asking.
  private static final int PART = 4;

  private final long bytes;
  private final AtomicInteger tasks = new AtomicInteger();

  /** Creates what no task has joined yet. */
  public HeapShare(long bytes) {
    this.bytes = bytes;
  }

  /** Returns a quarter of what the heap of this JVM may grow to. */
  public static HeapShare ofThisJvm() {
    return new HeapShare(Runtime.getRuntime().maxMemory() / PART);
  }

  /** Counts a task in, until it leaves. */
  void join() {
    tasks.incrementAndGet();
  }

  /** Counts a task out, which holds nothing any more. */
  void leave() {
    tasks.decrementAndGet();
  }

  /** Returns what one task may take, of those that have joined. */
  long ofTask() {
    return bytes / Math.max(1, tasks.get());
  }
}
