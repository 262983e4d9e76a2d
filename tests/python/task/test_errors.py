"""What a failed task reports."""

import errno
import socket
import subprocess
from unittest.mock import Mock

from anabranch.errors import RecordError
from anabranch.exchange.output.edge_writer import EmitError
from anabranch.exchange.wire.addresses import Transport
from anabranch.operators.operator import OperatorError
from anabranch.replay.errors import NondeterminismError
from anabranch.task import errors as task_errors
from anabranch.task.errors import task_error, user_trace
from anabranch.v1.control_pb2 import TaskError


def caught(function) -> Exception:
    try:
        function()
    except Exception as error:  # noqa: BLE001 - that is what it is for
        return error
    raise AssertionError("nothing was raised")


def users_code():
    raise ValueError("bad row")


def test_an_operators_error_tells_operator_position_record_and_the_users_frames():
    error = OperatorError("parse", 7, {"a": 1})
    error.__cause__ = caught(users_code)

    report = task_error(error, operator="head", subtask=2)

    assert ("parse", 2, 7, "{'a': 1}", "ValueError: bad row") == (
        report.operator, report.subtask, report.record_position, report.record, report.summary
    )  # fmt: skip
    assert "in users_code" in report.user_trace
    assert "OperatorError" in report.full_trace


def test_a_record_that_cannot_be_handed_on_tells_where_it_was_to_go():
    error = EmitError("record", "consumer")
    error.__cause__ = RecordError("a lock cannot cross, at [1]", index=0, path="[1]")

    report = task_error(error, operator="tail", subtask=0)

    assert ("tail", -1, "'record'") == (report.operator, report.record_position, report.record)
    assert "a lock cannot cross, at [1]" in report.summary
    assert "consumer" in report.hint


def test_a_failure_outside_of_a_record_has_none():
    error = OperatorError("open", -1, None)
    error.__cause__ = OSError("no model")

    assert (-1, "") == (task_error(error, operator="x", subtask=0).record_position,
                        task_error(error, operator="x", subtask=0).record)  # fmt: skip


def no_files_left() -> Mock:
    """Fails as a function of the library does: its frames are not the user's."""
    return Mock(side_effect=OSError(errno.EMFILE, "Too many open files"))


def test_files_that_the_engine_has_not_got_are_not_the_affair_of_a_function(tmp_path, monkeypatch):
    monkeypatch.setattr(socket, "socket", no_files_left())
    error = OperatorError("map", 7, "record")
    error.__cause__ = caught(lambda: Transport("unix", str(tmp_path), "", 65536).listen("t1-0"))

    report = task_error(error, operator="source", subtask=3)

    assert ("", -1, "", "") == (report.operator, report.record_position, report.record, report.user_trace)
    assert "the worker of operator 'map', subtask 3, Python, ran out of file descriptors" in report.summary
    assert "Too many open files" in report.summary
    assert "ulimit -n" in report.hint


def test_files_that_a_function_has_not_got_are_its_own_affair(monkeypatch):
    monkeypatch.setattr(subprocess, "Popen", no_files_left())
    error = OperatorError("map", 7, "record")
    error.__cause__ = caught(lambda: subprocess.Popen(["true"]))

    report = task_error(error, operator="source", subtask=3)

    assert ("map", 7) == (report.operator, report.record_position)
    assert "test_errors.py" in report.user_trace
    assert "ulimit -n" in report.hint


def test_causes_are_kept_in_the_order_of_python():
    def wraps():
        try:
            users_code()
        except ValueError as error:
            raise RuntimeError("outer") from error

    trace = user_trace(caught(wraps))

    assert trace.index("ValueError: bad row") < trace.index("direct cause") < trace.index("RuntimeError: outer")


class UnprintableError(Exception):
    """Fails whatever is asked of it."""

    def __init__(self, raises: BaseException) -> None:
        self.raises = raises

    def __str__(self):
        raise self.raises

    __repr__ = __len__ = __bool__ = __str__


def test_a_record_and_an_exception_that_cannot_be_printed_are_reported_by_their_classes():
    for raises in (ValueError("no"), SystemExit(3), KeyboardInterrupt(), RecursionError()):
        error = OperatorError("parse", 7, UnprintableError(raises))
        error.__cause__ = UnprintableError(raises)

        report = task_error(error, operator="head", subtask=2)

        assert ("parse", 2, 7) == (report.operator, report.subtask, report.record_position)
        assert "<UnprintableError whose repr fails" in report.record
        assert f"UnprintableError: <its message cannot be had: {type(raises).__name__}>" in report.summary
        assert report.summary in report.user_trace


def test_a_lone_surrogate_is_written_out():
    error = OperatorError("parse", 0, "\ud800x")
    error.__cause__ = ValueError("unknown name \ud800x")

    report = task_error(error, operator="head", subtask=0)

    assert "unknown name \\ud800x" in report.summary
    assert "\\ud800x" in report.record


def test_of_a_huge_message_is_told_how_much_is_missing():
    error = OperatorError("parse", 0, "x" * 20_000_000)
    error.__cause__ = ValueError("cannot parse " + "x" * 20_000_000)

    report = task_error(error, operator="head", subtask=0)

    assert report.summary.startswith("ValueError: cannot parse xxx")
    assert report.summary.endswith("more characters)")
    assert report.ByteSize() < 100_000


def test_even_a_report_that_cannot_be_made_names_operator_and_exception(monkeypatch):
    monkeypatch.setattr(task_errors, "user_trace", Mock(side_effect=MemoryError))

    report = task_error(ValueError("bad row"), operator="head", subtask=1)

    assert ("head", 1, -1) == (report.operator, report.subtask, report.record_position)
    assert report.summary.startswith("ValueError: bad row")


def test_a_replay_that_differs_is_told_by_its_kind_and_not_by_its_text():
    differs = NondeterminismError("map (1/1)", (0, 1), "a fetch", "an order")
    wrapped = RuntimeError("in user code")
    wrapped.__cause__ = differs
    only_says_so = ValueError("NondeterminismError: replay of map (1/1) diverged from its log")

    kinds = [task_error(error, operator="map", subtask=0).kind for error in (differs, wrapped, only_says_so)]

    assert kinds == [TaskError.KIND_NONDETERMINISM, TaskError.KIND_NONDETERMINISM, TaskError.KIND_UNSPECIFIED]
