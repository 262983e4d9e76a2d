package org.anabranch.runtime.checkpoint;

import java.util.function.Consumer;
import org.anabranch.proto.v1.Snapshot;
import org.anabranch.proto.v1.TaskCheckpoint;
import org.anabranch.proto.v1.TaskDescriptor;
import org.anabranch.runtime.state.Payloads;

/** Snapshots that travel as a whole, in messages. */
final class WholeSnapshots implements Snapshots {
  @Override
  public void send(TaskDescriptor task, Snapshot snapshot, Consumer<TaskCheckpoint> report) {
    SnapshotSize.require(snapshot, task, SnapshotSize.LARGEST);
    report.accept(
        TaskCheckpoint.newBuilder()
            .setTaskId(task.getTaskId())
            .setIncarnation(task.getIncarnation())
            .setSnapshot(snapshot)
            .build());
  }

  @Override
  public Payloads payloads(Snapshot snapshot) {
    if (snapshot.getStateFile().isEmpty()) {
      return Payloads.IN_MESSAGE;
    }
    throw new CheckpointException(
        ("the state in %s cannot be read: this worker does not see the directory of checkpoints"
                + " (option anabranch.checkpoint.dir). It has to be the same one on every host")
            .formatted(snapshot.getStateFile()));
  }

  @Override
  public void close() {}
}
