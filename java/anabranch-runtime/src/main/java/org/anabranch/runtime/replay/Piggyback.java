package org.anabranch.runtime.replay;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * What of the determinant logs has gone out with the frames of one channel.
 *
 * <p>A frame must not leave without every determinant that was logged before it, unless an earlier
 * frame of the channel had that along; then whoever has seen an effect knows its causes.
 */
public final class Piggyback {
  private final Set<Integer> forwarded;
  private final Map<Integer, LogPosition> sent = new HashMap<>();
  private LogPosition initial;
  // That were sent of the task's own log.
  private long ownBytes;

  /**
   * Creates the record of a channel that nothing was sent over.
   *
   * @param epoch the first epoch that is to be sent
   * @param forwarded the tasks whose held logs the consumer is to have too: those upstream of it
   *     within the sharing depth; null for all
   */
  public Piggyback(long epoch, Set<Integer> forwarded) {
    this.forwarded = forwarded == null ? null : new TreeSet<>(forwarded);
    reset(epoch);
  }

  /** Forgets what was sent: the consumer knows nothing from this epoch on. */
  public void reset(long epoch) {
    sent.clear();
    ownBytes = 0;
    initial = new LogPosition(epoch, 0);
  }

  /** Notes that the consumer knows a task's log up to this index of this epoch. */
  public void setSent(int task, long epoch, long index) {
    sent.put(task, new LogPosition(epoch, index));
  }

  /**
   * Returns entries that have to go ahead of the next frame, and takes them for sent. Empty, and
   * soon found so, if there is nothing new.
   *
   * @param ownTask the task that sends
   * @param own its own log
   * @param held what it holds of others
   * @param room how many bytes may be taken, about
   */
  public Piece next(int ownTask, DeterminantLog own, HeldLogs held, int room) {
    Piece piece = new Piece(room);
    collect(ownTask, own, piece);
    ownBytes = piece.full() ? ownBytes + piece.bytes() : own.addedBytes();
    collect(held, piece);
    return piece;
  }

  /** Returns about how many bytes of the task's own log were not sent yet, and not less. */
  long dueBytes(DeterminantLog own) {
    return own.addedBytes() - ownBytes;
  }

  /** Returns the same for a task that shares nothing of its own. */
  public Piece next(HeldLogs held, int room) {
    Piece piece = new Piece(room);
    collect(held, piece);
    return piece;
  }

  private void collect(HeldLogs held, Piece piece) {
    for (int task : forwarded == null ? held.tasks() : forwarded) {
      DeterminantLog log = held.log(task);
      if (log != null) {
        collect(task, log, piece);
      }
    }
  }

  private void collect(int task, DeterminantLog log, Piece piece) {
    LogPosition from = sent.getOrDefault(task, initial);
    // A task that repeats its past has a shorter log than its consumer knows.
    if (piece.full() || !log.isBeyond(from)) {
      return;
    }
    LogPosition reached = piece.add(task, log.epochs(), from);
    sent.put(task, piece.full() ? reached : log.end());
  }
}
