"""What is shown of the progress of a job."""

import io
import re
import threading

from rich.console import Console as Terminal
from rich.console import ConsoleDimensions

from anabranch.client import console
from anabranch.client.console import Console, Progress
from anabranch.job import JobState, JobStatus, OperatorStatus


def status(operators: int = 3) -> JobStatus:
    counted = [OperatorStatus(f"operator-{n}", "Python", 2, 1234 * n, 1000 * n) for n in range(operators)]
    return JobStatus("count-1", "count", JobState.RUNNING, 20.0, tuple(counted))


def table(operators: int, width: int, height: int) -> str:
    terminal = Terminal(file=io.StringIO(), width=width, height=height, force_terminal=True, color_system=None)
    terminal.print(Progress(Console(), status)._table(status(operators), ConsoleDimensions(width, height)))
    written = terminal.file
    assert isinstance(written, io.StringIO)
    return written.getvalue()


def test_a_wide_table_has_everything():
    shown = table(3, 120, 30)

    assert "language" in shown
    assert "parallelism" in shown
    assert "operator-2" in shown
    assert "2,468" in shown


def test_a_narrow_table_has_names_and_counts():
    shown = table(3, 60, 30)

    assert "language" not in shown
    assert "operator-2" in shown
    assert "2,468" in shown


def test_a_table_is_no_longer_than_the_terminal():
    shown = table(100, 80, 24)

    assert len(shown.splitlines()) <= 24
    assert "operator-0" in shown
    assert "and 84 more operators" in shown


def test_the_last_row_sums_up_all_operators_also_those_that_there_is_no_room_for():
    for shown in (table(3, 60, 30), table(3, 120, 30)):
        assert ["all", "3", "3,702", "185", "3,000", "150"] == re.findall(r"[\w,]+", shown.splitlines()[-2])

    shown = table(100, 80, 24)
    assert "6,108,300" in next(line for line in shown.splitlines() if "all 100" in line)


def test_the_counts_of_a_single_operator_are_not_summed_up():
    assert "all" not in table(1, 80, 24)


def test_progress_that_goes_to_no_terminal_is_a_line_now_and_then(monkeypatch, capsys):
    monkeypatch.setattr(console, "_LINE_INTERVAL", 0.01)
    looked = threading.Event()

    def read_status() -> JobStatus:
        looked.set()
        return status(2)

    progress = Progress(Console(), read_status)
    progress.start()
    assert looked.wait(60)
    progress.stop()

    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "job count: RUNNING, 20 s: operator-0 0 in 0 out, operator-1 1,234 in 1,000 out"
    assert lines[-1] == "job count: RUNNING after 20.0 s"
