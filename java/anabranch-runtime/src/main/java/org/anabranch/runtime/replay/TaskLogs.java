package org.anabranch.runtime.replay;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.function.IntFunction;
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
  // More tasks than this do not fit into a reply: all logs are asked for then.
  private static final int MAX_NAMED = 500;

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
   * @param forwarded tasks upstream whose logs are passed on to consumers
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

  /** Takes note that a consumer has come: what was on its way to it may be lost. */
  public void beginSharing(Piggyback channel) {
    channel.reset(oldest);
  }

  /** Returns whether a consumer that comes now is asked for the logs that it holds. */
  public boolean gathers() {
    return !live && replay == null;
  }

  /** Returns whose logs are asked for: this task's, and those that it passes on; empty: all. */
  public List<Integer> wantedTasks() {
    List<Integer> wanted = new ArrayList<>();
    if (forwarded.size() < MAX_NAMED) {
      wanted.add(task);
      wanted.addAll(forwarded);
    }
    return wanted;
  }

  /**
   * Takes a part of a log that a consumer holds, and need not be sent.
   *
   * <p>A consumer that was asked for all sends more: logs of tasks that are not upstream of this
   * one. Nothing would keep such a copy right when its task, and all that depend on it, fail and
   * take another way.
   */
  public void consumerHolds(Piggyback channel, LogDelta delta) {
    channel.setSent(delta.getTask(), delta.getEpoch(), delta.getOffset() + delta.getEntriesCount());
    if (forwarded.contains(delta.getTask())) {
      held.merge(delta);
    } else if (delta.getTask() == task && gathers()) {
      recovered.merge(delta);
    }
  }

  /** Returns what has to go ahead of the next frame of a channel, about so many bytes of it. */
  public Piece next(Piggyback channel, int room) {
    return channel.next(task, own, held, room);
  }

  /** Returns about how many bytes of the task's own log a channel has to carry. */
  public long dueBytes(Piggyback channel) {
    return channel.dueBytes(own);
  }

  /** Stores what has come with a frame. */
  public void merge(List<LogDelta> deltas) {
    for (LogDelta delta : deltas) {
      held.merge(delta);
    }
  }

  /**
   * Returns what is held of others, piece by piece, for a producer that has lost it.
   *
   * @param tasks whose logs; empty: all
   * @return makes the next piece, for a limit of bytes; the last one is not full
   */
  public IntFunction<Piece> held(Collection<Integer> tasks) {
    Piggyback sent = new Piggyback(0, tasks.isEmpty() ? null : Set.copyOf(tasks));
    return room -> sent.next(held, room);
  }

  /** Returns what all logs take in memory, about; a snapshot, from any thread. */
  public long memoryBytes() {
    return own.memoryBytes() + held.memoryBytes() + recovered.memoryBytes();
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
