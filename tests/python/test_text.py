"""Texts about what users have made."""

import dataclasses
import functools

import pytest

from anabranch.text import class_name, cut, error_line, error_name, message_of, printable, sendable, shown


@dataclasses.dataclass
class Point:
    x: object
    y: object = dataclasses.field(default=0, repr=False)


class Failing:
    def __repr__(self):
        raise OSError("no")


class Hostile(type):
    @property
    def __name__(cls):
        raise OSError("no")

    @property
    def __module__(cls):
        raise OSError("no")


class HostileError(Exception, metaclass=Hostile):
    pass


class Text(str):
    """A string with ideas of its own."""

    __slots__ = ()

    def __len__(self):
        raise OSError("no")

    __getitem__ = encode = __format__ = __add__ = __len__


@pytest.mark.parametrize(
    "value",
    [
        None, 1, "a'b", b"a", bytearray(b"a"), [], [1, [2]], (), (1,), (1, 2), {1}, set(), frozenset({1}), frozenset(),
        {"a": 1, 2: [3]}, Point(1), [Point([1])], functools.partial(int, "1"),
    ],
)  # fmt: skip
def test_what_is_short_is_shown_as_it_is(value):
    assert shown(value) == repr(value)


def test_what_is_long_is_cut():
    assert shown("x" * 1000) == "'" + "x" * 196 + "..."
    assert (
        len(shown(list(range(1000)))) == len(shown({n: n for n in range(1000)})) == len(shown(Point("x" * 1000))) == 200
    )


def test_no_more_of_a_container_is_looked_at_than_is_shown():
    assert shown(["x" * 300, Failing()]) == "['" + "x" * 195 + "..."


def test_a_container_in_itself_ends():
    values: list = []
    values += [values, {"in": values}]

    assert shown(values) == "[..., {'in': ...}]"


def test_what_cannot_be_shown_is_named():
    assert "<Failing whose repr fails: OSError: no>" == shown(Failing())
    assert "<list whose repr fails: OSError: no>" == shown([1, Failing()])


def test_a_string_with_ideas_of_its_own_does_no_harm():
    class OddError(Exception):
        def __str__(self):
            return Text("odd")

        def __repr__(self):
            return Text("OddError()")

    assert ("odd", "OddError()") == (message_of(OddError()), shown(OddError()))
    assert type(message_of(OddError())) is str


def test_a_class_with_ideas_of_its_own_does_no_harm():
    assert "HostileError" == class_name(HostileError())
    assert error_name(HostileError()).endswith("HostileError")


def test_an_error_is_named_as_a_traceback_ends():
    assert "ValueError: bad" == error_line(ValueError("bad"))
    assert "ValueError" == error_line(ValueError())
    assert f"{__name__}.HostileError: x" == error_line(HostileError("x"))


def test_what_is_cut_says_how_much_is_missing():
    assert "abc" == cut("abc", 3)
    assert "abc... (1,000 more characters)" == cut("abc" + "x" * 1000, 3)


def test_surrogates_are_written_out_and_pairs_are_not():
    assert "\\ud800 \U0001f600" == sendable("\ud800 \U0001f600")


def test_what_would_steer_a_terminal_is_written_out_and_lines_and_tabs_are_not():
    assert "\\x1b]0;title\\x07\\x0d[sink (1/1)]\\x9b\n\tgrüße" == printable(
        "\x1b]0;title\x07\r[sink (1/1)]\x9b\n\tgrüße"
    )
    assert "ValueError: \\x1b[2J" == error_line(ValueError("\x1b[2J"))
