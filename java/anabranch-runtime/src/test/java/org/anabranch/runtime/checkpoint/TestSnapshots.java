package org.anabranch.runtime.checkpoint;

import com.google.protobuf.ByteString;
import org.anabranch.proto.v1.EncodedValues;
import org.anabranch.proto.v1.KeyGroupState;
import org.anabranch.proto.v1.KeyedState;
import org.anabranch.proto.v1.Operator;
import org.anabranch.proto.v1.OperatorState;
import org.anabranch.proto.v1.Snapshot;
import org.anabranch.proto.v1.TaskDescriptor;

/** Snapshots of one task. */
final class TestSnapshots {
  static final TaskDescriptor TASK =
      TaskDescriptor.newBuilder()
          .setTaskId(3)
          .setIncarnation(2)
          .setName("keep (1/2)")
          .addChain(Operator.newBuilder().setId(7).setName("keep"))
          .build();

  private TestSnapshots() {}

  /** Returns a snapshot that has values wherever there can be some. */
  static Snapshot of(long number, int bytesOfKeyGroup) {
    return Snapshot.newBuilder()
        .setNumber(number)
        .addOperators(
            OperatorState.newBuilder()
                .setOperatorId(7)
                .setEngine(values("engine"))
                .setFunction(EncodedValues.getDefaultInstance())
                .addKeyed(
                    KeyedState.newBuilder()
                        .setName("state")
                        .addGroups(group(0, values("small")))
                        .addGroups(group(5, values("x".repeat(bytesOfKeyGroup))))))
        .putFunctionOfEdge(1, values("partitioner"))
        .build();
  }

  private static KeyGroupState group(int number, EncodedValues entries) {
    return KeyGroupState.newBuilder().setKeyGroup(number).setEntries(entries).build();
  }

  static EncodedValues values(String payload) {
    return EncodedValues.newBuilder().setN(1).setPayload(ByteString.copyFromUtf8(payload)).build();
  }
}
