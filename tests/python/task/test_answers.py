"""What user code is answered while a task runs, and while it repeats what it did."""

import itertools

import pytest

from anabranch.exchange.event_loop import EventLoop
from anabranch.operators.job import WorkerJob
from anabranch.task.answers import EpochRandoms, LoggedAnswers
from anabranch.task.runs.at_least_once import AtLeastOnceRun
from anabranch.v1 import control_pb2 as control

OPERATOR = 3


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """Each look at the clock finds a second more."""
    seconds = itertools.count(1)
    monkeypatch.setattr("time.time", lambda: next(seconds))


class Log:
    """The entries that a first run makes; or those that a second one finds, and then makes."""

    def __init__(self, entries=()):
        self.left, self.entries = list(entries), []

    def replayed(self, kind):
        if not self.left:
            return None
        assert kind == self.left[0].WhichOneof("kind")
        self.entries.append(self.left.pop(0))
        return self.entries[-1]


def answers(log, epoch=0):
    return LoggedAnswers(EpochRandoms("job", 0, epoch), log.replayed, log.entries.append, max_bytes=1000)


def asked(of, batches):
    """The answers to the questions of some batches: the time, a value that would be another one each time, a number."""
    found = []
    for _ in range(batches):
        of.begin()
        found.append((of.now(), of.remembered(of_another_clock), of.random(OPERATOR).random()))
    return found


values = itertools.count()


def of_another_clock():
    return next(values)


def test_the_time_goes_on_with_each_batch_and_stands_still_in_one():
    log = Log()
    logged = answers(log)

    logged.begin()
    first = logged.now(), logged.now()
    logged.begin()

    assert (1000, 1000) == first
    assert 2000 == logged.now()
    assert 2 == len(log.entries)


def test_a_second_run_is_answered_what_the_first_one_was_and_goes_on_live():
    first = Log()
    told = asked(answers(first), 3)
    second = Log(first.entries)

    repeating = answers(second)
    again = asked(repeating, 3)

    assert told == again
    assert second.entries == first.entries
    (live,) = asked(repeating, 1)
    assert live[0] > told[-1][0]
    assert live[1] > told[-1][1]


def test_a_failure_of_a_declared_call_is_repeated():
    first = Log()
    with pytest.raises(ZeroDivisionError):
        answers(first).remembered(lambda: 1 // 0)

    with pytest.raises(ZeroDivisionError):
        answers(Log(first.entries)).remembered(lambda: 1)


def test_a_declared_call_may_ask_itself():
    first = Log()
    logged = answers(first)
    told = logged.remembered(logged.now), logged.random(OPERATOR).random()
    second = Log(first.entries)
    repeating = answers(second)

    assert told == (repeating.remembered(repeating.now), repeating.random(OPERATOR).random())
    assert ["value"] == [entry.WhichOneof("kind") for entry in first.entries]


def test_what_is_asked_aside_leaves_no_trace_in_the_log_or_in_what_follows():
    first = Log()
    plain = answers(first)
    told = asked(plain, 2)
    second = Log(first.entries)
    repeating = answers(second)
    got = asked(repeating, 1)

    with repeating.quietly():
        aside = repeating.now(), repeating.remembered(lambda: "aside")
        repeating.random(OPERATOR).random()
        repeating.random(OPERATOR + 1).random()
    got += asked(repeating, 1)

    assert told == got
    assert aside[0] > told[-1][0]
    assert "aside" == aside[1]
    assert second.entries == first.entries
    assert plain.random(OPERATOR + 1).random() == repeating.random(OPERATOR + 1).random()


def test_random_numbers_are_those_of_the_epoch_whatever_came_before_it():
    whole, restored = answers(Log()), answers(Log(), epoch=7)
    kept = whole.random(OPERATOR)
    kept.gauss(0, 1)

    whole.begin_epoch(7)

    assert [kept.gauss(0, 1) for _ in range(3)] == [restored.random(OPERATOR).gauss(0, 1) for _ in range(3)]
    assert kept is whole.random(OPERATOR)
    assert kept.random() != restored.random(OPERATOR + 1).random()


def test_a_time_that_was_read_before_a_barrier_is_not_the_time_after_it():
    logged = answers(Log())
    before = logged.now()

    logged.begin_epoch(1)

    assert before < logged.now()


@pytest.mark.parametrize("epoch", [0, 4])
def test_at_least_once_answers_anew_and_logs_nothing_before_and_after_a_rollback(epoch):
    descriptor = control.TaskDescriptor(task_id=1, outputs=[control.OutputEdge()])
    if epoch:
        descriptor.restore.number = epoch
    job = WorkerJob.from_setup(control.JobSetup(job_id="job", job_name="job"), bytes(32))
    event_loop = EventLoop()
    run = AtLeastOnceRun(descriptor, job, event_loop)
    event_loop.close()

    first, second = run.answers.now(), run.answers.now()

    assert first < second
    assert run.answers.remembered(of_another_clock) != run.answers.remembered(of_another_clock)
    assert 0 == run.log_bytes
    expected = answers(Log(), epoch).random(OPERATOR).random()
    assert expected == run.answers.random(OPERATOR).random()
