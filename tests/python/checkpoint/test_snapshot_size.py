"""The limit of a snapshot."""

import pytest

from anabranch.checkpoint.errors import CheckpointError
from anabranch.checkpoint.snapshot_size import require_size
from anabranch.v1 import control_pb2 as control
from anabranch.v1.graph_pb2 import Operator

MIB = 1 << 20
TASK = control.TaskDescriptor(name="keep (1/2)", chain=[Operator(id=3, name="keep")])


def values(size: int) -> control.EncodedValues:
    return control.EncodedValues(payload=bytes(size))


SNAPSHOT = control.Snapshot(
    operators=[
        control.OperatorState(
            operator_id=3,
            engine=values(MIB),
            function=values(MIB),
            keyed=[control.KeyedState(name="kept", groups=[control.KeyGroupState(entries=values(MIB))])],
        )
    ],
    function_of_edge={1: values(MIB)},
    unread=[control.UnreadFrame(payload=bytes(MIB))],
)


def test_a_snapshot_may_be_as_large_as_the_limit():
    require_size(SNAPSHOT, TASK, 5 * MIB)


def test_a_larger_one_is_an_error_that_says_what_takes_the_room():
    with pytest.raises(CheckpointError) as error:
        require_size(SNAPSHOT, TASK, 5 * MIB - 1)

    assert (
        str(error.value) == "keep (1/2) cannot take part in a checkpoint: its snapshot has 5 MiB, 3 MiB of them the"
        " state of operator keep, and may have 4 MiB. Spread the operator over more subtasks, or have it keep less"
    )
