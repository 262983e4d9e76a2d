package org.anabranch.runtime.replay;

import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import org.anabranch.proto.v1.Determinant;
import org.anabranch.proto.v1.LogDelta;

/**
 * Copies of the determinant logs of upstream tasks, kept for the day one of them has to be
 * restored.
 *
 * <p>Every copy is a prefix of the log it was taken from, over all epochs that are retained. So it
 * does not matter over which channels and how often entries arrive, and of two copies the longer
 * one is right.
 */
public final class HeldLogs {
  private final Map<Integer, DeterminantLog> logs = new HashMap<>();
  private long oldest;
  private long memoryBytes;

  /** Creates an empty collection that takes entries from this epoch on. */
  public HeldLogs(long oldest) {
    this.oldest = oldest;
  }

  /**
   * Adds the entries that are new and passes over those that are known, or older than what is
   * retained.
   *
   * @throws RecoveryException if entries are missing in between, or known ones differ; then nothing
   *     has been added
   */
  public void merge(LogDelta delta) {
    merge(delta.getTask(), delta.getEpoch(), delta.getOffset(), delta.getEntriesList());
  }

  private void merge(int task, long epoch, long offset, List<Determinant> entries) {
    if (epoch < oldest) {
      return;
    }
    DeterminantLog log = logs.computeIfAbsent(task, t -> new DeterminantLog(oldest));
    long length = log.length(epoch);
    if (offset < 0 || offset > length) {
      throw new RecoveryException(
          "the log of task %d goes on at entry %s of epoch %d, of which only %d are known"
              .formatted(task, Long.toUnsignedString(offset), epoch, length));
    }
    int known = (int) Math.min(length - offset, entries.size());
    if (known > 0) {
      checkSame(task, epoch, offset, log.entries(epoch, offset), entries, known);
    }
    if (known == entries.size()) {
      return;
    }
    if (epoch < log.epoch()) {
      throw new RecoveryException(
          "the log of task %d gets longer in epoch %d, which had ended".formatted(task, epoch));
    }
    if (epoch > log.epoch()) {
      log.beginEpoch(epoch);
    }
    long before = log.memoryBytes();
    entries.subList(known, entries.size()).forEach(log::append);
    memoryBytes += log.memoryBytes() - before;
  }

  private static void checkSame(
      int task,
      long epoch,
      long offset,
      List<Determinant> ours,
      List<Determinant> theirs,
      int count) {
    for (int i = 0; i < count; i++) {
      if (!ours.get(i).equals(theirs.get(i))) {
        throw new RecoveryException(
            "two copies of the log of task %d differ at entry %d of epoch %d: %s and %s"
                .formatted(
                    task,
                    offset + i,
                    epoch,
                    ours.get(i).getKindCase(),
                    theirs.get(i).getKindCase()));
      }
    }
  }

  /** Returns the tasks of which something has been heard. */
  public Set<Integer> tasks() {
    return Collections.unmodifiableSet(logs.keySet());
  }

  /** Returns the copy of a task's log, by epoch: a view; empty if nothing has been heard of it. */
  public NavigableMap<Long, List<Determinant>> logOf(int task) {
    DeterminantLog log = logs.get(task);
    return log == null ? Collections.emptyNavigableMap() : log.epochs();
  }

  /** Returns what all entries take in memory, about; a snapshot, from any thread. */
  public long memoryBytes() {
    return memoryBytes;
  }

  /** Returns the copy of a task's log, or null if nothing has been heard of it. */
  DeterminantLog log(int task) {
    return logs.get(task);
  }

  /** Forgets every epoch before this one, in which nothing is taken any more either. */
  public void dropBefore(long epoch) {
    oldest = Math.max(oldest, epoch);
    long left = 0;
    for (DeterminantLog log : logs.values()) {
      log.dropBefore(epoch);
      left += log.memoryBytes();
    }
    memoryBytes = left;
  }
}
