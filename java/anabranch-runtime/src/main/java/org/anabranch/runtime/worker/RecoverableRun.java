package org.anabranch.runtime.worker;

import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.anabranch.proto.v1.ConnectTask.Producer;
import org.anabranch.proto.v1.Snapshot;
import org.anabranch.proto.v1.TaskDescriptor;
import org.anabranch.proto.v1.UnreadFrame;
import org.anabranch.runtime.exchange.Exchange;
import org.anabranch.runtime.exchange.input.InputBatch;
import org.anabranch.runtime.exchange.input.InputGate;
import org.anabranch.runtime.exchange.input.Received;
import org.anabranch.runtime.exchange.output.OutputGate;
import org.anabranch.runtime.exchange.wire.Guarantee;
import org.anabranch.runtime.operator.OperatorChain;

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
abstract sealed class RecoverableRun permits ExactlyOnceRun, AtLeastOnceRun {
  private static final long MOST_BYTES_AHEAD = 64 << 20;

  /** The number of the snapshot after the end. */
  static final long END = Long.MAX_VALUE;

  final Task task;
  final TaskDescriptor descriptor;
  final Snapshot restore;
  private final TaskListener listener;
  private final Queue<List<Producer>> connects = new ConcurrentLinkedQueue<>();
  private final List<Producer> undialled = new ArrayList<>();
  private boolean connectAsked;
  // Checkpoints whose commits are still to be made.
  private final Queue<Long> completed = new ConcurrentLinkedQueue<>();
  private boolean restored;
  private Exchange exchange;
  private InputGate input;
  private OutputGate output;
  private OperatorChain chain;
  private final Pace pace = new Pace();
  // The checkpoint to be taken without a barrier, and when it was asked for; 0: none.
  private long triggered;
  private long triggeredAt;

  RecoverableRun(Task task, TaskListener listener) {
    this.task = task;
    this.descriptor = task.descriptor();
    this.listener = listener;
    this.restore = descriptor.getRestore();
  }

  static RecoverableRun of(
      Task task, JobContext job, RecoveryConfig config, TaskListener listener) {
    return config instanceof RecoveryConfig.ExactlyOnce exactlyOnce
        ? new ExactlyOnceRun(task, job, exactlyOnce, listener)
        : new AtLeastOnceRun(task, listener);
  }

  // ---------------------------------------------------------------- what differs

  /** Returns what the task's channels remember. */
  abstract Guarantee guarantee();

  /** Returns what answers the questions of user code. */
  abstract Choices choices();

  /** Returns the number of the checkpoint that the task has taken last. */
  abstract long epoch();

  /** Returns the memory that determinant logs take, about. May be called from any thread. */
  long logBytes() {
    return 0;
  }

  /** Takes note of the gates and the chain. */
  abstract void opened(Exchange opened, OperatorChain built);

  /** Returns whether producers may be dialled already. */
  abstract boolean mayDial();

  /**
   * Opens the functions and enters {@link Lifecycle#RUNNING}, unless something has to be repeated.
   */
  abstract void open();

  /** Repeats what a source did in an earlier life; returns false once there is nothing left. */
  abstract boolean repeatSource();

  /** A checkpoint is about to be taken because the master wants it, without a barrier. */
  abstract void beforeTrigger(long number, long timestampMillis);

  /** A source is about to be asked for records. */
  abstract void beforeFetch();

  /** Returns the checkpoint whose barrier has come on some channels and not on all; 0: none. */
  abstract long aligning();

  /** A checkpoint was taken without the barriers that some channels may have met. */
  abstract void passedBarriers();

  /** A source was asked for records, which took so long with all that has become of them here. */
  abstract void afterFetch(long nanos);

  /** Handles all input, up to the end on every channel. */
  abstract void runInput();

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

  /** A named place at which tests let the worker die; of interest where something is repeated. */
  abstract void reach(String place);

  // ---------------------------------------------------------------- from the master

  /** Has producers dialled as soon as it is time. May be called from any thread. */
  final void connect(List<Producer> producers) {
    connects.add(producers);
  }

  /** Also called while the task waits for room: a producer that recovers waits for us. */
  private void dial() {
    for (List<Producer> more = connects.poll(); more != null; more = connects.poll()) {
      connectAsked = true;
      undialled.addAll(more);
    }
    if (mayDial()) {
      reach("recovery.consumers");
      for (Producer producer : undialled) {
        input.connect(producer.getChannel(), producer.getEndpoint(), producer.getIncarnation());
      }
      undialled.clear();
    }
  }

  /**
   * Has a checkpoint taken without a barrier: by a source, between two fetches, or by a task that
   * no barrier reaches any more because all that is upstream of it has ended.
   */
  final void trigger(long number, long timestampMillis) {
    triggered = number;
    triggeredAt = timestampMillis;
  }

  /** Everybody's part of a checkpoint is safe. May be called from any thread. */
  final void completed(long number) {
    completed.add(number);
  }

  /**
   * Commits what belongs to complete checkpoints; not before the transactions of earlier lives are
   * known.
   */
  final void commitCompleted() {
    while (restored && !completed.isEmpty()) {
      long number = completed.poll();
      quietly(() -> chain.commit(number));
      forget(number);
      if (number == END) {
        quietly(chain::close);
      }
      listener.committed(task, number);
    }
  }

  // ---------------------------------------------------------------- life

  /** Runs the task until it is cancelled. */
  final void run(Exchange opened, OperatorChain built) throws Exception {
    exchange = opened;
    input = opened.input();
    output = opened.output();
    chain = built;
    opened(opened, built);
    connectAsked = task.needsNoConnection();
    exchange.whileWaiting(this::dial);
    listener.deployed(task, task.listen());
    reach("recovery.deployed");
    awaitConnections();
    reach("recovery.connected");
    if (hasNothingToRun()) {
      commitOnly();
      restored();
    } else {
      open();
      restored();
      end(runOperators());
    }
    while (!hasNothingToRun() && !output.acknowledged()) {
      serve();
    }
    task.enter(Lifecycle.FINISHED, null);
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
    return restore.getNumber() == END;
  }

  private void awaitConnections() {
    while (true) {
      task.runMailbox();
      dial();
      if (connectAsked && input.connected() && (hasNothingToRun() || output.connected())) {
        return;
      }
      exchange.await();
    }
  }

  private void commitOnly() {
    task.enter(Lifecycle.RUNNING, null);
    quietly(
        () -> {
          chain.commitOnly(restore);
          chain.close();
        });
    listener.checkpoint(task, restore);
  }

  private Snapshot.Builder runOperators() {
    if (chain.source() != null) {
      runSource();
    } else {
      runInput();
    }
    beforeFinish();
    Snapshot.Builder states = chain.end();
    afterFinish();
    return states;
  }

  private void end(Snapshot.Builder states) {
    output.end();
    afterEnd();
    listener.checkpoint(task, snapshot(END, states));
    Faults.reach("end.checkpoint");
  }

  private void serve() {
    exchange.await();
    task.runMailbox();
  }

  // ---------------------------------------------------------------- input

  /** Returns what has come next; null if nothing has, and then waits for something to come. */
  final Received awaitReceived() {
    Received received = input.nextReceived();
    if (received == null) {
      exchange.poll(0);
      received = input.nextReceived();
    }
    if (received == null) {
      output.flush();
      // The flush may have waited for room, and input may have come meanwhile.
      if (!input.ready()) {
        exchange.await();
      }
    }
    return received;
  }

  final void handle(InputBatch batch) {
    long began = System.nanoTime();
    task.handle(batch);
    pace.learn(batch.size(), System.nanoTime() - began);
    input.takeAtMost(pace.most());
  }

  private void runSource() {
    IdlePause pause = new IdlePause();
    while (!chain.source().ended()) {
      task.runMailbox();
      if (repeatSource()) {
        continue;
      }
      if (triggered > epoch()) {
        beforeTrigger(triggered, triggeredAt);
        takeCheckpoint(triggered, triggeredAt);
      }
      // fetch may take long, and nobody else would send what is still queued.
      output.awaitSent();
      beforeFetch();
      long began = System.nanoTime();
      boolean collected = task.fetch();
      if (collected) { // there may be many channels to look at
        output.flush();
      }
      long ended = System.nanoTime();
      afterFetch(ended - began);
      exchange.poll(pause.after(began, ended, collected));
    }
  }

  // ---------------------------------------------------------------- checkpoints

  /** Takes the checkpoint that was asked for as soon as what is to come is known to its end. */
  final void takeTriggered() {
    if (triggered <= epoch()) {
      return;
    }
    boolean readToEnd = triggered > aligning() && readAhead(MOST_BYTES_AHEAD);
    // Asked for only now: what was read may hold the barrier.
    if (triggered <= aligning() || input.barrierAhead(triggered)) {
      triggered = 0;
    } else if (readToEnd) {
      beforeTrigger(triggered, triggeredAt);
      takeCheckpointBeforeEnd(triggered, triggeredAt);
    }
  }

  /** Takes a checkpoint whose snapshot holds all input that is still to be handled. */
  final void takeCheckpointBeforeEnd(long number, long timestampMillis) {
    takeCheckpoint(number, timestampMillis, input.unread());
    passedBarriers();
  }

  /** Returns whether all that is still to come is in memory. */
  final boolean readAhead(long mostBytes) {
    boolean readToEnd = input.readAhead(mostBytes);
    if (!readToEnd) {
      exchange.poll(0);
      readToEnd = input.readAhead(mostBytes);
    }
    return readToEnd;
  }

  final void takeCheckpoint(long number, long timestampMillis) {
    takeCheckpoint(number, timestampMillis, List.of());
  }

  private void takeCheckpoint(long number, long timestampMillis, List<UnreadFrame> unread) {
    output.flush();
    Snapshot.Builder states = Snapshot.newBuilder();
    save(number, states);
    enterEpoch(number);
    output.barrier(number, timestampMillis);
    if (chain.source() != null) {
      chain.source().beginEpoch();
    }
    Faults.reach("checkpoint.passed");
    listener.checkpoint(task, snapshot(number, states.addAllUnread(unread)));
    Faults.reach("checkpoint.sent");
  }

  private void save(long number, Snapshot.Builder into) {
    into.addAllOperators(chain.save(number)).putAllFunctionOfEdge(chain.saveOfEdges(number));
  }

  /**
   * Returns the task's part of a checkpoint, with the states that were saved before the barrier or
   * the end was sent, and the positions of outputs after it.
   */
  private Snapshot snapshot(long number, Snapshot.Builder states) {
    states.setNumber(number).addAllInputs(input.positions()).putAllNextOfEdge(output.nextOfEdge());
    complete(states);
    SnapshotSize.require(states, descriptor, SnapshotSize.LARGEST);
    return states.build();
  }
}
