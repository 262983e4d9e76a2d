"""When a JVM is started to look functions up, and who has it."""

import subprocess
import sys
from pathlib import Path

import pytest

from anabranch import ConfigError, JavaFunction, JavaFunctionError, StreamingContext
from anabranch.records import decode_value
from anabranch.v1 import graph_pb2 as pb


class Bridge:
    """Answers in place of a JVM."""

    started: list["Bridge"]

    def __init__(self, options) -> None:
        self.alive, self.closed = False, False
        self.asked: list[tuple] = []

    def start(self) -> None:
        self.alive = True
        Bridge.started.append(self)

    def poll(self) -> int | None:
        return None if self.alive else 1

    def check_function(self, kind: str, reference: str, jars: list[str], arguments: int) -> str:
        if "Missing" in reference:
            raise JavaFunctionError(f"there is no class {reference}")
        self.asked.append((kind, reference, jars, arguments))
        return reference.rpartition(".")[2]

    def check_arguments(self, class_name: str, arguments: bytes, jars: list[str]) -> None:
        if b"unfit" in arguments:
            raise JavaFunctionError(f"no public constructor of class {class_name} takes these arguments")

    def close(self) -> None:
        self.alive, self.closed = False, True


@pytest.fixture(autouse=True)
def bridges(monkeypatch) -> list[Bridge]:
    Bridge.started = []
    monkeypatch.setattr("anabranch.launch.jvm.JvmBridge", Bridge)
    return Bridge.started


@pytest.fixture
def ctx() -> StreamingContext:
    return StreamingContext()


def functions(ctx: StreamingContext) -> list[pb.FunctionDescriptor]:
    return [operator.function for operator in ctx._graph("job").operators]


def test_the_jvm_is_started_at_the_first_java_verb_and_asked_again_by_the_next(ctx, bridges, tmp_path: Path):
    ctx.add_jar(tmp_path)
    stream = ctx.from_values(1).as_java_stream()
    assert [] == bridges

    stream.map("com.acme.Shout").filter("com.acme.Text::isLoud").sink("com.acme.Print")

    assert [
        ("map", "com.acme.Shout", [str(tmp_path)], 0),
        ("filter", "com.acme.Text::isLoud", [str(tmp_path)], 0),
        ("sink", "com.acme.Print", [str(tmp_path)], 0),
    ] == [question for bridge in bridges for question in bridge.asked]
    assert 1 == len(bridges)


def test_a_function_is_named_by_class_method_and_arguments(ctx):
    ctx.from_values(1).as_java_stream().map("com.acme.Text::shout").map(JavaFunction("com.acme.Scale", 0.5, "m"))

    _, method, scale = functions(ctx)
    assert ("Text::shout", "com.acme.Text", "shout", b"") == (
        method.display_name,
        method.java_reference.class_name,
        method.java_reference.method,
        method.java_reference.arguments,
    )
    assert ("com.acme.Scale", "") == (scale.java_reference.class_name, scale.java_reference.method)
    assert (0.5, "m") == decode_value(scale.java_reference.arguments)


def test_a_function_that_is_refused_leaves_no_operator_behind(ctx):
    stream = ctx.from_values(1).as_java_stream()

    with pytest.raises(JavaFunctionError, match=r"no class com\.acme\.Missing"):
        stream.map("com.acme.Missing")

    assert 1 == len(functions(ctx))


def test_a_jvm_that_has_died_is_replaced(ctx, bridges):
    stream = ctx.from_values(1).as_java_stream().map("com.acme.Shout")
    bridges[0].alive = False

    stream.map("com.acme.Shout")

    assert [1, 1] == [len(bridge.asked) for bridge in bridges]


def test_a_job_takes_the_jvm_along_and_the_next_lookup_starts_another(ctx, bridges, monkeypatch):
    taken = []
    monkeypatch.setattr(
        "anabranch.client.submit.submit", lambda graph, plan, options, bridge, types: taken.append(bridge)
    )
    for _ in range(2):
        ctx.from_values(1).as_java_stream().sink("com.acme.Print")
        ctx.submit("job")

    assert taken == bridges
    assert 2 == len(bridges)


def test_a_jvm_is_closed_if_its_job_cannot_be_submitted(ctx, bridges):
    ctx.option("anabranch.detached", True)
    ctx.from_values(1).as_java_stream().sink("com.acme.Print")

    with pytest.raises(ConfigError, match="a detached job needs"):
        ctx.submit("job")

    assert [True] == [bridge.closed for bridge in bridges]


def test_describing_a_python_job_never_imports_py4j():
    script = (
        "import sys; from anabranch import StreamingContext; c = StreamingContext(); "
        "c.from_values(1).map(str).sink(print); c.explain(); print('py4j' in sys.modules)"
    )

    assert (
        "False"
        == subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
        ).stdout.splitlines()[-1]
    )


def test_constructor_arguments_that_do_not_fit_are_refused_in_the_line_of_the_verb(ctx, tmp_path: Path):
    ctx.add_jar(tmp_path)
    stream = ctx.from_values(1).as_java_stream()

    with pytest.raises(JavaFunctionError, match="takes these arguments"):
        stream.map(JavaFunction("com.acme.Greet", "unfit"))
