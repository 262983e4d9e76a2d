"""What the driver shows: lines of the workers, warnings, progress on a terminal."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TextIO

from anabranch.job import JobStatus, OperatorStatus
from anabranch.text import printable

if TYPE_CHECKING:
    from rich.console import ConsoleDimensions
    from rich.live import Live
    from rich.table import Table
    from rich.text import Text

_INTERVAL = 1.0
_LINE_INTERVAL = 10.0  # where nothing can be written over
_ALL_COLUMNS = 90  # in less width the names of operators matter more than languages and parallelism
_LINES_AROUND = 8  # of title, borders and the sum


class Console:
    """Writes whole lines to the driver's standard streams, above the progress table if there is one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._live: Live | None = None

    def write(self, _worker_id: str, stream: str, line: str) -> None:
        """Writes one line to "stdout" or "stderr"."""
        with self._lock:
            target = sys.stdout if stream == "stdout" else sys.stderr
            try:
                on_terminal = target is not None and target.isatty()
                line = printable(line) if on_terminal else line
                if self._live is not None and on_terminal:
                    self._live.console.out(line, highlight=False)
                elif target is not None:  # it may be closed, as under pythonw
                    target.write(_writable(line, target) + "\n")
                    target.flush()
            except Exception:  # noqa: BLE001, S110 - nobody reads any more, or the script has its own; the job runs on
                pass

    def show(self, live: Live | None) -> None:
        """Says above which table lines are to be written."""
        with self._lock:
            self._live = live


def _writable(line: str, target: TextIO) -> str:
    """Returns the line with escapes for what the stream's encoding has nothing for."""
    encoding = getattr(target, "encoding", None) or "utf-8"
    return line.encode(encoding, "backslashreplace").decode(encoding)


class Progress:
    """Records per operator, on stderr, while the job runs: a table, or a line now and then without a terminal."""

    def __init__(self, console: Console, read_status: Callable[[], JobStatus]) -> None:
        self._console = console
        self._read_status = read_status
        self._stop = threading.Event()
        self._last: JobStatus | None = None
        self._thread = threading.Thread(target=self._run, name="anabranch-progress", daemon=True)

    @staticmethod
    def wanted(mode: str) -> bool:
        """Returns whether option anabranch.progress asks for it here."""
        return mode == "on" or (mode == "auto" and sys.stderr is not None and sys.stderr.isatty())

    def start(self) -> None:
        """Shows the table from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Takes the table away and leaves one line about the job."""
        self._stop.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        import rich.console  # noqa: PLC0415 - only where it is shown
        import rich.live  # noqa: PLC0415

        terminal = rich.console.Console(stderr=True, force_jupyter=False)
        if terminal.is_terminal:
            # What the script prints goes above the table too, if it is for the same terminal.
            is_shared = sys.stdout is not None and sys.stdout.isatty()
            with rich.live.Live(
                console=terminal, transient=True, auto_refresh=False, redirect_stdout=is_shared, redirect_stderr=True
            ) as live:
                self._console.show(live)
                while not self._stop.wait(_INTERVAL):
                    live.update(self._table(self._read_status(), terminal.size), refresh=True)
                self._console.show(None)
        else:
            while not self._stop.wait(_LINE_INTERVAL):
                self._console.write("master", "stderr", self._line(self._read_status()))
            terminal.print(self._table(self._read_status(), None))
        status = self._read_status()
        terminal.print(_plain(f"job {status.name}: {status.state.name} after {status.seconds:.1f} s"), highlight=False)

    @staticmethod
    def _line(status: JobStatus) -> str:
        counts = [f"{each.name} {each.records_in:,} in {each.records_out:,} out" for each in status.operators]
        return f"job {status.name}: {status.state.name}, {status.seconds:.0f} s: {', '.join(counts)}"

    def _table(self, status: JobStatus, size: ConsoleDimensions | None) -> Table:
        """Returns the table; in that of a small terminal, what matters most."""
        from rich.table import Table  # noqa: PLC0415

        title = _plain(f"{status.name}: {status.state.name}, {status.seconds:.0f} s")
        table = Table(title=title, title_justify="left")
        table.add_column("operator", no_wrap=True)
        about = ("language", "parallelism") if size is None or size.width >= _ALL_COLUMNS else ()
        for column in (*about, "in", "in/s", "out", "out/s"):
            table.add_column(column, justify="right", no_wrap=True)
        before = {operator.name: operator for operator in self._last.operators} if self._last else {}
        seconds = status.seconds - self._last.seconds if self._last else status.seconds

        def add_row(name: str, operators: Sequence[OperatorStatus], about: Sequence[str]) -> None:
            previous = [before[each.name] for each in operators if each.name in before]
            taken, emitted = _sums(operators)
            taken_before, emitted_before = _sums(previous)
            table.add_row(
                _plain(name),
                *about,
                f"{taken:,}",
                f"{(taken - taken_before) / max(seconds, 0.001):,.0f}",
                f"{emitted:,}",
                f"{(emitted - emitted_before) / max(seconds, 0.001):,.0f}",
            )

        most = len(status.operators) if size is None else max(1, size.height - _LINES_AROUND)
        for operator in status.operators[:most]:
            add_row(operator.name, [operator], (operator.language, str(operator.parallelism)) if about else ())
        if len(status.operators) > 1:
            table.add_section()
            add_row(f"all {len(status.operators)}", status.operators, ["" for _ in about])
        if most < len(status.operators):
            table.caption = f"and {len(status.operators) - most} more operators"
        self._last = status
        return table


def _sums(operators: Sequence[OperatorStatus]) -> tuple[int, int]:
    """Returns how many records operators have taken and emitted together."""
    return sum(each.records_in for each in operators), sum(each.records_out for each in operators)


def _plain(text: str) -> Text:
    """Returns a text as rich shows it when nothing in it means anything: names may hold [square brackets]."""
    from rich.text import Text  # noqa: PLC0415 - only where it is shown

    return Text(printable(text))
