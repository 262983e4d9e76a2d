package org.anabranch.runtime.checkpoint;

import java.io.IOException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.anabranch.proto.v1.Snapshot;
import org.anabranch.proto.v1.TaskCheckpoint;
import org.anabranch.proto.v1.TaskDescriptor;
import org.anabranch.runtime.state.Payloads;

/**
 * Snapshots whose values go to a file if they are large. One thread writes the files of all tasks
 * of the worker, while these go on; small snapshots wait for their turn too, so that those of a
 * task stay in their order.
 */
final class FiledSnapshots implements Snapshots {
  /** Up to so many bytes of values are no reason for a file, which an object store would charge. */
  static final long MOST_IN_MESSAGE = 64 << 10;

  // The checkpoint at the end is not followed by another one, so its files are tried again.
  private static final long[] DELAYS_OF_LAST_MILLIS = {1000, 2000};

  private static final long IDLE_SECONDS = 10;
  private static final long CLOSE_MILLIS = 500;

  /** The number of the checkpoint after the end of the input. */
  private static final long END = Long.MAX_VALUE;

  private final StateFiles files;
  private final long timeoutMillis;
  private final ThreadPoolExecutor thread;

  /**
   * Creates what writes to these files.
   *
   * @param timeoutMillis after so long a file that is not written has failed
   */
  FiledSnapshots(StateFiles files, long timeoutMillis) {
    this.files = files;
    this.timeoutMillis = timeoutMillis;
    this.thread =
        new ThreadPoolExecutor(
            1,
            1,
            IDLE_SECONDS,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            work -> thread(work, "anabranch-snapshots"));
    thread.allowCoreThreadTimeOut(true);
    thread.setRejectedExecutionHandler(new ThreadPoolExecutor.DiscardPolicy()); // after the end
  }

  private static Thread thread(Runnable work, String name) {
    Thread thread = new Thread(work, name);
    thread.setDaemon(true);
    return thread;
  }

  @Override
  public void send(TaskDescriptor task, Snapshot snapshot, Consumer<TaskCheckpoint> report) {
    thread.execute(
        () -> {
          TaskCheckpoint written = write(task, snapshot);
          if (!thread.isShutdown()) {
            report.accept(written);
          }
        });
  }

  private TaskCheckpoint write(TaskDescriptor task, Snapshot snapshot) {
    TaskCheckpoint.Builder checkpoint =
        TaskCheckpoint.newBuilder()
            .setTaskId(task.getTaskId())
            .setIncarnation(task.getIncarnation());
    long[] delays = snapshot.getNumber() == END ? DELAYS_OF_LAST_MILLIS : new long[0];
    for (int attempt = 0; ; attempt++) {
      try {
        return checkpoint.setSnapshot(moved(task, snapshot)).build();
      } catch (CheckpointException e) {
        if (attempt == delays.length || !pause(delays[attempt])) {
          return checkpoint
              .setFailure(task.getName() + ": " + e.getMessage())
              .setSnapshot(Snapshot.newBuilder().setNumber(snapshot.getNumber()))
              .build();
        }
      }
    }
  }

  /** Returns false if the worker ends meanwhile. */
  private static boolean pause(long millis) {
    try {
      Thread.sleep(millis);
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private Snapshot moved(TaskDescriptor task, Snapshot snapshot) {
    Snapshot moved = snapshot;
    if (SnapshotValues.bytes(snapshot) > MOST_IN_MESSAGE) {
      moved =
          inTime(
              StateFiles.name(snapshot.getNumber(), task.getTaskId(), task.getIncarnation()),
              name -> StateFileWriter.move(snapshot, files, name));
    }
    SnapshotSize.require(moved, task, SnapshotSize.LARGEST);
    return moved;
  }

  private interface Write {
    Snapshot to(String name) throws IOException;
  }

  /** Makes a call that may hang, on yet another thread. */
  private Snapshot inTime(String name, Write write) {
    FutureTask<Snapshot> written = new FutureTask<>(() -> write.to(name));
    thread(written, "anabranch-state-file").start();
    try {
      return written.get(timeoutMillis, TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      written.cancel(true);
      String limit = "%d ms (option anabranch.checkpoint.timeout-ms)".formatted(timeoutMillis);
      throw new CheckpointException("its state could not be written within " + limit);
    } catch (InterruptedException e) {
      written.cancel(true);
      Thread.currentThread().interrupt();
      throw new CheckpointException("the worker ends");
    } catch (ExecutionException e) {
      throw new CheckpointException(
          ("%s cannot be written to %s: %s. Make sure that this host may write there and that"
                  + " there is room, or choose another place")
              .formatted(name, files.directory(), e.getCause()));
    }
  }

  @Override
  public Payloads payloads(Snapshot snapshot) {
    return snapshot.getStateFile().isEmpty()
        ? Payloads.IN_MESSAGE
        : new StateFileReader(files, snapshot);
  }

  /** What is being written is given up: nobody waits for it. */
  @Override
  public void close() {
    thread.shutdownNow();
    try {
      thread.awaitTermination(CLOSE_MILLIS, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
