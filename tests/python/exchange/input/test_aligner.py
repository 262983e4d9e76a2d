"""When a task takes a checkpoint whose barrier comes on several channels."""

from hypothesis import given
from hypothesis import strategies as some

from anabranch.exchange.input.aligner import BarrierAligner

CHANNELS = (1, 2)


def aligner(epoch=4):
    return BarrierAligner(epoch, blocks=True)


def test_a_barrier_is_aligned_once_it_has_come_on_all_channels():
    made = aligner()

    assert made.meet(5, 1)
    assert made.aligned(CHANNELS) is None
    assert 5 == made.aligning
    assert made.meet(5, 2)
    assert 5 == made.aligned(CHANNELS)


def test_a_channel_that_has_ended_is_not_waited_for():
    made = aligner()

    made.meet(5, 1)

    assert 5 == made.aligned([1])
    assert 5 == made.aligned([])


def test_without_a_barrier_nothing_is_aligned_though_all_channels_have_ended():
    assert aligner().aligned([]) is None


def test_a_later_barrier_takes_the_place_of_one_that_was_given_up():
    made = aligner()
    made.meet(5, 1)

    assert made.supersedes(6)
    assert made.meet(6, 2)
    assert made.aligned(CHANNELS) is None
    assert not made.supersedes(6)
    assert made.meet(6, 1)
    assert 6 == made.aligned(CHANNELS)


def test_a_barrier_that_was_given_up_does_not_hold_its_channel():
    made = aligner()
    made.meet(6, 1)

    assert not made.meet(5, 2)
    made.meet(6, 2)
    made.enter_epoch(6)
    assert not made.meet(5, 2)
    assert not made.meet(6, 2)
    assert made.aligned(CHANNELS) is None


@given(some.lists(some.tuples(some.booleans(), some.booleans()), max_size=12), some.randoms())
def test_only_checkpoints_that_all_channels_have_are_aligned_each_once_and_in_order(taken, order):
    numbers = {1: [], 2: []}
    for number, on in enumerate(taken, start=5):
        for channel in CHANNELS:
            if on[channel - 1]:
                numbers[channel].append(number)
    made, passed, blocked = aligner(), [], set()

    while any(numbers[channel] for channel in numbers if channel not in blocked):
        channel = order.choice([each for each in numbers if numbers[each] and each not in blocked])
        number = numbers[channel].pop(0)
        if made.supersedes(number):
            blocked.clear()
        if made.meet(number, channel):
            blocked.add(channel)
        aligned = made.aligned(CHANNELS)
        if aligned is not None:
            made.enter_epoch(aligned)
            passed.append(aligned)
            blocked.clear()

    assert [number for number, on in enumerate(taken, start=5) if all(on)] == passed
