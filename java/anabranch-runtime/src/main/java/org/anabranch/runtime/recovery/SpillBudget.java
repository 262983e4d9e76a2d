package org.anabranch.runtime.recovery;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * The memory that the in-flight logs of one task may take together, and the directory for what
 * exceeds it.
 *
 * <p>Counts the bytes of frames. A log takes 12 more for each, also for one in a file, and what
 * remains free in the last of its slabs.
 */
public final class SpillBudget {
  // What is freed beyond need, as a part of the limit: frames then go to files in runs, and not
  // every frame has to look for the largest log.
  private static final int SLACK = 8;

  private final long limitBytes;
  private final Path directory;
  private final SlabPool slabs;
  private final List<InFlightLog> logs = new ArrayList<>();
  private long heldBytes;

  /**
   * Creates a budget that nothing has been taken from.
   *
   * @param limitBytes what all logs together may hold in memory; 0 sends everything to files
   * @param directory where files may be made; has to exist once that is necessary
   */
  public SpillBudget(long limitBytes, Path directory) {
    this.limitBytes = limitBytes;
    this.directory = directory;
    this.slabs = new SlabPool(limitBytes);
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
    logs.add(log);
  }

  void remove(InFlightLog log) {
    logs.remove(log);
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
    if (heldBytes > limitBytes) {
      long target = limitBytes - limitBytes / SLACK;
      while (heldBytes > target) {
        largest().spill(heldBytes - target);
      }
    }
  }

  private InFlightLog largest() {
    return logs.stream().max(Comparator.comparingLong(InFlightLog::heldBytes)).orElseThrow();
  }
}
