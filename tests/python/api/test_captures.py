"""Which variable keeps a function from being serialized."""

import functools
import pickle
import threading

import pytest

from anabranch import JobGraphError, StreamingContext
from anabranch.api.captures import why_not_serializable

LOCK = threading.Lock()


def guarded(value, lock=None):
    return (value, lock or LOCK)


def finds(path: str, kind: str, function) -> None:
    assert why_not_serializable(function).startswith(f"it captures {path}, a {kind}: cannot pickle")


def test_a_variable_of_the_closure_is_named():
    lock = threading.Lock()

    finds("'lock'", "lock", lambda value: (value, lock))


def test_the_way_through_other_functions_and_containers_is_told():
    tools = {"locks": [1, threading.Lock()]}

    def helper(value):
        return tools, value

    finds("'helper' -> 'tools' -> ['locks'] -> [1]", "lock", lambda value: [helper(value)])


def test_a_default_value_is_named():
    finds("'lock'", "lock", lambda value, lock=LOCK: value)


def test_arguments_of_a_partial_are_named():
    finds("argument 0", "lock", functools.partial(print, LOCK))
    finds("'lock'", "lock", functools.partial(print, lock=LOCK))


def test_the_object_of_a_bound_method_is_searched():
    class Service:
        def __init__(self):
            self.connection = threading.Lock()

        def call(self, value):
            return value

    finds("'self' -> 'connection'", "lock", Service().call)


def test_a_function_that_captures_nothing_bad_has_no_culprit():
    assert "" == why_not_serializable(lambda value: value)


def test_values_that_hold_each_other_do_not_keep_the_search_going():
    ring: list = [LOCK]
    ring.insert(0, ring)

    assert "captures 'ring'" in why_not_serializable(lambda value: ring)


def test_an_element_of_a_collection_is_named_by_its_index():
    ctx = StreamingContext()

    with pytest.raises(JobGraphError, match=r"'_values' -> \[2\], a lock"):
        ctx.from_values("a", "b", LOCK)


@pytest.mark.parametrize("what", ["a context", "a stream", "a collected stream"])
def test_what_describes_jobs_cannot_slip_into_a_function(what):
    ctx = StreamingContext()
    stream = ctx.from_values(1)
    captured = {"a context": ctx, "a stream": stream, "a collected stream": stream.collect()}[what]

    with pytest.raises(JobGraphError, match=r"captures 'captured'.*exists only where the job is described") as caught:
        stream.map(lambda value: (value, captured))

    assert "open()" not in str(caught.value)
    with pytest.raises(TypeError):
        pickle.dumps(captured)
