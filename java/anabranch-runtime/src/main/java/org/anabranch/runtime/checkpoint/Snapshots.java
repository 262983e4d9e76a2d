package org.anabranch.runtime.checkpoint;

import java.util.function.Consumer;
import org.anabranch.proto.v1.Snapshot;
import org.anabranch.proto.v1.TaskCheckpoint;
import org.anabranch.proto.v1.TaskDescriptor;
import org.anabranch.runtime.state.Payloads;

/** How the snapshots of a job's tasks go to the master and come back. */
public sealed interface Snapshots extends AutoCloseable permits WholeSnapshots, FiledSnapshots {

  /**
   * Returns what suits the place of a job's checkpoints: large values go to files beside those of
   * the master if there is a file system for them.
   *
   * @param url the option anabranch.checkpoint.dir
   * @param secret the job's
   * @param timeoutMillis after so long a file that is not written has failed
   */
  static Snapshots of(String url, String jobId, byte[] secret, long timeoutMillis) {
    return StateFiles.of(url, jobId, secret)
        .<Snapshots>map(files -> new FiledSnapshots(files, timeoutMillis))
        .orElseGet(Snapshots::ofMessages);
  }

  /** Returns what sends snapshots as a whole. */
  static Snapshots ofMessages() {
    return new WholeSnapshots();
  }

  /**
   * Has a snapshot reported, at once or on another thread; those of one task in their order. What
   * is reported is the snapshot, or why it could not be written.
   *
   * @throws CheckpointException if it can never be sent
   */
  void send(TaskDescriptor task, Snapshot snapshot, Consumer<TaskCheckpoint> report);

  /** Returns where the values of a snapshot are that the master has sent. */
  Payloads payloads(Snapshot snapshot);

  /** Stops reporting. */
  @Override
  void close();
}
