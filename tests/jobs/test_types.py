"""Classes of one language that stand for classes of the other; arguments of functions."""

import importlib
from dataclasses import dataclass

import pytest

from anabranch import JavaFunction, JavaFunctionError, JobFailedError, JobGraphError, Row, StreamingContext


@dataclass
class Flight:
    delay: int
    carrier: str


@dataclass
class OtherFields:
    delay: int
    airline: str


@pytest.fixture
def ctx(acme_jar):
    return StreamingContext.Builder().build().add_jar(acme_jar)


def test_a_dataclass_arrives_as_the_java_record_that_it_is_bound_to_and_comes_back(ctx):
    flights = [Flight(5, "UA"), Flight(-2, "AA")]

    stream = ctx.from_collection(flights).with_type(Flight, "com.acme.Flight").as_java_stream()
    result = stream.map("com.acme.Late").as_python_stream().execute_and_collect()

    assert [Flight(6, "UA"), Flight(-1, "AA")] == result


def test_other_fields_are_refused_before_the_job_starts(ctx):
    stream = ctx.from_values(OtherFields(1, "UA")).with_type(OtherFields, "com.acme.Flight").as_java_stream()
    stream.map("com.acme.Late").as_python_stream().sink(print)

    with pytest.raises(JavaFunctionError, match="only in Java: carrier; only in Python: airline"):
        ctx.submit("mismatch")


def test_a_java_class_that_does_not_exist_is_refused_before_the_job_starts(ctx):
    stream = ctx.from_values(Flight(1, "UA")).with_type(Flight, "com.acme.Fligth").as_java_stream()
    stream.map("com.acme.Late").as_python_stream().sink(print)

    with pytest.raises(JavaFunctionError, match=r"there is no class com\.acme\.Fligth"):
        ctx.submit("missing")


def test_a_number_that_does_not_fit_the_java_field_names_the_field(ctx):
    stream = ctx.from_values(Flight(2**40, "UA")).with_type(Flight, "com.acme.Flight").as_java_stream()
    stream.map("com.acme.Late").as_python_stream().sink(print)

    with pytest.raises(JobFailedError, match="delay"):
        ctx.execute("too large")


def test_without_a_binding_a_java_record_arrives_as_a_row(ctx):
    to_row = lambda flight: Row("com.acme.Flight", {"carrier": flight.carrier, "delay": flight.delay})
    stream = ctx.from_values(Flight(1, "UA")).map(to_row).as_java_stream()

    (row,) = stream.map("com.acme.Late").as_python_stream().execute_and_collect()

    assert ("com.acme.Flight", "UA", 2) == (row.type_name, row.carrier, row.delay)


def test_constructor_arguments_reach_the_java_class(ctx):
    stream = ctx.from_values(1, 2.5).as_java_stream().map(JavaFunction("com.acme.Scorer", 2, "x"))

    assert [2.0, 5.0] == stream.as_python_stream().execute_and_collect()


def test_a_constructor_that_does_not_exist_is_refused_in_the_users_line(ctx):
    with pytest.raises(JavaFunctionError, match="constructor with 1 argument"):
        ctx.from_values(1).as_java_stream().map(JavaFunction("com.acme.Scorer", 2))
    with pytest.raises(JavaFunctionError, match="takes no constructor arguments"):
        ctx.from_values(1).as_java_stream().map(JavaFunction("com.acme.Text::shout", 2))


def test_registering_nonsense_is_refused(ctx):
    with pytest.raises(JobGraphError, match="not a dataclass"):
        ctx.from_values(1).with_type(int)


def test_the_name_of_a_type_has_no_module_imported_but_those_of_the_program(ctx, tmp_path, monkeypatch):
    (tmp_path / "planted.py").write_text("raise SystemExit('the name of a type had it imported')\n")
    (tmp_path / "own_types.py").write_text("import typing\nclass Thing(typing.NamedTuple):\n    n: int\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    importlib.import_module("own_types")
    names = ["planted.Thing", "this.Nothing", "unittest.__main__.Nothing", "own_types.Thing"]

    rows = ctx.from_collection([Row(name, {"n": 1}) for name in names]).as_java_stream()
    back = rows.union(ctx.from_values(1).as_java_stream()).as_python_stream()

    kinds = back.map(lambda each: getattr(each, "type_name", type(each).__name__)).execute_and_collect()
    assert sorted(["Thing", "int", *names[:3]]) == sorted(kinds)
