package org.anabranch.runtime.recovery;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.anabranch.proto.v1.Determinant;
import org.anabranch.proto.v1.LogDelta;

/**
 * All logs of one task: its own, its copies of others, and, while it repeats what an incarnation
 * before it has done, the log of that one.
 *
 * <pre>
 *   gathering --startReplay--> replaying --goLive--> live
 * </pre>
 */
public final class TaskLogs {
  private final int task;
  private final DeterminantLog own;
  private final HeldLogs held;
  // What consumers know of the incarnations before this one.
  private final HeldLogs recovered;
  private final SpillBudget budget;
  private final Set<Integer> forwarded;
  private Runnable beforeFrame = () -> {};
  private ReplayCursor replay;
  private boolean live;
  private long oldest;

  /**
   * Creates the logs of a task that begins in an epoch.
   *
   * @param forwarded tasks whose logs are passed on to consumers; null for all that are held
   */
  public TaskLogs(int task, long epoch, SpillBudget budget, Set<Integer> forwarded) {
    this.task = task;
    this.own = new DeterminantLog(epoch);
    this.held = new HeldLogs(epoch);
    this.recovered = new HeldLogs(epoch);
    this.budget = budget;
    this.forwarded = forwarded;
    this.oldest = epoch;
  }

  /** Has this called whenever a frame is about to be cut, to log what must go with it. */
  public void beforeFrame(Runnable action) {
    beforeFrame = action;
  }

  /** Creates the log of the frames of one channel. */
  public InFlightLog inFlight(String channel) {
    return new InFlightLog("t%d-c%s".formatted(task, channel), budget, 0);
  }

  /** Returns the epoch that frames are cut in, once what must go with them is logged. */
  public long cut() {
    beforeFrame.run();
    return own.epoch();
  }

  /** Returns the current epoch. */
  public long epoch() {
    return own.epoch();
  }

  /** Adds an entry to the task's own log. */
  public void append(Determinant entry) {
    own.append(entry);
  }

  /** Enters an epoch. */
  public void beginEpoch(long epoch) {
    own.beginEpoch(epoch);
  }

  /** Forgets every epoch before this one; frames are forgotten by their channels. */
  public void dropBefore(long epoch) {
    oldest = Math.max(oldest, epoch);
    held.dropBefore(epoch);
    if (epoch <= own.epoch()) {
      own.dropBefore(epoch);
    }
  }

  // ---------------------------------------------------------------- sharing

  /** Creates the record of what a channel has passed on. */
  public Piggyback piggyback() {
    return new Piggyback(oldest, forwarded);
  }

  /** Takes note of what a consumer that has just come knows, by its own account. */
  public void consumerKnows(Piggyback channel, List<LogDelta> known) {
    channel.reset(oldest);
    for (LogDelta delta : known) {
      channel.setSent(
          delta.getTask(), delta.getEpoch(), delta.getOffset() + delta.getEntriesCount());
    }
    if (!live && replay == null) {
      for (LogDelta delta : known) {
        (delta.getTask() == task ? recovered : held).merge(delta);
      }
    }
  }

  /** Returns what the next frame of a channel has to carry. */
  public List<LogDelta> deltas(Piggyback channel) {
    return channel.deltas(task, own, held);
  }

  /** Stores what has come with a frame. */
  public void merge(List<LogDelta> deltas) {
    for (LogDelta delta : deltas) {
      held.merge(delta);
    }
  }

  /** Returns all that is held of others, for a producer that may have lost it. */
  public List<LogDelta> held() {
    List<LogDelta> all = new ArrayList<>();
    for (int other : held.tasks()) {
      held.logOf(other)
          .forEach(
              (epoch, entries) -> {
                if (!entries.isEmpty()) {
                  all.add(
                      LogDelta.newBuilder()
                          .setTask(other)
                          .setEpoch(epoch)
                          .addAllEntries(entries)
                          .build());
                }
              });
    }
    return all;
  }

  // ---------------------------------------------------------------- replay

  /** Ends the gathering: consumers that come from now on have nothing new to tell. */
  public ReplayCursor startReplay(String taskName) {
    replay = new ReplayCursor(taskName, recovered.logOf(task));
    recovered.dropBefore(Long.MAX_VALUE); // the cursor has a copy
    return replay;
  }

  /** Ends the replay. */
  public void goLive() {
    live = true;
  }

  /** Returns true once the task does what none did before it. */
  public boolean live() {
    return live;
  }
}
