"""Runs a command to its end and says what all of its processes took.

CPU time is that of every process that the command started, those that have ended included: what ended was waited for
by its parent, or, being an orphan, by us. Memory is the sum of their proportional set sizes (PSS), which counts a page
that n processes share as 1/n in each.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import tempfile
import time
from bisect import bisect
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

INTERVAL = 0.05
# Reading the PSS walks the page tables of a process: the larger it is, the less often we look.
_SHARE = 0.05
_LONGEST_INTERVAL = 0.25
_GRACE = 5.0  # seconds that what is left behind has to end by itself
_TICKS = os.sysconf("SC_CLK_TCK")
_PR_SET_CHILD_SUBREAPER = 36


@dataclass
class Usage:
    """What a command printed and took.

    Attributes:
        began: When it was started, on the monotonic clock.
        wall_seconds: From the start of the command to the end of its first process.
        cpu: Pairs of a time and the CPU seconds until then.
        peak_bytes: Largest sum of PSS that was seen.
        left_behind: Processes that were still there at the end, and were killed.
        timed_out: Whether it had to be killed itself.
    """

    began: float
    returncode: int = 0
    stdout: str = ""
    stderr: str = ""
    wall_seconds: float = 0.0
    cpu: list[tuple[float, float]] = field(default_factory=list)
    peak_bytes: int = 0
    left_behind: int = 0
    timed_out: bool = False

    @property
    def cpu_seconds(self) -> float:
        """CPU seconds from the start to the end."""
        return self.cpu[-1][1]

    def cpu_seconds_between(self, start: float, end: float) -> float:
        """Returns the CPU seconds between two times of the monotonic clock."""
        return self._cpu_at(end) - self._cpu_at(start)

    def _cpu_at(self, when: float) -> float:
        at = bisect(self.cpu, (when, 0.0))
        if at == 0:
            return self.cpu[0][1]
        if at == len(self.cpu):
            return self.cpu[-1][1]
        (before, low), (after, high) = self.cpu[at - 1], self.cpu[at]
        return low + (high - low) * (when - before) / (after - before)


def run(command: Sequence[str], directory: Path, variables: Mapping[str, str], timeout: float) -> Usage:
    """Runs a command; what it leaves behind is killed, so that it cannot disturb the next one."""
    _adopt_orphans()
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        usage = Usage(time.monotonic())
        environment = {**os.environ, **variables}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # users do not compile the engine for each process
        first = subprocess.Popen(command, cwd=directory, env=environment, stdout=out, stderr=err)
        try:
            usage.returncode = _watch(first, usage, timeout)
        finally:
            first.returncode = usage.returncode  # we have waited for it ourselves
        for file, name in ((out, "stdout"), (err, "stderr")):
            file.seek(0)
            setattr(usage, name, file.read())
    return usage


def _watch(first: subprocess.Popen[bytes], usage: Usage, timeout: float) -> int:
    others = _children() - {first.pid}  # not of this command
    ended = 0.0  # CPU seconds of the processes that we have waited for
    returncode: int | None = None
    while returncode is None:
        before = time.monotonic()
        _sample(others, ended, usage)
        time.sleep(min(max(INTERVAL, (time.monotonic() - before) / _SHARE), _LONGEST_INTERVAL))
        seconds, returncode = _reap(others, first.pid)
        ended += seconds
        if returncode is None and time.monotonic() > usage.began + timeout:
            usage.timed_out = True
            returncode = -signal.SIGKILL
    usage.wall_seconds = time.monotonic() - usage.began
    usage.left_behind, seconds = _kill_rest(others, 0.0 if usage.timed_out else _GRACE)
    usage.cpu.append((time.monotonic(), max(ended + seconds, usage.cpu[-1][1])))
    return returncode


def _sample(others: set[int], ended: float, usage: Usage) -> None:
    cpu, memory = ended, 0
    for pid, seconds in descendants(os.getpid(), others).items():
        cpu += seconds
        memory += _pss(pid)
    usage.cpu.append((time.monotonic(), max(cpu, usage.cpu[-1][1] if usage.cpu else 0.0)))
    usage.peak_bytes = max(usage.peak_bytes, memory)


def descendants(ancestor: int, others: Collection[int] = ()) -> dict[int, float]:
    """Returns the processes below one, with the CPU seconds of each and of the children that it has waited for."""
    children: dict[int, list[int]] = {}
    seconds: dict[int, float] = {}
    for pid, (parent, taken) in _processes():
        children.setdefault(parent, []).append(pid)
        seconds[pid] = taken
    found: dict[int, float] = {}
    waiting = [pid for pid in children.get(ancestor, ()) if pid not in others]
    while waiting:
        pid = waiting.pop()
        found[pid] = seconds[pid]
        waiting += children.get(pid, ())
    return found


def _processes() -> Iterator[tuple[int, tuple[int, float]]]:
    """Returns all processes, their parents and CPU seconds."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            stat = (entry / "stat").read_text()
        except OSError:  # it has just ended
            continue
        fields = stat.rpartition(")")[2].split()  # from the third on: the second may hold anything
        yield int(entry.name), (int(fields[1]), sum(map(int, fields[11:15])) / _TICKS)


def _children() -> set[int]:
    return {pid for pid, (parent, _) in _processes() if parent == os.getpid()}


def _pss(pid: int) -> int:
    try:
        rollup = Path("/proc", str(pid), "smaps_rollup").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) << 10 for line in rollup.splitlines() if line.startswith("Pss:")), 0)


def _reap(others: set[int], first: int = 0) -> tuple[float, int | None]:
    """Waits for what has ended; returns its CPU seconds, and the exit code of the first process if it was that."""
    seconds, returncode = 0.0, None
    for child in _children() - others:
        pid, status, taken = os.wait4(child, os.WNOHANG)
        if pid:
            seconds += taken.ru_utime + taken.ru_stime
            if pid == first:
                returncode = os.waitstatus_to_exitcode(status)
    return seconds, returncode


def _kill_rest(others: set[int], grace: float) -> tuple[int, float]:
    """Ends what is left; returns how many that were, and the CPU seconds of all that we had to wait for."""
    deadline, seconds = time.monotonic() + grace, 0.0
    killed: set[int] = set()
    while rest := descendants(os.getpid(), others):
        if time.monotonic() > deadline:
            for pid in rest.keys() - killed:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            killed |= rest.keys()
        time.sleep(0.02)
        seconds += _reap(others)[0]
    return len(killed), seconds


def _adopt_orphans() -> None:
    """Makes us the parent of processes whose parent has ended, so that their usage is ours to read."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
