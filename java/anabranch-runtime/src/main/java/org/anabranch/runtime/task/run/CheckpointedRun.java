package org.anabranch.runtime.task.run;

import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.anabranch.proto.v1.Snapshot;
import org.anabranch.proto.v1.UnreadFrame;
import org.anabranch.runtime.exchange.input.InputEvent;
import org.anabranch.runtime.exchange.input.InputEvent.Barrier;
import org.anabranch.runtime.exchange.input.InputEvent.Control;
import org.anabranch.runtime.exchange.input.InputEvent.Records;
import org.anabranch.runtime.operator.Operator;
import org.anabranch.runtime.process.Faults;
import org.anabranch.runtime.state.Payloads;

/**
 * The run of a task in a job with checkpoints; see {@code docs/design/006-recovery.md}.
 *
 * <pre>
 *   listen --> dial --> open --> run --> end --> serve
 * </pre>
 *
 * <p>What is done at each of these steps so that the task can be restored without the others, or
 * only together with them, is the affair of the subclasses. Everything is called on the task's
 * thread.
 */
abstract sealed class CheckpointedRun extends Run permits ExactlyOnceRun, AtLeastOnceRun {
  private static final long MOST_BYTES_AHEAD = 64 << 20;

  final Snapshot restore;
  // Checkpoints whose commits are still to be made.
  private final Queue<Long> completed = new ConcurrentLinkedQueue<>();
  private boolean restored;
  private volatile boolean endReported;
  private final Pace pace = new Pace();
  // The checkpoint to be taken without a barrier; 0: none.
  private long triggered;

  CheckpointedRun(RunningTask task) {
    super(task);
    this.restore = descriptor.getRestore();
  }

  @Override
  public final boolean takesCheckpoints() {
    return true;
  }

  // ---------------------------------------------------------------- what differs

  /** Opens the functions, and says that the task is running unless something is to be repeated. */
  abstract void open();

  /** Repeats what a source did in an earlier life; returns false once there is nothing left. */
  abstract boolean repeatSource();

  /** A checkpoint is about to be taken because the master wants it, without a barrier. */
  abstract void beforeTrigger(long number);

  /** The input has ended; operators are about to emit what they hold back. */
  abstract void beforeFinish();

  /** The operators have emitted everything, and been saved and closed. */
  abstract void afterFinish();

  /** Everything has been sent, the end of input included. */
  abstract void afterEnd();

  /** The states of a checkpoint have been saved, and its barrier is about to be sent. */
  abstract void enterEpoch(long number);

  /** Adds to a snapshot what only this kind of run has to know. */
  abstract void complete(Snapshot.Builder snapshot);

  /** Forgets what was before a completed checkpoint. */
  abstract void forget(long number);

  /** Does something outside of the order in which things are repeated. */
  abstract void quietly(Runnable action);

  // ---------------------------------------------------------------- from the master

  /**
   * Has a checkpoint taken without a barrier: by a source, between two fetches, or by a task that
   * no barrier reaches any more because all that is upstream of it has ended.
   */
  @Override
  public final void trigger(long number) {
    triggered = number;
  }

  @Override
  public final void completed(long number) {
    completed.add(number);
  }

  /**
   * Commits what belongs to complete checkpoints; not before the transactions of earlier lives are
   * known.
   */
  @Override
  public final void commitCompleted() {
    while (restored && !completed.isEmpty()) {
      long number = completed.poll();
      quietly(() -> chain.commit(number));
      forget(number);
      if (number == Operator.END) {
        quietly(chain::close);
      }
      task.committed(number);
    }
  }

  @Override
  public final void reported(long number) {
    Faults.reach(number == Operator.END ? "end.checkpoint" : "checkpoint.sent");
    endReported |= number == Operator.END;
  }

  // ---------------------------------------------------------------- life

  /** Runs until the task is cancelled. */
  @Override
  final void live() {
    if (hasNothingToRun()) {
      commitOnly();
      restored();
    } else {
      open();
      restored();
      runOperators();
      end(finish());
    }
    while (!endReported || !hasNothingToRun() && !output.acknowledged()) {
      serve();
    }
    task.finished();
    Faults.reach("end.finished");
    while (true) { // others may need what was sent, until the job has ended
      serve();
    }
  }

  private void restored() {
    restored = true;
    commitCompleted();
  }

  /** Returns whether the task had come to its end in an earlier life. */
  final boolean hasNothingToRun() {
    return restore.getNumber() == Operator.END;
  }

  @Override
  final boolean awaitsConsumers() {
    return !hasNothingToRun();
  }

  private void commitOnly() {
    task.running();
    quietly(
        () -> {
          try (Payloads payloads = task.payloads(restore)) {
            chain.commitOnly(restore, payloads);
          }
          chain.close();
        });
    task.checkpoint(restore);
  }

  private Snapshot.Builder finish() {
    beforeFinish();
    Snapshot.Builder states = chain.end();
    afterFinish();
    return states;
  }

  private void end(Snapshot.Builder states) {
    output.end();
    afterEnd();
    task.checkpoint(snapshot(Operator.END, states));
  }

  /** Opens the functions with what they had in the snapshot that the task goes on from. */
  final void openRestored() {
    try (Payloads payloads = task.payloads(restore)) {
      chain.open(restore, payloads);
    }
  }

  private void serve() {
    exchange.await();
    task.runMailbox();
  }

  // ---------------------------------------------------------------- input

  /** Handles records, or what a barrier or the end of a channel brings about. */
  final void handle(InputEvent event) {
    if (event instanceof Records records) {
      handle(records);
    } else if (event instanceof Control control) {
      Faults.reach(control instanceof Barrier ? "checkpoint.aligning" : "end.input");
      if (control.aligned() != 0) {
        takeCheckpoint(control.aligned());
      }
    }
  }

  private void handle(Records records) {
    long began = System.nanoTime();
    task.handle(records);
    pace.learn(records.records(), System.nanoTime() - began);
    events.takeAtMost(pace.most());
  }

  @Override
  final boolean mayFetch() {
    if (repeatSource()) {
      return false;
    }
    if (triggered > epoch()) {
      beforeTrigger(triggered);
      takeCheckpoint(triggered);
    }
    return true;
  }

  // ---------------------------------------------------------------- checkpoints

  /** Takes the checkpoint that was asked for as soon as what is to come is known to its end. */
  final void takeTriggered() {
    if (triggered <= epoch()) {
      return;
    }
    boolean isLate = triggered <= events.aligning();
    boolean readToEnd = !isLate && readAhead(MOST_BYTES_AHEAD);
    // Asked for only now: what was read may hold the barrier.
    if (isLate || events.barrierAhead(triggered)) {
      triggered = 0;
    } else if (readToEnd) {
      beforeTrigger(triggered);
      takeCheckpointBeforeEnd(triggered);
    }
  }

  /** Takes a checkpoint whose snapshot holds all input that is still to be handled. */
  final void takeCheckpointBeforeEnd(long number) {
    takeCheckpoint(number, events.unread());
  }

  /** Returns whether all that is still to come is in memory. */
  final boolean readAhead(long mostBytes) {
    boolean readToEnd = events.readAhead(mostBytes);
    if (!readToEnd) {
      exchange.poll(0);
      readToEnd = events.readAhead(mostBytes);
    }
    return readToEnd;
  }

  final void takeCheckpoint(long number) {
    takeCheckpoint(number, List.of());
  }

  private void takeCheckpoint(long number, List<UnreadFrame> unread) {
    output.flush();
    Snapshot.Builder states = Snapshot.newBuilder();
    save(number, states);
    enterEpoch(number);
    output.barrier(number);
    events.enterEpoch(number);
    if (chain.source() != null) {
      chain.source().beginEpoch();
    }
    Faults.reach("checkpoint.passed");
    task.checkpoint(snapshot(number, states.addAllUnread(unread)));
  }

  private void save(long number, Snapshot.Builder into) {
    into.addAllOperators(chain.save(number)).putAllFunctionOfEdge(chain.saveOfEdges(number));
  }

  /**
   * Returns the task's part of a checkpoint, with the states that were saved before the barrier or
   * the end was sent, and the positions of outputs after it.
   */
  private Snapshot snapshot(long number, Snapshot.Builder states) {
    states.setNumber(number).addAllInputs(events.positions()).putAllNextOfEdge(output.nextOfEdge());
    complete(states);
    return states.build();
  }
}
