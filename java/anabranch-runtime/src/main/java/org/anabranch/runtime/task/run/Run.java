package org.anabranch.runtime.task.run;

import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.anabranch.proto.v1.ConnectTask.Producer;
import org.anabranch.proto.v1.TaskDescriptor;
import org.anabranch.runtime.exchange.Exchange;
import org.anabranch.runtime.exchange.input.EventReader;
import org.anabranch.runtime.exchange.input.InputEvent;
import org.anabranch.runtime.exchange.output.OutputGate;
import org.anabranch.runtime.exchange.wire.Guarantee;
import org.anabranch.runtime.job.JobContext;
import org.anabranch.runtime.job.RecoveryConfig;
import org.anabranch.runtime.operator.OperatorChain;

/**
 * What a task does once it has gates and a chain.
 *
 * <pre>
 *   listen --> dial --> live
 * </pre>
 *
 * <p>Everything is called on the task's thread, unless it says otherwise.
 */
public abstract sealed class Run permits PlainRun, CheckpointedRun {
  final RunningTask task;
  final TaskDescriptor descriptor;
  private final Queue<List<Producer>> connects = new ConcurrentLinkedQueue<>();
  private final List<Producer> undialled = new ArrayList<>();
  private boolean connectAsked;
  Exchange exchange;
  EventReader events;
  OutputGate output;
  OperatorChain chain;

  Run(RunningTask task) {
    this.task = task;
    this.descriptor = task.descriptor();
    // The master need not connect a task without channels.
    this.connectAsked = descriptor.getInputsCount() == 0 && descriptor.getOutputsCount() == 0;
  }

  /** Returns the run of a task, in the mode of its job. */
  public static Run of(RunningTask task, JobContext job) {
    RecoveryConfig recovery = job.recovery();
    if (recovery instanceof RecoveryConfig.ExactlyOnce exactlyOnce) {
      return new ExactlyOnceRun(task, job, exactlyOnce);
    }
    return recovery.recovers() ? new AtLeastOnceRun(task) : new PlainRun(task);
  }

  // ---------------------------------------------------------------- what differs

  /** Returns what the task's channels remember. */
  public abstract Guarantee guarantee();

  /** Returns what answers the questions of user code. */
  public abstract Choices choices();

  /** Returns whether the task takes checkpoints. */
  public abstract boolean takesCheckpoints();

  /** Returns the number of the checkpoint that the task has taken last; 0 if it takes none. */
  public abstract long epoch();

  /** Returns the memory that determinant logs take, about. May be called from any thread. */
  public long logBytes() {
    return 0;
  }

  /** Does everything from the moment the task is connected to its end. */
  abstract void live();

  /** Takes note of the gates and the chain. */
  void opened() {}

  /** Returns whether producers may be dialled already. */
  boolean mayDial() {
    return true;
  }

  /** Returns whether consumers are waited for before anything is run. */
  boolean awaitsConsumers() {
    return true;
  }

  /** Handles all input, up to the end on every channel. */
  abstract void runInput();

  /** Does what comes before the next fetch; returns false if that took its place. */
  boolean mayFetch() {
    return true;
  }

  /** A source is about to be asked for records. */
  void beforeFetch() {}

  /** A source was asked for records, which took so long with all that has become of them here. */
  void afterFetch(long nanos) {
    chain.source().learn(nanos);
  }

  /** A named place at which tests let the worker die; of interest where something is repeated. */
  void reach(String place) {}

  // ---------------------------------------------------------------- from the master

  /** Has producers dialled as soon as it is time. May be called from any thread. */
  public final void connect(List<Producer> producers) {
    connects.add(producers);
  }

  /** Has a checkpoint taken without a barrier. */
  public void trigger(long number) {}

  /** Everybody's part of a checkpoint is safe. May be called from any thread. */
  public void completed(long number) {}

  /** Commits what belongs to complete checkpoints. */
  public void commitCompleted() {}

  /** The task's part of a checkpoint was reported. May be called from any thread. */
  public void reported(long number) {}

  // ---------------------------------------------------------------- life

  /**
   * Runs the task: until everything was sent and taken, or, where others may need what was sent,
   * until it is cancelled.
   */
  public final void run(Exchange opened, OperatorChain built) throws Exception {
    exchange = opened;
    events = opened.events();
    output = opened.output();
    chain = built;
    opened();
    exchange.whileWaiting(this::dial);
    task.listen();
    reach("recovery.deployed");
    awaitConnections();
    reach("recovery.connected");
    live();
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
        exchange
            .input()
            .connect(producer.getChannel(), producer.getEndpoint(), producer.getIncarnation());
      }
      undialled.clear();
    }
  }

  /** Consumers are waited for too: user code may block for long, and lets nobody in meanwhile. */
  private void awaitConnections() {
    while (true) {
      task.runMailbox();
      dial();
      if (connectAsked
          && exchange.input().connected()
          && (!awaitsConsumers() || output.connected())) {
        return;
      }
      exchange.await();
    }
  }

  /** Runs the operators until the input has ended on every channel, or the source. */
  final void runOperators() {
    if (chain.source() != null) {
      runSource();
    } else {
      runInput();
    }
  }

  /** Returns what has come next; null if nothing has, and then waits for something to come. */
  final InputEvent awaitEvent() {
    InputEvent event = events.next();
    if (event == null) {
      exchange.poll(0);
      event = events.next();
    }
    if (event == null) {
      output.flush();
      // The flush may have waited for room, and input may have come meanwhile.
      if (!events.ready()) {
        exchange.await();
      }
    }
    return event;
  }

  private void runSource() {
    IdlePause pause = new IdlePause();
    while (!chain.source().ended()) {
      task.runMailbox();
      if (!mayFetch()) {
        continue;
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
}
