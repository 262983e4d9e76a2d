package org.anabranch.runtime.task.run;

import java.util.Set;
import java.util.stream.Collectors;
import org.anabranch.proto.v1.Channel;
import org.anabranch.proto.v1.Determinant;
import org.anabranch.proto.v1.Determinant.KindCase;
import org.anabranch.proto.v1.Snapshot;
import org.anabranch.runtime.exchange.input.InputEvent;
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
final class ExactlyOnceRun extends CheckpointedRun {
  // For one channel, before more is asked of all.
  private static final long REPLAY_WAIT_MILLIS = 100;

  private final TaskLogs logs;
  private final Recorder recorder;

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
    while (!events.ended()) {
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
    InputEvent event = awaitEvent();
    if (event != null) {
      recorder.order(event.channel(), event.records());
      handle(event);
    }
  }

  private void repeatInput() {
    reach("recovery.replaying");
    Determinant entry = recorder.next(KindCase.ORDER, KindCase.CHECKPOINT);
    if (entry.hasCheckpoint()) {
      awaitRest();
      takeCheckpointBeforeEnd(entry.getCheckpoint().getNumber());
      return;
    }
    Determinant.Order order = entry.getOrder();
    boolean control = order.getRecords() == 0;
    int left = order.getRecords();
    do {
      InputEvent event = awaitEventOf(order.getChannel(), control ? 1 : left);
      if (event instanceof InputEvent.Control != control) {
        throw recorder.mismatch(
            (control ? "a control frame" : left + " records") + " of channel " + order.getChannel(),
            "the other");
      }
      left -= event.records();
      handle(event);
    } while (left > 0);
  }

  private void awaitRest() {
    while (!readAhead(Long.MAX_VALUE)) {
      output.flush();
      exchange.await();
      task.runMailbox();
    }
  }

  private InputEvent awaitEventOf(int channel, int most) {
    while (true) {
      InputEvent event = events.nextOf(channel, most);
      if (event == null) {
        if (events.ended(channel)) {
          throw recorder.mismatch("more input of channel " + channel, "its end");
        }
        exchange.poll(0);
        event = events.nextOf(channel, most);
      }
      if (event != null) {
        return event;
      }
      output.flush();
      exchange.input().demandMore();
      exchange.poll(REPLAY_WAIT_MILLIS);
      task.runMailbox();
    }
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
      takeCheckpoint(entry.getCheckpoint().getNumber());
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
  void beforeTrigger(long number) {
    recorder.checkpoint(number);
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
