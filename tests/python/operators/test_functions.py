"""From a function descriptor to something that can be called."""

import pytest

from anabranch import FilterFunction, FlatMapFunction, JobGraphError, MapFunction
from anabranch.api.descriptors import python_function
from anabranch.operators.functions import UserFunction
from anabranch.records import encode_value
from anabranch.v1.graph_pb2 import FunctionDescriptor, JavaReference, PythonReference


def named(module: str, name: str, *arguments) -> FunctionDescriptor:
    encoded = encode_value(arguments) if arguments else b""
    reference = PythonReference(module=module, name=name, arguments=encoded)
    return FunctionDescriptor(display_name=name, python_reference=reference)


class Plus(MapFunction):
    def __init__(self, n=1):
        self.n = n

    def map(self, value):
        return value + self.n


@pytest.mark.parametrize("given", [lambda x: x + 1, Plus(1), Plus])
def test_a_callable_an_object_and_a_class_will_do(given):
    assert 3 == UserFunction(python_function(given, MapFunction, "map"), MapFunction).call(2)


def test_a_function_or_class_is_found_by_name_and_made_with_arguments():
    assert 2.0 == UserFunction(named("math", "sqrt"), MapFunction).call(4)
    assert "3" == UserFunction(named("builtins", "str"), MapFunction).call(3)
    assert "b" == UserFunction(named("operator", "itemgetter", 1), MapFunction).call("ab")


@pytest.mark.parametrize("name", ["no_such_module.f", "math.no_such_function"])
def test_a_name_that_does_not_exist_is_refused(name):
    with pytest.raises(JobGraphError, match="cannot be loaded"):
        UserFunction(named(*name.split(".")), MapFunction)


def test_a_function_of_another_kind_or_language_is_refused():
    class Keep(FilterFunction):
        def filter(self, value):
            return True

    with pytest.raises(JobGraphError, match="expected a MapFunction, got "):
        UserFunction(python_function(Keep(), FilterFunction, "filter"), MapFunction)
    with pytest.raises(JobGraphError, match="is not a Python function"):
        UserFunction(FunctionDescriptor(java_reference=JavaReference(class_name="J")), MapFunction)


@pytest.mark.parametrize(
    ("function", "takes"),
    [(lambda x: x, False), (lambda x, c: x, True), (lambda x, y=1: x, False), (str.split, False), (sorted, False)],
)
def test_a_flat_map_with_two_parameters_takes_a_collector(function, takes):
    descriptor = python_function(function, FlatMapFunction, "flat_map")

    assert takes == UserFunction(descriptor, FlatMapFunction).takes_collector


class Opened:
    """Of no interface, but with the methods that all of them have."""

    def open(self, ctx):
        self.seen = [ctx]

    def __call__(self, value):
        self.seen.append(value)
        return self.seen

    def save_checkpoint(self):
        return self.seen[-1]

    def load_checkpoint(self, saved):
        self.seen.append(saved)

    def close(self):
        self.seen.append("closed")


@pytest.mark.parametrize("given", [Opened(), Opened])
def test_a_callable_object_with_an_open_is_opened_and_closed_like_any_function(given):
    function = UserFunction(python_function(given, MapFunction, "map"), MapFunction)

    function.open("context")
    seen = function.call(1)
    assert [1] == function.save()
    function.load([7])
    function.close()

    assert ["context", 1, 7, "closed"] == seen


def test_a_callable_object_whose_open_is_about_something_else_is_not_opened():
    class Archive:
        def open(self, path, mode):
            raise AssertionError

        def __call__(self, value):
            return value

    function = UserFunction(python_function(Archive(), MapFunction, "map"), MapFunction)
    function.open("context")
    function.close()

    assert (1, []) == (function.call(1), function.save())
