"""The event loop under a task."""

import socket
import threading
import time

import pytest

from anabranch.exchange.event_loop import READ, EventLoop, TaskCancelled


@pytest.fixture
def event_loop():
    event_loop = EventLoop()
    yield event_loop
    event_loop.close()


def test_a_posted_callable_runs_on_the_owners_thread_and_only_between_batches(event_loop):
    ran = []
    poster = threading.Thread(target=lambda: event_loop.post(lambda: ran.append(threading.current_thread())))
    poster.start()
    poster.join()

    event_loop.poll(5)

    assert ran == []
    event_loop.run_posted()
    assert ran == [threading.current_thread()]


def test_cancel_from_another_thread_unwinds_a_waiting_poll(event_loop):
    threading.Timer(0.01, event_loop.cancel).start()

    with pytest.raises(TaskCancelled):
        event_loop.poll(60)


def test_poll_until_leaves_posted_callables_alone(event_loop):
    ran = []
    event_loop.post(lambda: ran.append(1))

    assert not event_loop.poll_until(lambda: False, timeout=0.01)
    assert ran == []


def test_poll_until_returns_as_soon_as_the_condition_holds(event_loop):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        received = []
        event_loop.register(ours, READ, lambda _events: received.append(ours.recv(10)))
        theirs.send(b"x")

        assert event_loop.poll_until(lambda: bool(received), timeout=60)
        event_loop.unregister(ours)


def test_call_later_runs_once_its_time_has_come(event_loop):
    ran = []
    event_loop.call_later(0.02, lambda: ran.append(time.monotonic()))
    begun = time.monotonic()

    assert event_loop.poll_until(lambda: bool(ran), timeout=60)
    assert ran[0] - begun >= 0.02


def test_a_timer_ends_a_wait_once_it_is_due_and_runs_between_batches_only(event_loop):
    ran = []
    when = time.monotonic() + 0.02
    event_loop.call_at(when, lambda: ran.append(time.monotonic()))

    event_loop.poll(60)
    assert time.monotonic() >= when
    assert not event_loop.poll_until(lambda: bool(ran), timeout=0.01)
    event_loop.run_posted()

    assert ran[0] >= when


def test_timers_run_in_the_order_in_which_they_are_due(event_loop):
    ran, now = [], time.monotonic()
    for number in (3, 1, 2):
        event_loop.call_at(now + number * 1e-6, lambda number=number: ran.append(number))

    while len(ran) < 3:
        event_loop.poll(60)
        event_loop.run_posted()

    assert [1, 2, 3] == ran


def test_a_closed_event_loop_may_still_be_woken(event_loop):
    other = EventLoop()
    other.close()

    other.wake()
    other.cancel()


def test_a_poll_ends_although_what_was_due_becomes_due_again(event_loop):
    calls = []

    def again() -> None:
        calls.append(1)
        event_loop.call_later(0, again)

    event_loop.call_later(0, again)
    event_loop.poll(0.001)
    event_loop.poll(0)

    assert 1 <= len(calls) <= 2
