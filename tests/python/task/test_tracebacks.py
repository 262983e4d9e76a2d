"""Tracebacks of any exception whatever."""

import os
import sys
import traceback

import pytest

from anabranch.task.tracebacks import format_error


def caught(function, *arguments) -> BaseException:
    try:
        function(*arguments)
    except BaseException as error:  # noqa: BLE001 - that is what it is for
        return error
    raise AssertionError("nothing was raised")


def fails(message="bad row"):
    raise ValueError(message)


def with_cause():
    try:
        fails()
    except ValueError as error:
        raise RuntimeError("outer") from error


def with_context():
    try:
        fails()
    except ValueError:
        raise RuntimeError("outer")  # noqa: B904 - that is what it is for


def without_context():
    try:
        fails()
    except ValueError:
        raise RuntimeError("outer") from None


def in_no_python():
    compile("1 +", "users.py", "eval")


def with_notes():
    error = ValueError("bad row")
    error.__notes__ = ["first\nnote", 7]
    raise error


@pytest.mark.parametrize("function", [fails, with_cause, with_context, without_context, in_no_python])
def test_it_is_written_as_python_writes_it(function):
    error = caught(function)

    assert format_error(error) == "".join(traceback.format_exception(error))


@pytest.mark.skipif(sys.version_info < (3, 11), reason="notes and groups came with Python 3.11")
def test_notes_and_groups_are_written_as_python_writes_them():
    inner = ExceptionGroup("inner", [caught(with_notes), KeyError(1)])  # noqa: F821

    def group():
        raise ExceptionGroup("outer", [caught(with_cause), inner])  # noqa: F821

    for error in (caught(with_notes), caught(group)):
        assert format_error(error) == "".join(traceback.format_exception(error))


def down(depth):
    return down(depth + 1)


def there(depth):
    return back(depth)


def back(depth):
    return there(depth + 1)


@pytest.mark.parametrize("function", [down, there])
def test_an_endless_recursion_is_folded(function):
    text = format_error(caught(function, 0))

    assert len(text.splitlines()) < 40
    assert "[Previous " in text
    assert text.splitlines()[-1].startswith("RecursionError")


def test_a_deep_stack_shows_both_its_ends():
    functions = [lambda: fails()]  # noqa: PLW0108 - a frame of its own
    for number in range(300):
        scope: dict = {"inner": functions[-1]}
        exec(compile(f"def level_{number}(): inner()", f"file_{number}.py", "exec"), scope)
        functions.append(scope[f"level_{number}"])

    text = format_error(caught(functions[-1]))

    assert "level_299" in text
    assert "in fails" in text
    assert "more frames" in text
    assert len(text.splitlines()) < 200


def test_causes_in_a_circle_end():
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__cause__ = second, first

    text = format_error(first)

    assert text.index("ValueError: second") < text.index("ValueError: first")


def test_a_thousand_causes_end():
    error = ValueError("innermost")
    for number in range(1000):
        outer = ValueError(f"number {number}")
        outer.__cause__ = error
        error = outer

    text = format_error(error)

    assert text.endswith("ValueError: number 999\n")
    assert len(text) < 10_000


@pytest.mark.skipif(sys.version_info < (3, 11), reason="groups came with Python 3.11")
def test_large_groups_in_groups_end():
    error: Exception = ValueError("innermost")
    for number in range(100):
        error = ExceptionGroup(f"number {number}", [error, *(KeyError(n) for n in range(100))])  # noqa: F821

    text = format_error(error)

    assert "number 99" in text
    assert len(text) < 100_000


class HostileError(Exception):
    def fail(self):
        raise SystemExit("no")

    __str__ = __repr__ = __len__ = __bool__ = __eq__ = fail
    __hash__ = None
    __cause__ = __context__ = __traceback__ = __notes__ = __suppress_context__ = property(fail)


def test_an_exception_whose_every_attribute_fails_is_shown_with_its_frames():
    def raises():
        raise HostileError

    text = format_error(caught(raises))

    assert "in raises" in text
    assert "HostileError: <its message cannot be had: SystemExit>" in text


def test_notes_that_fail_do_no_harm():
    error = ValueError("bad row")
    error.__notes__ = [HostileError()]

    assert format_error(error).startswith("ValueError: bad row\n")


def test_a_loader_that_fails_costs_the_source_line_alone():
    class Loader:
        def get_source(self, _name):
            raise SystemExit("no")

    scope = {"__name__": "users", "__loader__": Loader()}
    exec(compile("def call(): 1 / 0", "gone.py", "exec"), scope)

    text = format_error(caught(scope["call"]))

    assert 'File "gone.py", line 1, in call' in text
    assert "ZeroDivisionError" in text


def test_a_pipe_is_not_read_for_a_line_of_source(tmp_path):
    pipe = tmp_path / "users.py"
    os.mkfifo(pipe)
    scope: dict = {}
    exec(compile("def call(): 1 / 0", str(pipe), "exec"), scope)

    assert f'File "{pipe}", line 1, in call' in format_error(caught(scope["call"]))


def test_a_message_of_any_length_is_cut():
    assert len(format_error(caught(fails, "x" * 20_000_000))) < 100_000
