package org.anabranch.runtime.replay;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.anabranch.proto.v1.Determinant;

/**
 * The determinants of one task by epoch, in the order in which they happened: those of the task
 * itself, or what another task has heard of them.
 *
 * <p>Only the last epoch grows. Entries are never changed, so copies may share them.
 */
public final class DeterminantLog {
  // What an entry takes in memory besides its encoding; an estimate.
  private static final int OBJECT_BYTES = 100;

  // Views, of which the last one is of `current`.
  private final TreeMap<Long, List<Determinant>> epochs = new TreeMap<>();
  private List<Determinant> current;
  private long epoch;
  private long memoryBytes;
  private long addedBytes;

  /** Creates a log without entries; the first one will belong to this epoch. */
  public DeterminantLog(long epoch) {
    begin(epoch);
  }

  private void begin(long next) {
    epoch = next;
    current = new ArrayList<>();
    epochs.put(next, Collections.unmodifiableList(current));
  }

  /** Returns the epoch that entries are appended to. */
  public long epoch() {
    return epoch;
  }

  /** Appends an entry to the current epoch. */
  public void append(Determinant determinant) {
    current.add(determinant);
    int bytes = memoryOf(determinant);
    memoryBytes += bytes;
    addedBytes += bytes;
  }

  /** Returns what entries have taken in memory that were ever appended. */
  long addedBytes() {
    return addedBytes;
  }

  /** Returns what the entries take in memory, about; a snapshot, from any thread. */
  public long memoryBytes() {
    return memoryBytes;
  }

  private static int memoryOf(Determinant determinant) {
    return determinant.getSerializedSize() + OBJECT_BYTES;
  }

  /**
   * Goes on to a later epoch. Numbers may be left out.
   *
   * @throws IllegalArgumentException if the epoch is not later than the current one
   */
  public void beginEpoch(long next) {
    if (next <= epoch) {
      throw new IllegalArgumentException("epoch %d after epoch %d".formatted(next, epoch));
    }
    begin(next);
  }

  /** Returns the number of entries of an epoch; 0 for one that is not held. */
  public long length(long ofEpoch) {
    return held(ofEpoch).size();
  }

  /** Returns where the next entry will stand. */
  public LogPosition end() {
    return new LogPosition(epoch, current.size());
  }

  /** Returns whether the log may have entries at or after a position. */
  boolean isBeyond(LogPosition position) {
    return epoch > position.epoch()
        || (epoch == position.epoch() && current.size() > position.index());
  }

  /**
   * Returns the entries of an epoch from an index on, as a copy that later entries do not change.
   *
   * @throws IllegalArgumentException if the epoch has fewer entries before them
   */
  public List<Determinant> entries(long ofEpoch, long start) {
    List<Determinant> all = held(ofEpoch);
    if (start < 0 || start > all.size()) {
      throw new IllegalArgumentException(
          "entry %d of epoch %d, which has %d".formatted(start, ofEpoch, all.size()));
    }
    return List.copyOf(all.subList((int) start, all.size()));
  }

  private List<Determinant> held(long ofEpoch) {
    return ofEpoch == epoch ? current : epochs.getOrDefault(ofEpoch, List.of());
  }

  /** Returns all that is held, by epoch: a view, not to be iterated while entries are added. */
  public NavigableMap<Long, List<Determinant>> epochs() {
    return Collections.unmodifiableNavigableMap(epochs);
  }

  /**
   * Forgets every epoch before this one. A log that has not got so far goes on in this epoch: what
   * is missing of the earlier ones will never be needed.
   */
  public void dropBefore(long oldest) {
    var dropped = epochs.headMap(oldest);
    for (List<Determinant> entries : dropped.values()) {
      for (Determinant entry : entries) {
        memoryBytes -= memoryOf(entry);
      }
    }
    dropped.clear();
    if (oldest > epoch) {
      begin(oldest);
    }
  }
}
