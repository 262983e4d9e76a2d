"""A child process that ends with this one, and its own children with it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from typing import IO

_POLL_INTERVAL = 0.005
_KILL_TIMEOUT = 5.0

# This process's ends of all lifelines. A process that it forks must not hold them: it may live on without this one.
_held: set[int] = set()

# Where the child finds the number of a file descriptor that comes to its end when this process does.
LIFELINE = "ANABRANCH_LIFELINE"


class Child:
    """A process in a session of its own (Ctrl-C of the terminal is for this process alone), with nothing to read."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], secret: str = "") -> None:
        """Starts it.

        Args:
            command: The program and its arguments.
            environment: Of the process.
            secret: What it finds in its lifeline as the first line, and its own children nowhere.

        Raises:
            OSError: It cannot be started.
        """
        lifeline, self._held = os.pipe()
        _held.add(self._held)
        try:
            if secret:
                os.write(self._held, f"{secret}\n".encode())
            self._process = subprocess.Popen(
                command,
                env={**environment, LIFELINE: str(lifeline)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=(lifeline,),
                start_new_session=True,
            )
        except BaseException:
            self.let_go()
            raise
        finally:
            os.close(lifeline)
        assert self._process.stdout is not None and self._process.stderr is not None  # noqa: S101, PT018 - as asked for
        self.pid = self._process.pid
        self.stdout: IO[bytes] = self._process.stdout
        self.stderr: IO[bytes] = self._process.stderr

    def poll(self) -> int | None:
        """Returns None while the process lives, then its exit code; -n if signal n ended it.

        What it has started ends with it, unless that has a session of its own.
        """
        if self._process.returncode is None and self._is_dead():
            self._kill_group()
        return self._process.poll()

    def wait(self, timeout: float | None = None) -> int:
        """Waits for its end; returns the exit code.

        Raises:
            TimeoutExpired: It lives on.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if deadline is not None and time.monotonic() >= deadline:
                raise subprocess.TimeoutExpired(self._process.args, timeout or 0)
            time.sleep(_POLL_INTERVAL)
        return code

    def kill(self) -> None:
        """Ends it at once, and waits until it has; harmless if it has ended."""
        if self.poll() is None:
            self._kill_group()
            self._process.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):  # it hangs in the kernel
                self._process.wait(_KILL_TIMEOUT)
        self.let_go()

    def let_go(self) -> None:
        """Tells the process that this one has ended, as its end would; harmless if it was told."""
        if self._held in _held:
            _held.remove(self._held)
            os.close(self._held)
        self._held = -1

    def _is_dead(self) -> bool:
        """Returns whether it has ended, without letting go of its id: until then no other group can have that."""
        if not hasattr(os, "waitid"):
            return False
        try:
            return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        except ChildProcessError:  # somebody else has waited for it
            return False

    def _kill_group(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)


def _forked() -> None:
    for held in _held:
        os.close(held)
    _held.clear()


os.register_at_fork(after_in_child=_forked)
