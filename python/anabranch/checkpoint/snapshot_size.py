"""How large a snapshot may be."""

from __future__ import annotations

from anabranch.checkpoint.errors import CheckpointError
from anabranch.v1 import control_pb2 as control

# A protobuf message ends at 2 GiB. What deploys the task again carries the snapshot and the functions of the task.
LARGEST = (2 << 30) - (64 << 20)

_MIB = 1 << 20


def require_size(snapshot: control.Snapshot, task: control.TaskDescriptor, largest: int = LARGEST) -> None:
    """Refuses a snapshot that could not be sent.

    Raises:
        CheckpointError: It is too large; the message says what takes the room.
    """
    names = {operator.id: operator.name for operator in task.chain}
    parts = [(_size_of(state), f"the state of operator {names.get(state.operator_id)}") for state in snapshot.operators]
    parts.append((sum(map(_size, snapshot.function_of_edge.values())), "the state of functions that choose channels"))
    parts.append((sum(len(frame.payload) for frame in snapshot.unread), "input that is not handled yet"))
    size = sum(part for part, _ in parts)
    if size > largest:
        most, what = max(parts)
        raise CheckpointError(
            f"{task.name} cannot take part in a checkpoint: its snapshot has {size // _MIB:,} MiB, {most // _MIB:,} MiB"
            f" of them {what}, and may have {largest // _MIB:,} MiB. Spread the operator over more subtasks, or have it"
            " keep less"
        )


def _size_of(state: control.OperatorState) -> int:
    by_key = sum(_size(group.entries) for keyed in state.keyed for group in keyed.groups)
    return _size(state.engine) + _size(state.function) + by_key


def _size(values: control.EncodedValues) -> int:
    return len(values.payload)
