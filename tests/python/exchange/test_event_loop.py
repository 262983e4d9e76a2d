"""The event loop under a task."""

import socket
import threading
import time

import pytest

from anabranch.exchange.event_loop import READ, Reactor, TaskCancelled


@pytest.fixture
def reactor():
    reactor = Reactor()
    yield reactor
    reactor.close()


def test_a_posted_callable_runs_on_the_owners_thread_and_only_between_batches(reactor):
    ran = []
    poster = threading.Thread(target=lambda: reactor.post(lambda: ran.append(threading.current_thread())))
    poster.start()
    poster.join()

    reactor.poll(5)

    assert ran == []
    reactor.run_posted()
    assert ran == [threading.current_thread()]


def test_cancel_from_another_thread_unwinds_a_waiting_poll(reactor):
    threading.Timer(0.01, reactor.cancel).start()

    with pytest.raises(TaskCancelled):
        reactor.poll(60)


def test_poll_until_leaves_posted_callables_alone(reactor):
    ran = []
    reactor.post(lambda: ran.append(1))

    assert not reactor.poll_until(lambda: False, timeout=0.01)
    assert ran == []


def test_poll_until_returns_as_soon_as_the_condition_holds(reactor):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        received = []
        reactor.register(ours, READ, lambda _events: received.append(ours.recv(10)))
        theirs.send(b"x")

        assert reactor.poll_until(lambda: bool(received), timeout=60)
        reactor.unregister(ours)


def test_call_later_runs_once_its_time_has_come(reactor):
    ran = []
    reactor.call_later(0.02, lambda: ran.append(time.monotonic()))
    begun = time.monotonic()

    assert reactor.poll_until(lambda: bool(ran), timeout=60)
    assert ran[0] - begun >= 0.02


def test_a_closed_reactor_may_still_be_woken(reactor):
    other = Reactor()
    other.close()

    other.wake()
    other.cancel()


def test_a_poll_ends_although_what_was_due_becomes_due_again(reactor):
    calls = []

    def again() -> None:
        calls.append(1)
        reactor.call_later(0, again)

    reactor.call_later(0, again)
    reactor.poll(0.001)
    reactor.poll(0)

    assert 1 <= len(calls) <= 2
