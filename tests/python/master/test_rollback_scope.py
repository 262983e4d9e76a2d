"""Which failed tasks are recovered alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anabranch.master.rollback_scope import Decision, decide

CHAIN = {0: frozenset({1}), 1: frozenset({2}), 2: frozenset({3})}


def decision(local=(), rollback=()):
    return Decision(frozenset(local), frozenset(rollback))


def graphs(max_tasks: int = 7):
    """Acyclic graphs: every channel leads to a task of a larger number."""
    pairs = [(a, b) for b in range(max_tasks) for a in range(b)]
    return st.sets(st.sampled_from(pairs)).map(
        lambda edges: {task: frozenset(b for a, b in edges if a == task) for task in range(max_tasks)}
    )


@pytest.mark.parametrize(
    ("failed", "depth", "expected"),
    [
        ({}, 1, decision()),
        ({1}, 1, decision({1})),
        ({0, 2}, 1, decision({0, 2})),
        ({3}, 1, decision({3})),
        ({2, 3}, 1, decision({2, 3})),
        ({1, 2}, 1, decision({2} - {2}, {1, 2, 3})),
        ({1, 2}, 2, decision({1, 2})),
        ({0, 1, 2}, 2, decision((), {0, 1, 2, 3})),
        ({0, 1, 2}, 3, decision({0, 1, 2})),
        ({0, 1, 2, 3}, 1, decision({0, 1, 2, 3})),
        ({1}, 0, decision((), {1, 2, 3})),
    ],
)
def test_a_chain(failed, depth, expected):
    assert expected == decide(failed, CHAIN, depth)


def test_the_longest_way_counts_though_the_orphan_is_a_direct_consumer():
    consumers = {0: frozenset({1, 3}), 1: frozenset({2}), 2: frozenset({3})}

    assert decision((), {0, 1, 2, 3}) == decide({0, 1, 2}, consumers, 1)
    assert decision((), {0, 1, 2, 3}) == decide({0, 1, 2}, consumers, 2)
    assert decision({0, 1, 2}) == decide({0, 1, 2}, consumers, 3)


def test_failed_tasks_beside_the_rolled_back_ones_are_recovered_alone():
    consumers = {0: frozenset({1}), 1: frozenset({2}), 5: frozenset({2}), 6: frozenset({7})}

    assert decision({5, 6}, {0, 1, 2}) == decide({0, 1, 5, 6}, consumers, 1)


def test_no_sharing_depth_is_too_large():
    assert decision({0, 1, 2}) == decide({0, 1, 2}, CHAIN, 1 << 40)


@given(graphs(), st.sets(st.integers(0, 6)), st.integers(0, 4))
def test_it_agrees_with_walking_every_way(consumers, failed, depth):
    def ways(task):
        """Lengths of all ways from a failed task over failed ones to a live one."""
        for consumer in consumers[task]:
            if consumer in failed:
                yield from (1 + length for length in ways(consumer))
            else:
                yield 1

    def with_descendants(task):
        return {task}.union(*(with_descendants(consumer) for consumer in consumers[task]))

    rollback = set().union(*(with_descendants(task) for task in failed if any(length > depth for length in ways(task))))

    assert decision(failed - rollback, rollback) == decide(failed, consumers, depth)


@given(graphs(), st.sets(st.integers(0, 6)), st.integers(1, 4))
def test_every_failed_task_has_one_fate_and_rollback_is_closed(consumers, failed, depth):
    result = decide(failed, consumers, depth)

    assert failed - result.rollback == result.local
    for task in result.rollback:
        assert consumers[task] <= result.rollback
    if not any(consumers[task] & failed for task in failed):
        assert not result.rollback, "tasks that are not adjacent never roll anything back"
