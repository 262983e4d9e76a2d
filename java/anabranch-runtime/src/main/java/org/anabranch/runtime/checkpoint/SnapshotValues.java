package org.anabranch.runtime.checkpoint;

import java.util.function.UnaryOperator;
import org.anabranch.proto.v1.EncodedValues;
import org.anabranch.proto.v1.KeyGroupState;
import org.anabranch.proto.v1.KeyedState;
import org.anabranch.proto.v1.OperatorState;
import org.anabranch.proto.v1.Snapshot;

/** All that a snapshot has of operators and functions. */
final class SnapshotValues {
  private SnapshotValues() {}

  /** Returns how many bytes the values of a snapshot take. */
  static long bytes(Snapshot snapshot) {
    long bytes = 0;
    for (OperatorState state : snapshot.getOperatorsList()) {
      bytes += bytes(state);
    }
    for (EncodedValues ofEdge : snapshot.getFunctionOfEdgeMap().values()) {
      bytes += bytes(ofEdge);
    }
    return bytes;
  }

  /** Returns how many bytes the values of an operator take. */
  static long bytes(OperatorState state) {
    long bytes = bytes(state.getEngine()) + bytes(state.getFunction());
    for (KeyedState keyed : state.getKeyedList()) {
      for (KeyGroupState group : keyed.getGroupsList()) {
        bytes += bytes(group.getEntries());
      }
    }
    return bytes;
  }

  static long bytes(EncodedValues values) {
    return values.getPayload().size();
  }

  /** Returns a snapshot with other values in the place of its own. */
  static Snapshot replaced(Snapshot snapshot, UnaryOperator<EncodedValues> by) {
    Snapshot.Builder copy = snapshot.toBuilder();
    for (OperatorState.Builder state : copy.getOperatorsBuilderList()) {
      state.setEngine(by.apply(state.getEngine())).setFunction(by.apply(state.getFunction()));
      for (KeyedState.Builder keyed : state.getKeyedBuilderList()) {
        for (KeyGroupState.Builder group : keyed.getGroupsBuilderList()) {
          group.setEntries(by.apply(group.getEntries()));
        }
      }
    }
    snapshot
        .getFunctionOfEdgeMap()
        .forEach((edge, values) -> copy.putFunctionOfEdge(edge, by.apply(values)));
    return copy.build();
  }
}
