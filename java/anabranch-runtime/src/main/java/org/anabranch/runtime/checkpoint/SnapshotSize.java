package org.anabranch.runtime.checkpoint;

import org.anabranch.proto.v1.Operator;
import org.anabranch.proto.v1.OperatorState;
import org.anabranch.proto.v1.Snapshot;
import org.anabranch.proto.v1.TaskDescriptor;
import org.anabranch.proto.v1.UnreadFrame;

/** How large a snapshot may be. */
final class SnapshotSize {
  /**
   * A protobuf message ends at 2 GiB. What deploys the task again carries the snapshot and the
   * functions of the task.
   */
  static final long LARGEST = (2L << 30) - (64 << 20);

  private static final long MIB = 1 << 20;

  private long size;
  private long most = -1;
  private String what;

  private SnapshotSize() {}

  /**
   * Refuses a snapshot that could not be sent.
   *
   * @throws CheckpointException if it is too large; the message says what takes the room
   */
  static void require(Snapshot snapshot, TaskDescriptor task, long largest) {
    SnapshotSize sum = new SnapshotSize();
    for (OperatorState state : snapshot.getOperatorsList()) {
      long bytes = SnapshotValues.bytes(state);
      sum.add(bytes, "the state of operator " + name(state.getOperatorId(), task));
    }
    long ofEdges =
        snapshot.getFunctionOfEdgeMap().values().stream().mapToLong(SnapshotValues::bytes).sum();
    sum.add(ofEdges, "the state of functions that choose channels");
    long unread = 0;
    for (UnreadFrame frame : snapshot.getUnreadList()) {
      unread += frame.getPayload().size();
    }
    sum.add(unread, "input that is not handled yet");
    if (sum.size > largest) {
      throw new CheckpointException(
          ("%s cannot take part in a checkpoint: its snapshot has %,d MiB, %,d MiB of them %s, and"
                  + " may have %,d MiB. Spread the operator over more subtasks, or have it keep less")
              .formatted(task.getName(), sum.size / MIB, sum.most / MIB, sum.what, largest / MIB));
    }
  }

  private void add(long bytes, String part) {
    size += bytes;
    if (bytes > most) {
      most = bytes;
      what = part;
    }
  }

  private static String name(int operator, TaskDescriptor task) {
    return task.getChainList().stream()
        .filter(each -> each.getId() == operator)
        .map(Operator::getName)
        .findFirst()
        .orElse("");
  }
}
