package org.anabranch.runtime.recovery;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.anabranch.proto.v1.LogDelta;

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
    initial = new LogPosition(epoch, 0);
  }

  /** Notes that the consumer knows a task's log up to this index of this epoch. */
  public void setSent(int task, long epoch, long index) {
    sent.put(task, new LogPosition(epoch, index));
  }

  /**
   * Returns the entries that the next frame has to carry, and takes them for sent. Empty, and soon
   * found so, if there is nothing new.
   *
   * @param ownTask the task that sends
   * @param own its own log
   * @param held what it holds of others
   */
  public List<LogDelta> deltas(int ownTask, DeterminantLog own, HeldLogs held) {
    List<LogDelta> deltas = new ArrayList<>();
    collect(ownTask, own, deltas);
    for (int task : forwarded == null ? held.tasks() : forwarded) {
      DeterminantLog log = held.log(task);
      if (log != null) {
        collect(task, log, deltas);
      }
    }
    return deltas;
  }

  private void collect(int task, DeterminantLog log, List<LogDelta> deltas) {
    LogPosition from = sent.getOrDefault(task, initial);
    // A task that repeats its past has a shorter log than its consumer knows.
    if (!log.isBeyond(from)) {
      return;
    }
    log.epochs()
        .tailMap(from.epoch(), true)
        .forEach(
            (epoch, entries) -> {
              int start = epoch == from.epoch() ? (int) from.index() : 0;
              if (start < entries.size()) {
                deltas.add(
                    LogDelta.newBuilder()
                        .setTask(task)
                        .setEpoch(epoch)
                        .setOffset(start)
                        .addAllEntries(entries.subList(start, entries.size()))
                        .build());
              }
            });
    sent.put(task, log.end());
  }
}
