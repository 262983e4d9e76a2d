"""Logs of determinants, and how copies of them travel downstream."""

from collections import deque
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anabranch.master.rollback_scope import decide
from anabranch.replay.determinants import DeterminantLog, HeldLogs, Piggyback
from anabranch.v1.record_pb2 import Determinant, LogDelta


def entry(number: int) -> Determinant:
    return Determinant(time=Determinant.Time(ms=number))


def delta(task: int, epoch: int, offset: int, *numbers: int) -> LogDelta:
    return LogDelta(task=task, epoch=epoch, offset=offset, entries=[entry(number) for number in numbers])


def held_of(*deltas: LogDelta) -> HeldLogs:
    held = HeldLogs()
    for one in deltas:
        held.merge(one)
    return held


def own_log(*numbers: int) -> DeterminantLog:
    log = DeterminantLog()
    for number in numbers:
        log.append(entry(number))
    return log


ALL = 1 << 30


def due(channel: Piggyback, own: DeterminantLog, held: HeldLogs, task: int = 9) -> list[LogDelta]:
    """Returns all that a channel has to carry, however much it is."""
    deltas, more = channel.deltas(task, own, held, ALL)
    assert not more
    return deltas


# a task's own log


def test_entries_are_kept_by_epoch_and_position():
    log = own_log(1, 2)
    log.begin_epoch(3)
    log.append(entry(7))

    assert (3, 2, 1, 0) == (log.epoch, log.length(0), log.length(3), log.length(1))
    assert [entry(2)] == log.entries(0, 1)
    assert ([entry(7)], []) == (log.entries(3), log.entries(3, 1))


@pytest.mark.parametrize("epoch", [1, 2])
def test_epochs_of_a_log_only_go_forward(epoch):
    with pytest.raises(ValueError, match="cannot follow epoch 2"):
        DeterminantLog(2).begin_epoch(epoch)


def test_dropping_spares_the_current_epoch():
    log = own_log(1)
    log.begin_epoch(1)
    log.append(entry(2))

    log.drop_before(9)
    log.append(entry(3))

    assert ([], [entry(2), entry(3)]) == (log.entries(0), log.entries(1))


# copies


def test_merging_skips_what_is_there():
    held = held_of(delta(1, 0, 0, 10, 11), delta(1, 0, 0, 10), delta(1, 0, 1, 11, 12), delta(1, 0, 3))

    assert {0: [entry(10), entry(11), entry(12)]} == held.log_of(1)
    assert {0: 3} == held.lengths(1)
    assert {} == held.log_of(2) == held.lengths(2)


def test_a_gap_is_a_protocol_error():
    held = held_of(delta(1, 0, 0, 10))

    with pytest.raises(ValueError, match="task 1, epoch 0: determinant 1 should come next, 2 has come"):
        held.merge(delta(1, 0, 2, 12))
    with pytest.raises(ValueError, match="task 1, epoch 5: determinant 0"):
        held.merge(delta(1, 5, 1, 12))
    assert {0: 1} == held.lengths(1)


def test_another_entry_at_a_known_place_is_refused():
    held = held_of(delta(1, 0, 0, 10, 11))

    with pytest.raises(ValueError, match="two copies of the log of task 1 differ at entry 1 of epoch 0: time and time"):
        held.merge(delta(1, 0, 1, 12, 13))
    assert {0: 2} == held.lengths(1)


def test_the_longer_copy_stays():
    held = held_of(delta(1, 0, 0, 10, 11), delta(1, 1, 0, 20))

    held.merge_longest(1, {0: [entry(10)], 1: [entry(20), entry(21)], 2: [entry(30)]})

    assert {0: 2, 1: 2, 2: 1} == held.lengths(1)


def test_a_dropped_epoch_does_not_come_back():
    held = held_of(delta(1, 0, 0, 10), delta(1, 1, 0, 20))

    held.drop_before(1)
    held.merge(delta(1, 0, 1, 11))

    assert {1: [entry(20)]} == held.log_of(1)


def test_what_is_handed_out_can_be_changed():
    held = held_of(delta(1, 0, 0, 10))
    held.log_of(1)[0].clear()

    assert {0: 1} == held.lengths(1)


@st.composite
def streams(draw):
    """What three channels carry of the logs of two tasks: each a beginning, in pieces that may overlap."""
    truth = {
        (task, epoch): [100 * task + 10 * epoch + index for index in range(draw(st.integers(0, 6)))]
        for task in (1, 2)
        for epoch in range(3)
    }
    channels = []
    for _ in range(3):
        pieces = []
        for (task, epoch), numbers in truth.items():
            end = 0
            for _ in range(draw(st.integers(0, 3))):
                offset = draw(st.integers(0, end))
                end = max(end, min(len(numbers), offset + draw(st.integers(0, 4))))
                pieces.append(delta(task, epoch, offset, *numbers[offset:end]))
        channels.append(pieces)
    return channels


def interleaved(channels, random: Random) -> HeldLogs:
    held = HeldLogs()
    queues = [deque(pieces) for pieces in channels if pieces]
    while queues:
        queue = random.choice(queues)
        held.merge(queue.popleft())
        queues = [queue for queue in queues if queue]
    return held


@given(streams(), st.integers(), st.integers())
def test_the_order_of_merges_does_not_matter(channels, one, other):
    first, second = interleaved(channels, Random(one)), interleaved(channels, Random(other))

    for task in (1, 2):
        assert first.log_of(task) == second.log_of(task)
        assert first.lengths(task) == second.lengths(task)


# passing on


def test_each_entry_is_sent_once():
    own = own_log(1)
    held = held_of(delta(5, 0, 0, 50, 51))
    channel = Piggyback()
    assert [delta(9, 0, 0, 1), delta(5, 0, 0, 50, 51)] == due(channel, own, held)
    assert [] == due(channel, own, held)

    own.append(entry(2))
    own.begin_epoch(1)
    own.append(entry(3))
    held.merge(delta(5, 0, 1, 51, 52))
    held.merge(delta(5, 1, 0, 53))
    held.merge(delta(6, 0, 0, 60))

    assert [
        delta(9, 0, 1, 2), delta(9, 1, 0, 3), delta(6, 0, 0, 60), delta(5, 0, 2, 52), delta(5, 1, 0, 53)
    ] == due(channel, own, held)  # fmt: skip
    assert [] == due(channel, own, held)


def test_only_logs_within_the_sharing_depth_are_passed_on():
    held = held_of(delta(5, 0, 0, 50), delta(6, 0, 0, 60))

    assert [delta(9, 0, 0, 1), delta(6, 0, 0, 60)] == due(Piggyback({6}), own_log(1), held)
    assert [delta(9, 0, 0, 1)] == due(Piggyback(frozenset()), own_log(1), held)


def test_a_recovered_consumer_is_sent_everything_since_its_checkpoint():
    own = own_log(1)
    held = held_of(delta(5, 0, 0, 50), delta(5, 1, 0, 51))
    own.begin_epoch(1)
    own.append(entry(2))
    channel = Piggyback()
    due(channel, own, held)

    channel.reset(1)

    assert [delta(9, 1, 0, 2), delta(5, 1, 0, 51)] == due(channel, own, held)


def test_a_recovered_task_sends_what_follows_the_consumers_copy():
    held = held_of(delta(5, 0, 0, 50, 51))
    own = DeterminantLog()
    channel = Piggyback()
    channel.set_sent(9, 0, 2)
    channel.set_sent(5, 0, 1)
    assert [delta(5, 0, 1, 51)] == due(channel, own, held)

    sent = []
    for number in range(4):  # its log grows back to where it was, and then further
        own.append(entry(number))
        sent += due(channel, own, held)

    assert [delta(9, 0, 2, 2), delta(9, 0, 3, 3)] == sent


def test_logs_that_have_not_grown_are_not_looked_at(monkeypatch):
    held = held_of(*(delta(task, 0, 0, task) for task in range(1000)))
    channel = Piggyback()
    own = own_log()
    due(channel, own, held, 5000)
    looked_at = []
    fill = held.fill
    monkeypatch.setattr(held, "fill", lambda piece, task, at: looked_at.append(task) or fill(piece, task, at))

    due(channel, own, held, 5000)
    assert [] == looked_at
    held.merge(delta(7, 0, 1, 1))
    held.merge(delta(8, 0, 1, 1))
    due(channel, own, held, 5000)
    assert [8, 7] == looked_at


# whole graphs


class Task:
    """A task whose state is what it depends on: how many entries of each task's log came before it, all epochs."""

    def __init__(self, number: int, inputs: list[int], consumers: dict[int, set[int]]) -> None:
        self.number = number
        self.log = DeterminantLog()
        self.history: list[list[Determinant]] = [[]]  # the whole log by epoch, which is never dropped
        self.held = HeldLogs()
        self.depends = {number: 0}
        self.inputs = {producer: deque() for producer in inputs}
        self.outputs = {consumer: Piggyback(shared) for consumer, shared in consumers.items()}

    def record(self) -> None:
        new = entry(self.depends[self.number])
        self.log.append(new)
        self.history[-1].append(new)
        self.depends[self.number] += 1

    def position(self, task: "Task", first_epoch: int) -> int:
        """How many entries of another's log are known here; those before `first_epoch` are needed no more."""
        lengths = self.held.lengths(task.number)
        last = max(lengths, default=0)
        if last < first_epoch:
            return sum(len(epoch) for epoch in task.history[:first_epoch])
        return sum(len(epoch) for epoch in task.history[:last]) + lengths.get(last, 0)


class Graph:
    """Tasks that exchange batches and barriers over queues, one random step after the other."""

    def __init__(self, random: Random, sharing_depth: int) -> None:
        n = random.randint(2, 6)
        self.random = random
        self.consumers = {
            a: frozenset(b for b in range(a + 1, n) if b == a + 1 or random.random() < 0.4) for a in range(n)
        }
        self.tasks = [
            Task(
                number,
                [producer for producer in range(number) if number in self.consumers[producer]],
                {
                    consumer: {x for x in range(n) if 0 < self.distance(x, consumer) <= sharing_depth}
                    for consumer in self.consumers[number]
                },
            )
            for number in range(n)
        ]
        self.completed = 0

    def distance(self, task: int, other: int) -> int:
        steps, reached = 0, {task}
        while reached and other not in reached:
            steps, reached = steps + 1, {consumer for one in reached for consumer in self.consumers[one]}
        return steps if reached else 99

    def step(self) -> None:
        task = self.random.choice(self.tasks)
        action = self.random.randrange(12)
        if action < 2:
            task.record()
        elif action < 6 and task.outputs:
            self.send(task, self.random.choice(list(task.outputs)), barrier=False)
        elif action < 10:
            self.receive(task)
        elif action == 10 and not task.inputs and task.log.epoch < self.completed + 2:
            task.record()
            self.pass_barrier(task)
        else:
            self.completed = min(one.log.epoch for one in self.tasks)
            task.log.drop_before(self.completed)
            task.held.drop_before(self.completed)

    def send(self, task: Task, consumer: int, *, barrier: bool) -> None:
        deltas = due(task.outputs[consumer], task.log, task.held, task.number)
        self.tasks[consumer].inputs[task.number].append((barrier, deltas, dict(task.depends)))

    def receive(self, task: Task) -> None:
        heads = {producer: queue[0] for producer, queue in task.inputs.items() if queue}
        ready = [producer for producer, (barrier, _, _) in heads.items() if not barrier]
        if ready:
            self.take(task, self.random.choice(ready))
        elif heads and len(heads) == len(task.inputs):
            for producer in task.inputs:
                self.take(task, producer)
            self.pass_barrier(task)

    def take(self, task: Task, producer: int) -> None:
        _, deltas, depends = task.inputs[producer].popleft()
        for one in deltas:
            task.held.merge(one)
        for one, length in depends.items():
            task.depends[one] = max(task.depends.get(one, 0), length)
        task.record()
        # I1: whatever the producer had logged before the cut has come
        assert task.position(self.tasks[producer], self.completed) >= depends[producer]

    def pass_barrier(self, task: Task) -> None:
        for consumer in task.outputs:
            self.send(task, consumer, barrier=True)
        task.log.begin_epoch(task.log.epoch + 1)
        task.history.append([])

    def check_copies(self) -> None:
        # I3: every copy is a beginning of the task's log
        for holder in self.tasks:
            for task in self.tasks:
                copy = holder.held.log_of(task.number)
                for epoch, entries in copy.items():
                    whole = task.history[epoch]
                    assert entries == whole[: len(entries)]
                    assert epoch == max(copy) or len(entries) == len(whole)

    def crash(self, failed: set[int], sharing_depth: int) -> None:
        """No surviving task depends on an event of a task recovered alone whose determinant the live ones lack."""
        decision = decide(failed, self.consumers, sharing_depth)
        surviving = [task for task in self.tasks if task.number not in failed | decision.rollback]
        for number in decision.local:
            lost = self.tasks[number]
            frontier = [task for task in self.tasks if task.number in self.frontier(number, failed)]
            known = max((task.position(lost, self.completed) for task in frontier), default=0)
            for task in surviving:
                assert task.depends.get(number, 0) <= known

    def frontier(self, task: int, failed: set[int]) -> set[int]:
        found = set()
        for consumer in self.consumers[task]:
            found |= self.frontier(consumer, failed) if consumer in failed else {consumer}
        return found


@settings(max_examples=400, deadline=None)
@given(st.integers(0, 1 << 64), st.integers(1, 4), st.integers(0, 250))
def test_no_task_that_survives_a_crash_is_an_orphan(seed, sharing_depth, steps):
    random = Random(seed)
    graph = Graph(random, sharing_depth)
    for _ in range(steps):
        graph.step()

    graph.check_copies()
    for _ in range(20):
        graph.crash({task.number for task in graph.tasks if random.random() < 0.5}, sharing_depth)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 1 << 64), st.integers(0, 250))
def test_with_full_depth_every_task_holds_all_it_depends_on(seed, steps):
    graph = Graph(Random(seed), sharing_depth=99)
    for _ in range(steps):
        graph.step()

    for task in graph.tasks:
        for other in graph.tasks:
            if other is not task:
                assert task.depends.get(other.number, 0) <= task.position(other, graph.completed)
