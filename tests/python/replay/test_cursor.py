"""Reading a recovered log."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anabranch.replay.cursor import Kind, ReplayCursor
from anabranch.replay.errors import NondeterminismError
from anabranch.v1.record_pb2 import Determinant

ORDER = Determinant(order=Determinant.Order(channel=4))
TIME = Determinant(time=Determinant.Time(ms=77))
TIMER = Determinant(timer=Determinant.Timer(id=1, time_ms=2))


def cursor(log, epoch: int = 3) -> ReplayCursor:
    return ReplayCursor("parse (2/4)", log, epoch)


def test_the_kinds_are_those_of_the_contract():
    assert list(get_args(Kind)) == [field.name for field in Determinant.DESCRIPTOR.oneofs_by_name["kind"].fields]


def test_entries_come_in_order():
    replay = cursor({3: [ORDER, TIME]})

    assert (ORDER, (3, 0)) == (replay.peek(), replay.position)
    assert ORDER == replay.next()
    assert TIME == replay.expect("time")
    assert (None, (3, 2), True) == (replay.peek(), replay.position, replay.exhausted)
    with pytest.raises(LookupError, match=r"parse \(2/4\) has no entry 2 in epoch 3"):
        replay.next()


@pytest.mark.parametrize("log", [{}, {3: []}, {2: [ORDER], 3: [], 4: []}])
def test_an_empty_log_is_exhausted_at_once(log):
    assert cursor(log).exhausted
    assert cursor(log).peek() is None


def test_a_later_epoch_waits_for_its_barrier():
    replay = cursor({3: [ORDER], 5: [TIMER]})
    replay.next()

    assert (None, False) == (replay.peek(), replay.exhausted)
    replay.begin_epoch(4)
    assert (None, False) == (replay.peek(), replay.exhausted)
    replay.begin_epoch(5)
    assert TIMER == replay.next()
    assert replay.exhausted
    replay.begin_epoch(6)
    assert ((6, 0), True) == (replay.position, replay.exhausted)


def test_another_kind_is_reported_with_task_and_position_and_is_not_used_up():
    replay = cursor({3: [ORDER, TIME]})
    replay.next()

    with pytest.raises(
        NondeterminismError, match=r"parse \(2/4\) .* entry 1 of epoch 3: expected time, got value"
    ) as caught:
        replay.expect("value")

    assert ((3, 1), "value", "time") == (caught.value.position, caught.value.expected, caught.value.found)
    assert TIME == replay.expect("time")


def test_one_call_too_many_in_an_epoch_is_reported():
    with pytest.raises(NondeterminismError, match="the end of epoch 3"):
        cursor({4: [ORDER]}).expect("time")


@pytest.mark.parametrize(("log", "epoch"), [({3: [ORDER]}, 4), ({4: [ORDER]}, 5)])
def test_one_call_too_few_in_an_epoch_is_reported(log, epoch):
    with pytest.raises(NondeterminismError, match=f"barrier {epoch}"):
        cursor(log).begin_epoch(epoch)


def test_an_entry_of_a_later_version_is_reported():
    with pytest.raises(NondeterminismError, match="an unknown kind"):
        cursor({3: [Determinant()]}).expect("time")


@given(st.dictionaries(st.integers(0, 5), st.lists(st.sampled_from([ORDER, TIME, TIMER]), max_size=5)))
def test_every_entry_is_handed_out_once(log):
    replay = cursor(log, epoch=0)
    seen = []
    for epoch in range(6):
        if epoch:
            replay.begin_epoch(epoch)
        while replay.peek() is not None:
            assert not replay.exhausted
            seen.append((replay.position, replay.next()))
    assert replay.exhausted
    assert [((epoch, index), entry) for epoch in sorted(log) for index, entry in enumerate(log[epoch])] == seen
