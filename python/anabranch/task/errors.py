"""What a failed task reports: the user's own lines first, the engine's folded."""

from __future__ import annotations

import os
import traceback
from pathlib import Path

import anabranch
from anabranch import open_files
from anabranch.errors import RecordError
from anabranch.exchange.input.decoding import UnreadableRecordError
from anabranch.exchange.output.edge_writer import EmitError
from anabranch.exchange.wire.shortage import are_files_used_up
from anabranch.operators.operator import OperatorError
from anabranch.operators.partition import HINT
from anabranch.replay.errors import NondeterminismError
from anabranch.task.advice import advice_for
from anabranch.task.tracebacks import format_error
from anabranch.text import error_line, shown
from anabranch.v1.control_pb2 import TaskError
from anabranch.v1.graph_pb2 import LANGUAGE_PYTHON

_ENGINE = str(Path(anabranch.__file__).parent) + os.sep
_LIBRARY = str(Path(os.__file__).parent) + os.sep
_INSTALLED = f"{os.sep}site-packages{os.sep}"  # may be inside of it
_NO_RECORD = object()


def task_error(error: BaseException, *, operator: str, subtask: int) -> TaskError:
    """Returns the report for an exception that ended a task, whatever exception it is: this never fails itself.

    Args:
        error: The exception; an `OperatorError` or `EmitError` tells the record.
        operator: The operator to name where the error itself names none.
        subtask: Parallel index of the task.
    """
    try:
        report = _task_error(error, operator, subtask)
        report.kind = _kind_of(error)
    except BaseException as failure:  # noqa: BLE001 - the master has to hear of it, in few words if need be
        return TaskError(
            operator=operator,
            language=LANGUAGE_PYTHON,
            subtask=subtask,
            record_position=-1,
            summary=f"{error_line(error)} (no more can be reported: {error_line(failure)})",
        )
    return report


def _kind_of(error: BaseException) -> TaskError.Kind:
    """Returns what the master has to know of the error; a function may have wrapped what its context has raised."""
    cause: BaseException | None = error
    seen: set[int] = set()
    while cause is not None and id(cause) not in seen:
        if isinstance(cause, NondeterminismError):
            return TaskError.KIND_NONDETERMINISM
        seen.add(id(cause))
        cause = cause.__context__ if cause.__cause__ is None else cause.__cause__
    return TaskError.KIND_UNSPECIFIED


def _task_error(error: BaseException, operator: str, subtask: int) -> TaskError:
    position, record, hint = -1, _NO_RECORD, ""
    cause = error
    if isinstance(error, OperatorError):
        operator, position = error.operator, error.position
        record = error.record if position >= 0 else _NO_RECORD
        hint = error.hint
        cause = error if error.__cause__ is None else error.__cause__
    elif isinstance(error, UnreadableRecordError):
        position, record = error.position, f"from operator {error.producer}"
        cause = error if error.__cause__ is None else error.__cause__
    elif isinstance(error, EmitError):
        record = error.record
        cause = error if error.__cause__ is None else error.__cause__
        if error.is_of_partition_by:
            hint = HINT.format(consumer=error.consumer)
        elif isinstance(cause, RecordError):
            hint = f"the record goes to operator {error.consumer}"
    if are_files_used_up(cause):
        hint = _more_files()
        if _is_engines_own(cause):
            return _engine_without_files(error, cause, operator=operator, subtask=subtask, hint=hint)
    return TaskError(
        operator=operator,
        language=LANGUAGE_PYTHON,
        subtask=subtask,
        record_position=position,
        record="" if record is _NO_RECORD else shown(record),
        summary=error_line(cause),
        user_trace=user_trace(cause),
        full_trace=format_error(error),
        hint=hint or advice_for(cause),
    )


def _more_files() -> str:
    return (
        f"the process may have {open_files.limit():,} files open (ulimit -n), and every channel of its tasks takes one:"
        " raise the limit where workers start, have fewer tasks share a worker"
        " (option anabranch.python.tasks-per-worker), or use fewer parallel subtasks"
    )


def _engine_without_files(
    error: BaseException, cause: BaseException, *, operator: str, subtask: int, hint: str
) -> TaskError:
    """Returns the report for a task that has got no file it needs itself: no function has to do with it."""
    return TaskError(
        language=LANGUAGE_PYTHON,
        subtask=subtask,
        record_position=-1,
        summary=f"the worker of operator {operator!r}, subtask {subtask}, Python, ran out of file descriptors"
        f" for its channels: {error_line(cause)}",
        full_trace=format_error(error),
        hint=hint,
    )


def _is_engines_own(error: BaseException) -> bool:
    """Returns whether the engine, and no code of the user, has called the function of the library that failed."""
    for frame, _ in reversed(list(traceback.walk_tb(error.__traceback__))):
        file = frame.f_code.co_filename
        if not file.startswith(_LIBRARY) or _INSTALLED in file:
            return is_engine_file(file)
    return False


def user_trace(error: BaseException) -> str:
    """Returns the traceback as Python prints it, causes included, but begun at the first frame of user code.

    Engine frames between two of the user's are folded into one line.
    """
    return format_error(error, is_engine_file)


def is_engine_file(filename: str) -> bool:
    """Returns whether code of this file is the engine's, not the user's."""
    return filename.startswith((_ENGINE, "<frozen "))
