"""What is pending for a channel: taken in order, however it came."""

from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from anabranch.exchange.output.pending_batch import BatchLimits, PendingBatch
from anabranch.exchange.wire.demand import ConsumerDemand
from anabranch.records.batch import Batch

LIMITS = BatchLimits(max_records=100, max_bytes=1000, max_frame_bytes=1 << 20, send_queue_bytes=1 << 20)


def channel():
    return SimpleNamespace(demand=ConsumerDemand())


@given(st.lists(st.integers(-12, 12)))
def test_records_are_taken_in_the_order_in_which_they_came(steps):
    pending, expected, came, taken = PendingBatch([channel()]), [], 0, []
    for step in steps:  # so many come, or so many are taken
        if step >= 0:
            new = list(range(came, came + step))
            pending.add(Batch(new, [-n for n in new], new))
            expected += new
            came += step
        elif -step <= pending.size:
            batch = pending.take(-step)
            assert (-step, batch.values, batch.values) == (len(batch), [-key for key in batch.keys], batch.timestamps)
            taken += batch.values
    taken += pending.take(pending.size).values if pending.size else []

    assert (expected, 0) == (taken, pending.size)


def test_a_batch_that_makes_a_frame_is_not_copied():
    pending, batch = PendingBatch([channel()]), Batch([1, 2, 3])
    pending.add(batch)

    assert batch is pending.take(3)


def test_the_limit_doubles_with_full_frames_while_records_and_bytes_allow_it():
    pending = PendingBatch([channel()])
    limits = []
    for _ in range(5):
        pending.learn(pending.limit, pending.limit, LIMITS)
        limits.append(pending.limit)
    pending.learn(100, 100 * 50, LIMITS)

    assert [32, 64, 100, 100, 100] == limits
    assert pending.limit < 100


def test_the_consumer_that_wants_the_smallest_frames_sets_the_limit():
    slow, fast = channel(), channel()
    pending = PendingBatch([fast, slow])

    slow.demand.frame_records = 3
    slow.demand.on_change()

    assert 3 == pending.limit
