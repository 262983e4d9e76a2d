package org.anabranch.runtime.task.run;

import java.util.Set;
import java.util.stream.Collectors;
import org.anabranch.proto.v1.Channel;
import org.anabranch.proto.v1.Determinant;
import org.anabranch.proto.v1.Determinant.KindCase;
import org.anabranch.proto.v1.FrameHeader;
import org.anabranch.proto.v1.FrameHeader.ControlCase;
import org.anabranch.proto.v1.Snapshot;
import org.anabranch.runtime.exchange.input.LoggedInputGate;
import org.anabranch.runtime.exchange.input.Received;
import org.anabranch.runtime.exchange.wire.Guarantee;
import org.anabranch.runtime.job.JobContext;
import org.anabranch.runtime.job.RecoveryConfig;
import org.anabranch.runtime.process.Faults;
import org.anabranch.runtime.replay.Piece;
import org.anabranch.runtime.replay.SpillBudget;
import org.anabranch.runtime.replay.TaskLogs;

/**
 * The run of a task whose records count exactly once, and which can be restored while the others go
 * on: what it sends and what it chooses is logged, and a new incarnation repeats it.
 *
 * <pre>
 *   listen --> [all consumers have come] --> dial --> open --> [replay] --> live --> end --> serve
 * </pre>
 *
 * <p>What is in brackets is for a new incarnation only.
 */
final class ExactlyOnceRun extends RecoverableRun {
  // For one channel, before more is asked of all.
  private static final long REPLAY_WAIT_MILLIS = 100;

  private final TaskLogs logs;
  private final Recorder recorder;
  private LoggedInputGate input;
  // The barrier that has come on some channels and not on all; 0: none.
  private long aligning;

  ExactlyOnceRun(RunningTask task, JobContext job, RecoveryConfig.ExactlyOnce config) {
    super(task);
    this.logs =
        new TaskLogs(
            descriptor.getTaskId(),
            restore.getNumber(),
            new SpillBudget(config.inflightBytes(), config.heap(), config.spillDir()),
            forwarded(config.sharingDepth()));
    this.recorder =
        new Recorder(
            logs,
            job.functions().stateCodec(),
            descriptor.getName(),
            Piece.maxEntryBytes(job.exchange().maxFrameBytes()));
  }

  /** Returns the tasks whose logs consumers are to have besides this one's. */
  private Set<Integer> forwarded(int sharingDepth) {
    return switch (sharingDepth) {
      case 1 -> Set.of();
      case 2 ->
          descriptor.getInputsList().stream()
              .flatMap(edge -> edge.getChannelsList().stream())
              .map(Channel::getPeerTask)
              .collect(Collectors.toSet());
      default -> Set.copyOf(descriptor.getUpstreamTasksList());
    };
  }

  @Override
  public Guarantee guarantee() {
    return new Guarantee.ExactlyOnce(logs);
  }

  @Override
  public Choices choices() {
    return recorder;
  }

  @Override
  public long logBytes() {
    return logs.memoryBytes();
  }

  @Override
  public long epoch() {
    return logs.epoch();
  }

  @Override
  void quietly(Runnable action) {
    recorder.quietly(action);
  }

  @Override
  void reach(String place) {
    if (repeats()) {
      Faults.reach(place);
    }
  }

  /** Returns whether there was an incarnation before this one, and something to run. */
  private boolean repeats() {
    return descriptor.hasRestore() && !hasNothingToRun();
  }

  // ---------------------------------------------------------------- life

  @Override
  void opened() {
    super.opened();
    input = exchange.loggedInput();
    if (!repeats()) {
      logs.goLive();
    }
    recorder.countEmitted(chain::emitted);
  }

  /** What consumers hold has to go along with our own requests, so they come first. */
  @Override
  boolean mayDial() {
    return !repeats() || output.connected();
  }

  @Override
  void open() {
    if (repeats()) {
      recorder.repeat(logs.startReplay(descriptor.getName()));
    }
    recorder.begin();
    if (restore.getNumber() > 0) {
      // In the run before the functions were opened long before this epoch.
      recorder.quietly(this::openRestored);
      recorder.countFromHere();
    } else {
      chain.open();
    }
    reach("recovery.restored");
    if (logs.live()) {
      task.running();
    }
  }

  @Override
  void beforeFinish() {
    recorder.begin();
  }

  @Override
  void afterFinish() {
    if (!recorder.exhausted()) {
      throw recorder.mismatch("nothing, for its input has ended", "more entries");
    }
  }

  @Override
  void afterEnd() {
    if (!logs.live()) {
      goLive();
    }
  }

  private void goLive() {
    output.flush();
    logs.goLive();
    output.checkNothingMissing();
    task.running();
    reach("recovery.live");
  }

  // ---------------------------------------------------------------- input

  @Override
  void runInput() {
    while (!input.ended()) {
      task.runMailbox();
      if (!recorder.exhausted()) {
        repeatInput();
      } else if (!logs.live()) {
        goLive();
      } else {
        takeTriggered();
        takeInput();
      }
    }
  }

  private void takeInput() {
    Received received = awaitReceived();
    if (received != null) {
      recorder.order(received.channel(), received.batch() == null ? 0 : received.batch().size());
      handle(received);
    }
  }

  private void repeatInput() {
    reach("recovery.replaying");
    Determinant entry = recorder.next(KindCase.ORDER, KindCase.CHECKPOINT);
    if (entry.hasCheckpoint()) {
      awaitRest();
      Determinant.Checkpoint taken = entry.getCheckpoint();
      takeCheckpointBeforeEnd(taken.getNumber(), taken.getTimestampMs());
      return;
    }
    Determinant.Order order = entry.getOrder();
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

  private void awaitRest() {
    while (!readAhead(Long.MAX_VALUE)) {
      output.flush();
      exchange.await();
      task.runMailbox();
    }
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
      input.demandMore();
      exchange.poll(REPLAY_WAIT_MILLIS);
      task.runMailbox();
    }
  }

  private void handle(Received received) {
    FrameHeader control = received.control();
    if (control == null) {
      handle(received.batch());
      return;
    }
    if (control.getControlCase() == ControlCase.BARRIER) {
      meet(received.channel(), control.getBarrier().getNumber());
      Faults.reach("checkpoint.aligning");
    } else {
      Faults.reach("end.input");
    }
    // After the last end there is the last snapshot, which needs no barrier.
    if (aligning != 0 && !input.ended() && input.aligned()) {
      long number = aligning;
      aligning = 0;
      takeCheckpoint(number, control.getBarrier().getTimestampMs());
      input.unblock();
    }
  }

  @Override
  long aligning() {
    return aligning;
  }

  @Override
  void passedBarriers() {
    aligning = 0;
    input.unblock();
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

  @Override
  boolean repeatSource() {
    if (recorder.exhausted()) {
      if (!logs.live()) {
        goLive();
      }
      return false;
    }
    Determinant entry = recorder.next(KindCase.SOURCE_READ, KindCase.CHECKPOINT);
    if (entry.hasCheckpoint()) {
      Determinant.Checkpoint taken = entry.getCheckpoint();
      takeCheckpoint(taken.getNumber(), taken.getTimestampMs());
    } else {
      repeatFetches(entry);
      if (entry.getSourceRead().getWanted() > 0) {
        chain.source().want(entry.getSourceRead().getWanted());
      }
    }
    return true;
  }

  private void repeatFetches(Determinant entry) {
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

  @Override
  void beforeTrigger(long number, long timestampMillis) {
    recorder.checkpoint(number, timestampMillis);
  }

  @Override
  void afterFetch(long nanos) {
    if (chain.source().learn(nanos)) {
      recorder.wants(chain.source().wanted());
    }
  }

  @Override
  void beforeFetch() {
    recorder.fetch();
  }

  // ---------------------------------------------------------------- checkpoints

  @Override
  void enterEpoch(long number) {
    recorder.beginEpoch(number);
  }

  @Override
  void complete(Snapshot.Builder snapshot) {
    snapshot.addAllOutputs(output.positions());
  }

  @Override
  void forget(long number) {
    logs.dropBefore(number);
    output.dropBefore(number);
  }
}
