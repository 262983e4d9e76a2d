package org.anabranch.runtime.checkpoint;

import java.io.IOException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
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

  private static final long IDLE_SECONDS = 10;
  private static final long CLOSE_MILLIS = 500;

  private final StateFiles files;
  private final ThreadPoolExecutor thread;

  FiledSnapshots(StateFiles files) {
    this.files = files;
    this.thread =
        new ThreadPoolExecutor(
            1,
            1,
            IDLE_SECONDS,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            FiledSnapshots::thread);
    thread.allowCoreThreadTimeOut(true);
  }

  private static Thread thread(Runnable work) {
    Thread thread = new Thread(work, "anabranch-snapshots");
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
    String name = StateFiles.name(snapshot.getNumber(), task.getTaskId(), task.getIncarnation());
    try {
      boolean large = SnapshotValues.bytes(snapshot) > MOST_IN_MESSAGE;
      Snapshot sent = large ? StateFileWriter.move(snapshot, files, name) : snapshot;
      SnapshotSize.require(sent, task, SnapshotSize.LARGEST);
      return checkpoint.setSnapshot(sent).build();
    } catch (CheckpointException e) {
      checkpoint.setFailure(e.getMessage());
    } catch (IOException e) {
      checkpoint.setFailure(
          ("the state of %s cannot be written to %s: %s. Make sure that every worker may write"
                  + " there and that there is room, or choose another place")
              .formatted(task.getName(), files.path(name), e));
    } catch (Throwable t) { // for want of memory, say
      checkpoint.setFailure(
          "the state of %s cannot be written to %s: %s"
              .formatted(task.getName(), files.path(name), t));
    }
    return checkpoint.setSnapshot(Snapshot.newBuilder().setNumber(snapshot.getNumber())).build();
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
