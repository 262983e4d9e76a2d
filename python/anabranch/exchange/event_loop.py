"""The event loop under a task: sockets, and callables posted by other threads."""

from __future__ import annotations

import contextlib
import heapq
import itertools
import selectors
import socket
import time
from collections import deque
from collections.abc import Callable
from typing import TypeAlias

from anabranch import forks

READ = selectors.EVENT_READ
WRITE = selectors.EVENT_WRITE

Callback: TypeAlias = Callable[[int], None]


class TaskCancelled(BaseException):
    """Unwinds a task that was told to stop. Not an error: no `except Exception` may swallow it."""


class EventLoop:
    """Non-blocking sockets and a mailbox, all handled on the thread that calls `poll` and `run_posted`.

    `post`, `wake` and `cancel` may be called from any thread, everything else from the owner's only.
    Socket callbacks run inside `poll`. Posted callables run only in `run_posted`, which a task calls
    *between* two batches, so that nothing but I/O happens in the middle of one.

    Attributes:
        polled_at: When sockets were last looked at, of `time.monotonic`.
    """

    def __init__(self) -> None:
        self.polled_at = 0.0
        self._selector = selectors.DefaultSelector()
        self._mailbox: deque[Callable[[], None]] = deque()
        self._io_mailbox: deque[Callable[[], None]] = deque()
        self._deadlines: list[tuple[float, int, Callable[[], None]]] = []
        self._deadline_ids = itertools.count()
        self._cancelled = False
        self._wake_receiver, self._wake_sender = socket.socketpair()
        self._wake_receiver.setblocking(False)
        self._wake_sender.setblocking(False)
        self._selector.register(self._wake_receiver, READ, self._drain_wake_ups)

    def register(self, sock: socket.socket, events: int, callback: Callback) -> None:
        """Calls `callback(ready events)` in `poll` whenever the socket is ready; replaces an earlier registration."""
        if sock.fileno() in self._selector.get_map():
            self._selector.modify(sock, events, callback)
        else:
            self._selector.register(sock, events, callback)

    def unregister(self, sock: socket.socket) -> None:
        """Forgets the socket; harmless if it is not registered."""
        if sock.fileno() >= 0 and sock.fileno() in self._selector.get_map():
            self._selector.unregister(sock)

    def poll(self, timeout: float | None) -> None:
        """Waits up to `timeout` seconds (None: without limit, 0: not at all) and runs socket callbacks.

        Does not wait while the mailbox holds anything.

        Raises:
            TaskCancelled: `cancel` was called.
        """
        self._select(0 if self._mailbox else timeout)

    def poll_until(self, condition: Callable[[], bool], timeout: float | None = None) -> bool:
        """Handles I/O, and nothing else, until the condition holds; False if it does not within `timeout` seconds.

        Raises:
            TaskCancelled: `cancel` was called.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while not condition():
            remaining = None if deadline is None else deadline - time.monotonic()
            if remaining is not None and remaining <= 0:
                return False
            self._select(remaining)
        return True

    def call_later(self, delay: float, callable_: Callable[[], None]) -> None:
        """Has `poll` run `callable_`, which may do I/O only, once `delay` seconds have passed."""
        heapq.heappush(self._deadlines, (time.monotonic() + delay, next(self._deadline_ids), callable_))

    def call_at(self, when: float, callable_: Callable[[], None]) -> None:
        """Has `callable_` run between two batches, once `time.monotonic` has come to `when`: a timer of the task.

        Unlike what `call_later` runs, it may do what belongs to the order of the task: emit records, change state.
        """
        heapq.heappush(self._deadlines, (when, next(self._deadline_ids), lambda: self._mailbox.append(callable_)))

    def run_posted(self) -> None:
        """Runs the callables that were posted so far."""
        while self._mailbox:
            self._mailbox.popleft()()

    def post(self, callable_: Callable[[], None]) -> None:
        """Has `callable_` run on the owner's thread, between two batches."""
        self._mailbox.append(callable_)
        self.wake()

    def post_io(self, callable_: Callable[[], None]) -> None:
        """Has `callable_` run on the owner's thread in its current or next `poll`, also in the middle of a batch."""
        self._io_mailbox.append(callable_)
        self.wake()

    def cancel(self) -> None:
        """Makes the owner's current or next `poll` raise `TaskCancelled`."""
        self._cancelled = True
        self.wake()

    def wake(self) -> None:
        """Makes a waiting `poll` return."""
        with contextlib.suppress(OSError):  # enough wake-ups are pending already, or the event loop is closed
            self._wake_sender.send(b"\0")

    def close(self) -> None:
        """Closes the selector; registered sockets stay with their owners."""
        self._selector.close()
        self._wake_receiver.close()
        self._wake_sender.close()

    def _select(self, timeout: float | None) -> None:
        if forks.in_child:
            forks.end_child()
        if self._cancelled:
            raise TaskCancelled
        if self._deadlines:
            until_next = max(0.0, self._deadlines[0][0] - time.monotonic())
            timeout = until_next if timeout is None else min(timeout, until_next)
        for key, events in self._selector.select(timeout):
            key.data(events)
        while self._io_mailbox:
            self._io_mailbox.popleft()()
        now = time.monotonic()  # what becomes due meanwhile has to wait for its turn
        while self._deadlines and self._deadlines[0][0] <= now:
            heapq.heappop(self._deadlines)[2]()
        self.polled_at = time.monotonic()
        if self._cancelled:
            raise TaskCancelled

    def _drain_wake_ups(self, _events: int) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._wake_receiver.recv(4096):
                pass
