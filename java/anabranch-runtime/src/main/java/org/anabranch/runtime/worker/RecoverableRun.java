package org.anabranch.runtime.worker;

import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Collectors;
import org.anabranch.proto.v1.Barrier;
import org.anabranch.proto.v1.Channel;
import org.anabranch.proto.v1.ConnectTask.Producer;
import org.anabranch.proto.v1.Determinant;
import org.anabranch.proto.v1.Determinant.KindCase;
import org.anabranch.proto.v1.FrameHeader;
import org.anabranch.proto.v1.FrameHeader.ControlCase;
import org.anabranch.proto.v1.OperatorState;
import org.anabranch.proto.v1.Snapshot;
import org.anabranch.proto.v1.TaskDescriptor;
import org.anabranch.runtime.exchange.Exchange;
import org.anabranch.runtime.exchange.LoggedInputGate;
import org.anabranch.runtime.exchange.LoggedInputGate.Received;
import org.anabranch.runtime.exchange.OutputGate;
import org.anabranch.runtime.operator.OperatorChain;
import org.anabranch.runtime.recovery.SpillBudget;
import org.anabranch.runtime.recovery.TaskLogs;

/**
 * The run of a task in a job with recovery; see {@code docs/design/006-recovery.md}.
 *
 * <pre>
 *   listen --> [all consumers have come] --> dial --> open --> [replay] --> live --> end --> serve
 * </pre>
 *
 * <p>What is in brackets is for a new incarnation only. Everything is called on the task's thread.
 */
final class RecoverableRun {
  /** The number of the snapshot behind the end. */
  static final long END = Long.MAX_VALUE;

  private final Task task;
  private final TaskDescriptor descriptor;
  private final TaskListener listener;
  private final Snapshot restore;
  private final TaskLogs logs;
  private final Recorder recorder;
  private final Queue<List<Producer>> connects = new ConcurrentLinkedQueue<>();
  private final List<Producer> undialled = new ArrayList<>();
  private boolean connectAsked;
  private Exchange exchange;
  private LoggedInputGate input;
  private OutputGate output;
  private OperatorChain chain;
  // The checkpoint that a source has been asked for, and when; 0: none.
  private long triggered;
  private long triggeredAt;
  // The barrier that has come on some channels and not on all; 0: none.
  private long aligning;

  RecoverableRun(Task task, JobContext job, RecoveryConfig config, TaskListener listener) {
    this.task = task;
    this.descriptor = task.descriptor();
    this.listener = listener;
    this.restore = descriptor.getRestore();
    this.logs =
        new TaskLogs(
            descriptor.getTaskId(),
            restore.getNumber(),
            new SpillBudget(config.inflightBytes(), config.spillDir()),
            forwarded(config.sharingDepth()));
    this.recorder = new Recorder(logs, job.functions().stateCodec(), descriptor.getName());
  }

  /** Returns the tasks whose logs consumers are to have besides this one's; null: all. */
  private Set<Integer> forwarded(int sharingDepth) {
    return switch (sharingDepth) {
      case 1 -> Set.of();
      case 2 ->
          descriptor.getInputsList().stream()
              .flatMap(edge -> edge.getChannelsList().stream())
              .map(Channel::getPeerTask)
              .collect(Collectors.toSet());
      default -> null;
    };
  }

  TaskLogs logs() {
    return logs;
  }

  Choices choices() {
    return recorder;
  }

  // ---------------------------------------------------------------- from the master

  /** Has producers dialled as soon as it is time. May be called from any thread. */
  void connect(List<Producer> producers) {
    connects.add(producers);
  }

  /** Also called while the task waits for room: a producer that recovers waits for us. */
  private void dial() {
    for (List<Producer> more = connects.poll(); more != null; more = connects.poll()) {
      connectAsked = true;
      undialled.addAll(more);
    }
    // What consumers hold has to go along with our own requests, so they come first.
    if (!repeats() || output.connected()) {
      reach("recovery.consumers");
      for (Producer producer : undialled) {
        input.connect(producer.getChannel(), producer.getEndpoint(), producer.getIncarnation());
      }
      undialled.clear();
    }
  }

  /** Takes a checkpoint, if the task is a source, between two fetches. */
  void trigger(long number, long timestampMillis) {
    triggered = number;
    triggeredAt = timestampMillis;
  }

  /** Commits what belongs to a checkpoint, and forgets what was before it. */
  void completed(long number) {
    recorder.quietly(() -> chain.commit(number));
    logs.dropBefore(number);
    output.dropBefore(number);
    if (number == END) {
      recorder.quietly(chain::close);
    }
    listener.committed(task, number);
  }

  // ---------------------------------------------------------------- life

  /** Runs the task until it is cancelled. */
  void run(Exchange opened, OperatorChain built) throws Exception {
    exchange = opened;
    input = opened.loggedInput();
    output = opened.output();
    chain = built;
    if (!repeats()) {
      logs.goLive();
    }
    recorder.countEmitted(chain::emitted);
    connectAsked = task.needsNoConnection();
    exchange.whileWaiting(this::dial);
    listener.deployed(task, task.listen());
    reach("recovery.deployed");
    awaitConnections();
    reach("recovery.connected");
    if (hasNothingToRun()) {
      commitOnly();
    } else {
      open();
      runOperators();
      end();
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

  /** Returns whether there was an incarnation before this one, and something to run. */
  private boolean repeats() {
    return descriptor.hasRestore() && !hasNothingToRun();
  }

  private boolean hasNothingToRun() {
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
    recorder.quietly(
        () -> {
          chain.commitOnly(restore);
          chain.close();
        });
    listener.checkpoint(task, restore);
  }

  private void open() {
    if (repeats()) {
      recorder.repeat(logs.startReplay(descriptor.getName()));
    }
    recorder.begin();
    if (restore.getNumber() > 0) {
      // In the run before the functions were opened long before this epoch.
      recorder.quietly(() -> chain.open(restore));
    } else {
      chain.open();
    }
    reach("recovery.restored");
    if (logs.live()) {
      task.enter(Lifecycle.RUNNING, null);
    }
  }

  private void reach(String place) {
    if (repeats()) {
      Faults.reach(place);
    }
  }

  private void runOperators() {
    if (chain.source() != null) {
      runSource();
    } else {
      runInput();
    }
    recorder.begin();
    chain.finish();
    if (!recorder.exhausted()) {
      throw recorder.mismatch("nothing, for its input has ended", "more entries");
    }
  }

  private void end() {
    output.flush();
    List<OperatorState> states = chain.save(END);
    recorder.quietly(chain::closeBeforeCommit);
    output.end();
    if (!logs.live()) {
      goLive();
    }
    listener.checkpoint(task, snapshot(END, states));
    Faults.reach("end.checkpoint");
  }

  private void goLive() {
    output.flush();
    logs.goLive();
    output.checkNothingMissing();
    task.enter(Lifecycle.RUNNING, null);
    reach("recovery.live");
  }

  private void serve() {
    exchange.await();
    task.runMailbox();
  }

  // ---------------------------------------------------------------- input

  private void runInput() {
    while (!input.ended()) {
      task.runMailbox();
      if (!recorder.exhausted()) {
        repeatInput();
      } else if (!logs.live()) {
        goLive();
      } else {
        takeInput();
      }
    }
  }

  private void takeInput() {
    Received received = input.nextReceived();
    if (received == null) {
      exchange.poll(0);
      received = input.nextReceived();
    }
    if (received != null) {
      recorder.order(received.channel(), received.batch() == null ? 0 : received.batch().size());
      handle(received);
    } else {
      output.flush();
      // The flush may have waited for room, and input may have come meanwhile.
      if (!input.ready()) {
        exchange.await();
      }
    }
  }

  private void repeatInput() {
    reach("recovery.replaying");
    Determinant.Order order = recorder.next(KindCase.ORDER, KindCase.ORDER).getOrder();
    boolean control = order.getRecords() == 0;
    int left = order.getRecords();
    do {
      Received received = awaitInput(order.getChannel(), control ? 1 : left);
      if ((received.control() != null) != control) {
        throw recorder.mismatch(
            (control ? "a control frame" : left + " records") + " of channel " + order.getChannel(),
            "the other");
      }
      left -= control ? 0 : received.batch().size();
      handle(received);
    } while (left > 0);
  }

  private Received awaitInput(int channel, int most) {
    while (true) {
      Received received = input.take(channel, most);
      if (received == null) {
        if (input.ended(channel)) {
          throw recorder.mismatch("more input of channel " + channel, "its end");
        }
        exchange.poll(0);
        received = input.take(channel, most);
      }
      if (received != null) {
        return received;
      }
      output.flush();
      exchange.await();
      task.runMailbox();
    }
  }

  private void handle(Received received) {
    FrameHeader control = received.control();
    if (control == null) {
      task.handle(received.batch());
      return;
    }
    if (control.getControlCase() == ControlCase.BARRIER) {
      meet(received.channel(), control.getBarrier().getNumber());
      Faults.reach("checkpoint.aligning");
    } else {
      Faults.reach("end.input");
    }
    // Behind the last end there is the last snapshot, which needs no barrier.
    if (aligning != 0 && !input.ended() && input.aligned()) {
      long number = aligning;
      aligning = 0;
      takeCheckpoint(number, control.getBarrier());
      input.unblock();
    }
  }

  private void meet(int channel, long number) {
    if (number <= logs.epoch() || number < aligning) {
      return; // of a checkpoint that was given up for a later one
    }
    if (number > aligning) {
      input.unblock();
      aligning = number;
    }
    input.block(channel);
  }

  // ---------------------------------------------------------------- source

  private void runSource() {
    long idle = 0;
    while (!chain.source().ended()) {
      task.runMailbox();
      if (!recorder.exhausted()) {
        repeatSource();
        continue;
      }
      if (!logs.live()) {
        goLive();
      }
      if (triggered > logs.epoch()) {
        recorder.checkpoint(triggered, triggeredAt);
        takeCheckpoint(triggered, Barrier.newBuilder().setTimestampMs(triggeredAt).build());
      }
      // fetch may take long, and nobody else would send what is still queued.
      output.awaitSent();
      recorder.fetch();
      boolean collected = task.fetch();
      output.flush();
      idle = collected ? 0 : Math.min(Task.LONGEST_IDLE_MILLIS, idle + 1);
      exchange.poll(idle);
    }
  }

  private void repeatSource() {
    Determinant entry = recorder.next(KindCase.SOURCE_READ, KindCase.CHECKPOINT);
    if (entry.hasCheckpoint()) {
      Determinant.Checkpoint taken = entry.getCheckpoint();
      takeCheckpoint(
          taken.getNumber(), Barrier.newBuilder().setTimestampMs(taken.getTimestampMs()).build());
      return;
    }
    for (long left = entry.getSourceRead().getFetches(); left > 0; left--) {
      if (chain.source().ended()) {
        throw recorder.mismatch("nothing, for its source has ended", left + " more fetches");
      }
      recorder.fetchesAhead(left - 1);
      task.fetch();
      output.flush();
      exchange.poll(0);
    }
  }

  // ---------------------------------------------------------------- checkpoints

  private void takeCheckpoint(long number, Barrier barrier) {
    output.flush();
    List<OperatorState> states = chain.save(number);
    recorder.beginEpoch(number);
    output.barrier(number, barrier.getTimestampMs());
    Faults.reach("checkpoint.passed");
    listener.checkpoint(task, snapshot(number, states));
    Faults.reach("checkpoint.sent");
  }

  /**
   * Returns the task's part of a checkpoint, positions of outputs behind the barrier or the end.
   */
  private Snapshot snapshot(long number, List<OperatorState> states) {
    return Snapshot.newBuilder()
        .setNumber(number)
        .addAllInputs(input.positions())
        .addAllOutputs(output.positions())
        .putAllNextOfEdge(output.nextOfEdge())
        .addAllOperators(states)
        .build();
  }
}
