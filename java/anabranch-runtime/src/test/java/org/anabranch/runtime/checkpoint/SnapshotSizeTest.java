package org.anabranch.runtime.checkpoint;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import org.anabranch.proto.v1.EncodedValues;
import org.anabranch.proto.v1.Operator;
import org.anabranch.proto.v1.OperatorState;
import org.anabranch.proto.v1.Snapshot;
import org.anabranch.proto.v1.TaskDescriptor;
import org.anabranch.proto.v1.UnreadFrame;
import org.junit.jupiter.api.Test;

class SnapshotSizeTest {
  private static final int MIB = 1 << 20;
  private static final TaskDescriptor TASK =
      TaskDescriptor.newBuilder()
          .setName("keep (1/2)")
          .addChain(Operator.newBuilder().setId(3).setName("keep"))
          .build();
  private static final Snapshot SNAPSHOT =
      Snapshot.newBuilder()
          .addOperators(
              OperatorState.newBuilder()
                  .setOperatorId(3)
                  .setEngine(values(2 * MIB))
                  .setFunction(values(MIB)))
          .putFunctionOfEdge(1, values(MIB))
          .addUnread(UnreadFrame.newBuilder().setPayload(ByteString.copyFrom(new byte[MIB])))
          .build();

  private static EncodedValues values(int bytes) {
    return EncodedValues.newBuilder().setPayload(ByteString.copyFrom(new byte[bytes])).build();
  }

  @Test
  void aSnapshotMayBeAsLargeAsTheLimit() {
    assertThatCode(() -> SnapshotSize.require(SNAPSHOT, TASK, 5 * MIB)).doesNotThrowAnyException();
  }

  @Test
  void aLargerOneIsAnErrorThatSaysWhatTakesTheRoom() {
    assertThatThrownBy(() -> SnapshotSize.require(SNAPSHOT, TASK, 5 * MIB - 1))
        .isInstanceOf(CheckpointException.class)
        .hasMessage(
            "keep (1/2) cannot take part in a checkpoint: its snapshot has 5 MiB, 3 MiB of them the"
                + " state of operator keep, and may have 4 MiB. Spread the operator over more"
                + " subtasks, or have it keep less");
  }
}
