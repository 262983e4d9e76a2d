"""What messages call a function."""

import functools

import pytest

from anabranch import JobGraphError, StreamingContext
from anabranch.api.descriptors import display_name


class Model:
    """A callable that cannot be printed before it is fitted."""

    weights = None

    def __repr__(self):
        return f"Model({self.weights.shape})"

    def __call__(self, value):
        return value


class Evasive:
    """Answers to every attribute, and to none as expected."""

    def __getattr__(self, name):
        if name in ("__qualname__", "__module__", "__code__"):
            raise OSError("no")
        raise AttributeError(name)

    def __call__(self, value):
        return value


def test_a_function_is_called_by_its_name():
    assert display_name(int) == "int"
    assert display_name(functools.reduce) == "reduce"
    assert display_name(lambda x: x).startswith("<lambda> at ")


@pytest.mark.parametrize("function", [Model(), Evasive(), functools.partial(max, list(range(300_000)))])
def test_a_function_that_cannot_be_printed_or_only_at_length_is_one_like_any_other(function):
    stream = StreamingContext.Builder().build().from_values(1).map(function)

    assert len(display_name(function)) <= 200
    assert stream.get_name() == "map-2"


def test_what_does_not_fit_is_told_in_a_short_message():
    with pytest.raises(JobGraphError) as caught:
        StreamingContext.Builder().build().from_values(1).key_by(
            functools.partial(max, list(range(300_000)), key=3, x=1)
        ).map("x" * 10_000)

    assert len(str(caught.value)) < 1_000
