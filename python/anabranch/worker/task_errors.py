"""What a failed task reports: the user's own lines first, the engine's folded."""

from __future__ import annotations

import os
import sysconfig
import traceback
from pathlib import Path
from typing import Any

import anabranch
from anabranch.errors import RecordError
from anabranch.exchange.output_gate import EmitError
from anabranch.exchange.shortage import are_files_used_up
from anabranch.v1.control_pb2 import TaskError
from anabranch.v1.graph_pb2 import LANGUAGE_PYTHON
from anabranch.worker import open_files
from anabranch.worker.operators.operator import OperatorError

_ENGINE = str(Path(anabranch.__file__).parent) + os.sep
_LIBRARY = sysconfig.get_path("stdlib") + os.sep
_INSTALLED = f"{os.sep}site-packages{os.sep}"  # may be inside of it
_MAX_RECORD = 200
_NO_RECORD = object()


def task_error(error: BaseException, *, operator: str, subtask: int) -> TaskError:
    """Returns the report for an exception that ended a task.

    Args:
        error: The exception; an `OperatorError` or `EmitError` tells the record.
        operator: The operator to name where the error itself names none.
        subtask: Parallel index of the task.
    """
    position, record, hint = -1, _NO_RECORD, ""
    cause: BaseException = error
    if isinstance(error, OperatorError):
        operator, position = error.operator, error.position
        record = error.record if position >= 0 else _NO_RECORD
        cause = error.__cause__ or error
    elif isinstance(error, EmitError):
        record = error.record
        cause = error.__cause__ or error
        if isinstance(cause, RecordError):
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
        record="" if record is _NO_RECORD else shorten(record),
        summary=_summary(cause),
        user_trace=user_trace(cause),
        full_trace="".join(traceback.format_exception(error)),
        hint=hint,
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
        summary=f"the worker of operator {operator!r}, subtask {subtask}, Python, has no open file left"
        f" for its channels: {_summary(cause)}",
        full_trace="".join(traceback.format_exception(error)),
        hint=hint,
    )


def _is_engines_own(error: BaseException) -> bool:
    """Returns whether the engine, and no code of the user, has called the function of the library that failed."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if not frame.filename.startswith(_LIBRARY) or _INSTALLED in frame.filename:
            return is_engine_file(frame.filename)
    return False


def shorten(record: Any) -> str:
    """Returns the record's repr, cut to 200 characters."""
    try:
        text = repr(record)
    except Exception as error:  # noqa: BLE001 - a record may be anything, its repr too
        text = f"<{type(record).__name__} whose repr fails: {error}>"
    return text if len(text) <= _MAX_RECORD else text[: _MAX_RECORD - 3] + "..."


def user_trace(error: BaseException) -> str:
    """Returns the traceback as Python prints it, causes included, but begun at the first frame of user code.

    Engine frames between two of the user's are folded into one line.
    """
    parts = []
    whole: traceback.TracebackException | None = traceback.TracebackException.from_exception(error)
    while whole is not None:
        parts.append("".join([*_user_frames(whole.stack), *whole.format_exception_only()]))
        if whole.__cause__ is not None:
            parts.append("\nThe above exception was the direct cause of the following exception:\n\n")
            whole = whole.__cause__
        elif whole.__context__ is not None and not whole.__suppress_context__:
            parts.append("\nDuring handling of the above exception, another exception occurred:\n\n")
            whole = whole.__context__
        else:
            whole = None
    return "".join(reversed(parts))


def is_engine_file(filename: str) -> bool:
    """Returns whether code of this file is the engine's, not the user's."""
    return filename.startswith((_ENGINE, "<frozen "))


def _user_frames(stack: traceback.StackSummary) -> list[str]:
    lines: list[str] = []
    engine_frames = 0
    for frame in stack:
        if is_engine_file(frame.filename):
            engine_frames += 1
            continue
        if engine_frames and lines:
            lines.append(f"  ... {engine_frames} engine frame{'s' if engine_frames > 1 else ''}\n")
        engine_frames = 0
        lines += traceback.StackSummary.from_list([frame]).format()
    return ["Traceback (most recent call last):\n", *lines] if lines else []


def _summary(error: BaseException) -> str:
    return "".join(traceback.format_exception_only(type(error), error)).strip()
