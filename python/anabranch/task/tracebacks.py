"""Tracebacks as Python prints them, of any exception whatever: bounded, readable, and never a failure themselves.

The standard library's own would do, but for what users' exceptions can be: messages of 20 MB, 1,000 equal frames,
causes in a circle, attributes and methods that raise.
"""

from __future__ import annotations

import builtins
import stat
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from anabranch.text import LONGEST_MESSAGE, cut, error_line, sendable, shown

_LONGEST = 100_000
_LONGEST_FRAME = 2_000
_LONGEST_SOURCE = 16 << 20  # bytes of a file that is read for the sake of one line
_MOST_ERRORS = 50  # causes, contexts and members of groups together
_DEEPEST_GROUP = 5
_FIRST_FRAMES, _LAST_FRAMES = 20, 40
_LONGEST_CYCLE = 8  # frames of a recursion over several functions
_SHOWN_REPEATS = 3

_CAUSE = "\nThe above exception was the direct cause of the following exception:\n\n"
_CONTEXT = "\nDuring handling of the above exception, another exception occurred:\n\n"
_END_OF_GROUP = "+------------------------------------\n"
_HEADER = "Traceback (most recent call last):\n"

# Of the exception itself: a subclass may have properties of these names.
_TRACEBACK, _CAUSE_OF, _CONTEXT_OF, _SUPPRESSES_CONTEXT = (
    BaseException.__dict__[name] for name in ("__traceback__", "__cause__", "__context__", "__suppress_context__")
)
_GROUP: type | None = getattr(builtins, "BaseExceptionGroup", None)  # since Python 3.11
# Their last lines say more than class and message: where in the source, and what may have been meant.
_EXPLAINED = (SyntaxError, NameError, AttributeError, ImportError)


def format_error(error: BaseException, is_hidden: Callable[[str], bool] = lambda _: False) -> str:
    """Returns the traceback of an exception with its causes and, of a group, what is in it.

    Args:
        error: The exception.
        is_hidden: Tells by its file name whether a frame is left out: those before the first other frame without a
            trace, runs of them between others with a line that counts them.
    """
    try:
        text = _Formatter(is_hidden).chain(error, 0)
    except BaseException:  # noqa: BLE001 - the report of a failure must not be the next one
        text = error_line(error) + "\n"
    text = sendable(text)
    if len(text) <= _LONGEST:
        return text
    missing = len(text) - _LONGEST  # both ends tell most
    return f"{text[: _LONGEST // 4]}\n... ({missing:,} more characters)\n{text[-_LONGEST * 3 // 4 :]}"


@dataclass
class _Frame:
    """A frame, or a run of hidden ones.

    Attributes:
        place: File, line and function, the same for each repetition; empty for hidden frames.
        frame: What knows more; None for hidden frames.
        hidden: Number of hidden frames.
    """

    place: tuple[str, int, str]
    frame: TracebackType | None
    hidden: int = 0

    def is_like(self, other: _Frame) -> bool:
        """Returns whether both are written alike."""
        return self.place == other.place and self.hidden == other.hidden


class _Formatter:
    """Formats one exception and all that hangs on it."""

    def __init__(self, is_hidden: Callable[[str], bool]) -> None:
        self._is_hidden = is_hidden
        self._seen: set[int] = set()
        self._left = _MOST_ERRORS

    def chain(self, error: BaseException, depth: int) -> str:
        """Returns the text of an exception after that of its causes; `depth` is that of the groups around it."""
        parts: list[str] = []
        following: BaseException | None = error
        link = ""
        while following is not None:
            if id(following) in self._seen or not self._left:
                parts.append(_indented(link + "... (a cause that was shown already, or one too many)\n", depth))
                break
            self._seen.add(id(following))
            self._left -= 1
            parts += [_indented(link, depth), self._one(following, depth)]
            following, link = _before(following)
        return "".join(reversed(parts))

    def _one(self, error: BaseException, depth: int) -> str:
        text = "".join([*self._stack(error), *_last_lines(error)])
        members = _members(error)
        if not members:
            return _indented(text, depth)
        text = _indented(text.replace(_HEADER, "Exception Group " + _HEADER, 1), depth or 1)
        return "".join([text if depth else text.replace("|", "+", 1), *self._group(members, depth or 1)])

    def _group(self, members: Sequence[BaseException], depth: int) -> Iterator[str]:
        text = ""
        outer, inner = "  " * depth + "+-", "  " * (depth + 1)
        for number, member in enumerate(members, 1):
            missing = depth == _DEEPEST_GROUP or not self._left
            title = f"{len(members) - number + 1} more" if missing else f"{number}"
            yield f"{outer if number == 1 else inner}+---------------- {title} ----------------\n"
            if missing:
                return
            text = self.chain(member, depth + 1)
            yield text
        if not text.endswith(_END_OF_GROUP):  # one line ends the groups in the last member too
            yield inner + _END_OF_GROUP

    def _stack(self, error: BaseException) -> list[str]:
        frames = self._frames(error)
        while frames and frames[0].hidden:
            del frames[0]
        while frames and frames[-1].hidden:
            del frames[-1]
        return [_HEADER, *_lines(frames)] if frames else []

    def _frames(self, error: BaseException) -> list[_Frame]:
        frames: list[_Frame] = []
        traced: TracebackType | None = _TRACEBACK.__get__(error)
        while traced is not None:
            code = traced.tb_frame.f_code
            if not self._is_hidden(code.co_filename):
                frames.append(_Frame((code.co_filename, traced.tb_lineno, code.co_name), traced))
            elif frames and frames[-1].hidden:
                frames[-1].hidden += 1
            else:
                frames.append(_Frame(("", 0, ""), None, hidden=1))
            traced = traced.tb_next
        return frames


def _indented(text: str, depth: int) -> str:
    """Returns the text as it is shown in so many groups of exceptions."""
    if not depth:
        return text
    return "".join("  " * depth + "| " + line + "\n" for line in text.splitlines())


def _lines(frames: Sequence[_Frame]) -> list[str]:
    """Returns the text of each frame; what a recursion repeats, over several functions too, is told once."""
    pieces: list[_Frame | str] = []
    at = 0
    while at < len(frames):
        length, times = _cycle(frames, at)
        if times > _SHOWN_REPEATS:
            shown_times = _SHOWN_REPEATS if length == 1 else 1
            what, more = "line" if length == 1 else f"{length} lines", times - shown_times
            pieces += [*frames[at : at + length]] * shown_times
            pieces.append(f"  [Previous {what} repeated {more:,} more time{'s' if more > 1 else ''}]\n")
            at += length * times
        else:
            pieces.append(frames[at])
            at += 1
    missing = len(pieces) - _FIRST_FRAMES - _LAST_FRAMES
    if missing > 0:
        pieces[_FIRST_FRAMES:-_LAST_FRAMES] = [f"  ... {missing:,} more frames\n"]
    return [piece if isinstance(piece, str) else _frame_text(piece) for piece in pieces]


def _cycle(frames: Sequence[_Frame], at: int) -> tuple[int, int]:
    """Returns how many frames from `at` on are repeated right after, and how often they are there."""
    for length in range(1, _LONGEST_CYCLE + 1):
        end = at + length
        while end < len(frames) and frames[end].is_like(frames[end - length]):
            end += 1
        times = (end - at) // length
        if times > _SHOWN_REPEATS:
            return length, times
    return 1, 1


def _frame_text(frame: _Frame) -> str:
    if frame.frame is None:
        return f"  ... {frame.hidden} engine frame{'s' if frame.hidden > 1 else ''}\n"
    file, line, function = frame.place
    try:
        if _may_be_read(file):
            return cut(traceback.extract_tb(frame.frame, limit=1).format()[0], _LONGEST_FRAME)
    except BaseException:  # noqa: BLE001, S110 - a loader of the user's may have been asked for the source
        pass
    return f'  File "{file}", line {line}, in {function}\n'


def _may_be_read(file: str) -> bool:
    """Returns False for what would block, or take long, for the sake of one line of source."""
    try:
        status = Path(file).stat()
    except (OSError, ValueError):
        return True  # whatever it is, it is no file
    return stat.S_ISREG(status.st_mode) and status.st_size <= _LONGEST_SOURCE


def _last_lines(error: BaseException) -> list[str]:
    """Returns class, message and notes."""
    if issubclass(type(error), _EXPLAINED):
        try:
            return [cut(line, LONGEST_MESSAGE) for line in traceback.format_exception_only(type(error), error)]
        except BaseException:  # noqa: BLE001, S110 - it has attributes of its own
            pass
    lines = [error_line(error) + "\n"]
    try:
        notes = getattr(error, "__notes__", [])
        if not isinstance(notes, (list, tuple)):
            notes = [shown(notes)]
        lines += [_note(note) + "\n" for note in notes[:_MOST_ERRORS]]
    except BaseException:  # noqa: BLE001, S110 - they are the user's
        pass
    return lines


def _note(note: Any) -> str:
    return cut(str.__str__(note), LONGEST_MESSAGE) if isinstance(note, str) else shown(note)


def _before(error: BaseException) -> tuple[BaseException | None, str]:
    """Returns what Python shows above an exception, and what it says between the two."""
    cause: BaseException | None = _CAUSE_OF.__get__(error)
    if cause is not None:
        return cause, _CAUSE
    return (None, "") if _SUPPRESSES_CONTEXT.__get__(error) else (_CONTEXT_OF.__get__(error), _CONTEXT)


def _members(error: BaseException) -> Sequence[BaseException]:
    """Returns what is in a group of exceptions; nothing of any other."""
    if _GROUP is None or not issubclass(type(error), _GROUP):
        return ()
    members: Sequence[BaseException] = _GROUP.__dict__["exceptions"].__get__(error)
    return members
