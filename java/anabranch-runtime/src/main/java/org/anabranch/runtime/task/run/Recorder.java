package org.anabranch.runtime.task.run;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import java.io.IOException;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.LongSupplier;
import org.anabranch.proto.v1.Determinant;
import org.anabranch.proto.v1.Determinant.KindCase;
import org.anabranch.proto.v1.EncodedValues;
import org.anabranch.runtime.records.RecordException;
import org.anabranch.runtime.replay.NondeterminismException;
import org.anabranch.runtime.replay.ReplayCursor;
import org.anabranch.runtime.replay.TaskLogs;
import org.anabranch.runtime.state.StateCodec;

/**
 * Logs what a task does, and answers a second run with what the first one was answered.
 *
 * <p>An entry that is repeated goes into the new log as it is. Fetches are counted when they begin,
 * so that what is cut or asked in the middle of one finds it in the log.
 */
final class Recorder implements Choices {
  private final TaskLogs logs;
  private final StateCodec codec;
  private final String task;
  private final int maxEntryBytes;
  private LongSupplier emitted = () -> 0;
  private long emittedBefore;
  private ReplayCursor replay;
  private long fetches;
  // Fetches that an entry stands for and that are not begun: none of them has asked anything.
  private long fetchesAhead;
  private boolean hasTime;
  private long time;
  private boolean quiet;

  Recorder(TaskLogs logs, StateCodec codec, String task, int maxEntryBytes) {
    this.maxEntryBytes = maxEntryBytes;
    this.logs = logs;
    this.codec = codec;
    this.task = task;
    logs.beforeFrame(this::settle);
  }

  /** Says how many records the task has emitted: a second run has to emit as many. */
  void countEmitted(LongSupplier count) {
    emitted = count;
  }

  /** Enters an epoch. */
  void beginEpoch(long number) {
    logs.beginEpoch(number);
    countFromHere();
  }

  /** Says that what the task has emitted up to now belongs to earlier epochs. */
  void countFromHere() {
    emittedBefore = emitted.getAsLong();
  }

  private long emittedInEpoch() {
    return emitted.getAsLong() - emittedBefore;
  }

  // ---------------------------------------------------------------- live

  /** A batch, or whatever else has a time of its own, begins. */
  void begin() {
    hasTime = false;
  }

  /** A batch of so many records, or a control frame, is about to be handled. */
  void order(int channel, int records) {
    begin();
    logs.append(
        Determinant.newBuilder()
            .setOrder(
                Determinant.Order.newBuilder()
                    .setChannel(channel)
                    .setRecords(records)
                    .setEmitted(emittedInEpoch()))
            .build());
  }

  /** A fetch is about to be made. */
  void fetch() {
    begin();
    fetches++;
  }

  /** A source is asked for so many records from the next fetch on. */
  void wants(int records) {
    append(
        Determinant.newBuilder()
            .setSourceRead(Determinant.SourceRead.newBuilder().setWanted(records))
            .build());
  }

  /** A source is about to take a checkpoint. */
  void checkpoint(long number) {
    begin();
    append(
        Determinant.newBuilder()
            .setCheckpoint(Determinant.Checkpoint.newBuilder().setNumber(number))
            .build());
  }

  private void append(Determinant entry) {
    settle();
    logs.append(entry);
  }

  private void settle() {
    if (fetches > 0) {
      logs.append(
          Determinant.newBuilder()
              .setSourceRead(Determinant.SourceRead.newBuilder().setFetches(fetches))
              .build());
      fetches = 0;
    }
  }

  // ---------------------------------------------------------------- replay

  /** Has everything repeated that the cursor hands out. */
  void repeat(ReplayCursor cursor) {
    replay = cursor;
  }

  /** Returns true once nothing is left to repeat. */
  boolean exhausted() {
    return replay == null || replay.exhausted();
  }

  /** Returns what comes next, which is one of these kinds. */
  Determinant next(KindCase kind, KindCase other) {
    begin();
    Determinant entry = replay.peek();
    if (entry.hasOrder() && entry.getOrder().getEmitted() != emittedInEpoch()) {
      throw mismatch(
          "the next input with %d records emitted".formatted(emittedInEpoch()),
          Long.toString(entry.getOrder().getEmitted()));
    }
    return take(entry.getKindCase() == other ? other : kind);
  }

  /** Notes how many of the fetches of an entry are still to come. */
  void fetchesAhead(long count) {
    begin();
    fetchesAhead = count;
  }

  private Determinant take(KindCase kind) {
    if (fetchesAhead > 0) {
      throw new NondeterminismException(task, replay.position(), kind.toString(), "another fetch");
    }
    Determinant entry = replay.expect(kind);
    logs.append(entry);
    return entry;
  }

  /** Returns the error for a run that comes to something else than the one before. */
  NondeterminismException mismatch(String wanted, String found) {
    return new NondeterminismException(task, replay.position(), wanted, found);
  }

  // ---------------------------------------------------------------- questions of user code

  /** Does something that has no place of its own in the log, and is not repeated. */
  void quietly(Runnable action) {
    boolean before = quiet;
    quiet = true;
    try {
      action.run();
    } finally {
      quiet = before;
    }
  }

  @Override
  public long now() {
    if (quiet) {
      return System.currentTimeMillis();
    }
    if (!hasTime) {
      if (exhausted()) {
        time = System.currentTimeMillis();
        append(Determinant.newBuilder().setTime(Determinant.Time.newBuilder().setMs(time)).build());
      } else {
        time = take(KindCase.TIME).getTime().getMs();
      }
      hasTime = true;
    }
    return time;
  }

  @Override
  @SuppressWarnings("unchecked") // the run before has put in what the same call has returned
  public <T> T value(Callable<T> call) throws Exception {
    if (quiet) {
      return call.call();
    }
    if (!exhausted()) {
      List<Object> answer = decode(take(KindCase.VALUE).getValue().getEncoded());
      if (answer.size() > 1) {
        throw (Exception) answer.get(1);
      }
      return (T) answer.get(0);
    }
    T value;
    quiet = true; // what the call itself asks is not asked again
    Determinant answer;
    try {
      value = call.call();
      answer = answered(codec.encode(Collections.singletonList(value)));
    } catch (Exception e) {
      // A function that goes on after it, or an operator that leaves the record out, has to do so
      // again.
      append(failed(e));
      throw e;
    } finally {
      quiet = false;
    }
    append(answer);
    return value;
  }

  private Determinant failed(Exception error) {
    try {
      return answered(codec.encode(Arrays.asList(null, error)));
    } catch (RecordException e) { // it holds something that cannot be serialized
      return answered(codec.encode(Arrays.asList(null, new IOException(String.valueOf(error)))));
    }
  }

  private Determinant answered(EncodedValues answer) {
    int size = answer.getSerializedSize();
    if (size > maxEntryBytes) {
      throw new RecordException(
          "the answer of ctx.nondeterministic takes %d bytes, at most %d can be remembered"
                  .formatted(size, maxEntryBytes)
              + " (option anabranch.exchange.max-frame-bytes)",
          -1,
          "");
    }
    return Determinant.newBuilder()
        .setValue(Determinant.Value.newBuilder().setEncoded(answer.toByteString()))
        .build();
  }

  private List<Object> decode(ByteString encoded) {
    try {
      return codec.decode(EncodedValues.parseFrom(encoded));
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException("a logged value is damaged", e);
    }
  }

  @Override
  public long epoch() {
    return logs.epoch();
  }

  @Override
  public boolean quiet() {
    return quiet;
  }
}
