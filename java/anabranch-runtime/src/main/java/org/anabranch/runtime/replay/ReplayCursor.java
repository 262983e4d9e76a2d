package org.anabranch.runtime.replay;

import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.SortedMap;
import java.util.TreeMap;
import org.anabranch.proto.v1.Determinant;
import org.anabranch.proto.v1.Determinant.KindCase;

/**
 * Hands out a recovered log, entry by entry, to the task that repeats it.
 *
 * <p>A log can be used up anywhere, also in the middle of a batch: whoever wants an entry asks
 * {@link #exhausted} first, and lives on without the log once it is. Epochs follow one another
 * without a mark; {@link #position} tells them apart.
 */
public final class ReplayCursor {
  private final String task;
  private final Iterator<Map.Entry<Long, List<Determinant>>> epochs;
  private List<Determinant> entries = List.of();
  private long epoch;
  private int index;

  /**
   * Creates a cursor in front of the first entry.
   *
   * @param task how the task is called to its user
   * @param log entries by epoch; copied
   */
  public ReplayCursor(String task, SortedMap<Long, List<Determinant>> log) {
    this.task = task;
    TreeMap<Long, List<Determinant>> copy = new TreeMap<>();
    log.forEach((number, held) -> copy.put(number, List.copyOf(held)));
    epochs = copy.entrySet().iterator();
    skipEndedEpochs();
  }

  private void skipEndedEpochs() {
    while (index == entries.size() && epochs.hasNext()) {
      Map.Entry<Long, List<Determinant>> next = epochs.next();
      epoch = next.getKey();
      entries = next.getValue();
      index = 0;
    }
  }

  /** Returns whether no entry is left. */
  public boolean exhausted() {
    return index == entries.size();
  }

  /** Returns where the next entry stands; once the log is used up, its end. */
  public LogPosition position() {
    return new LogPosition(epoch, index);
  }

  /** Returns the next entry and stays in front of it; null if none is left. */
  public Determinant peek() {
    return exhausted() ? null : entries.get(index);
  }

  /**
   * Returns the next entry.
   *
   * @throws NoSuchElementException if none is left
   */
  public Determinant next() {
    if (exhausted()) {
      throw new NoSuchElementException("the log of " + task + " is used up");
    }
    Determinant next = entries.get(index++);
    skipEndedEpochs();
    return next;
  }

  /**
   * Returns the next entry, which has to be of this kind.
   *
   * @throws NondeterminismException if it is of another; the cursor then stays in front of it
   * @throws NoSuchElementException if none is left
   */
  public Determinant expect(KindCase kind) {
    Determinant found = peek();
    if (found != null && found.getKindCase() != kind) {
      throw new NondeterminismException(
          task, position(), kind.toString(), found.getKindCase().toString());
    }
    return next();
  }
}
