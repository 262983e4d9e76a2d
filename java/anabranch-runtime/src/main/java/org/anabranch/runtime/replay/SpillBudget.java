package org.anabranch.runtime.replay;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * The memory that the in-flight logs of one task may take together, and the directory for what
 * exceeds it. It is the task's own limit, or its share of the heap if that is less; the task counts
 * as one that shares the heap while it has a log.
 *
 * <p>Counts the bytes of frames. A log takes 12 more for each, also for one in a file, and what
 * remains free in the last of its slabs.
 */
public final class SpillBudget {
  // What is freed beyond need, as a part of the limit: frames then go to files in runs, and not
  // every frame has to look for the largest log.
  private static final int SLACK = 8;

  private final long mostBytes;
  private final HeapShare heap;
  private final Path directory;
  private final SlabPool slabs;
  private final List<InFlightLog> logs = new ArrayList<>();
  private long heldBytes;
  private long lastLimit;

  /**
   * Creates a budget that nothing has been taken from.
   *
   * @param mostBytes what all logs together may hold in memory, however large the heap; 0 sends
   *     everything to files
   * @param heap shared with the other tasks of this JVM
   * @param directory where files may be made; has to exist once that is necessary
   */
  public SpillBudget(long mostBytes, HeapShare heap, Path directory) {
    this.mostBytes = mostBytes;
    this.heap = heap;
    this.directory = directory;
    this.slabs = new SlabPool(this::limit);
  }

  private long limit() {
    return Math.min(mostBytes, heap.ofTask());
  }

  /** Returns the number of bytes that all logs hold in memory; at most the limit. */
  public long heldBytes() {
    return heldBytes;
  }

  Path directory() {
    return directory;
  }

  SlabPool slabs() {
    return slabs;
  }

  void add(InFlightLog log) {
    if (logs.isEmpty()) {
      heap.join();
    }
    logs.add(log);
  }

  void remove(InFlightLog log) {
    if (logs.remove(log) && logs.isEmpty()) {
      heap.leave();
    }
  }

  /** Counts what a log holds in memory from now on. */
  void take(long bytes) {
    heldBytes += bytes;
  }

  /** Counts what a log no longer holds in memory. */
  void release(long bytes) {
    heldBytes -= bytes;
  }

  /** Sees to it that the limit is kept. */
  void enforce() {
    long limit = limit();
    if (heldBytes > limit) {
      long target = limit - limit / SLACK;
      while (heldBytes > target) {
        largest().spill(heldBytes - target);
      }
    }
    if (limit < lastLimit) {
      slabs.clear(); // what the spilling has freed is for the others
    }
    lastLimit = limit;
  }

  private InFlightLog largest() {
    return logs.stream().max(Comparator.comparingLong(InFlightLog::heldBytes)).orElseThrow();
  }
}
