"""Describing jobs: what is accepted, and what is refused in the user's own line."""

import threading
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from anabranch import (
    ConfigError,
    FilterFunction,
    JobFailedError,
    JobGraphError,
    MapFunction,
    StreamingContext,
)
from anabranch.v1 import graph_pb2 as pb


@pytest.fixture
def ctx():
    return StreamingContext.Builder().build()


def graph_of(ctx: StreamingContext) -> pb.JobGraph:
    return ctx._graph("job")


def kinds(ctx: StreamingContext) -> list[str]:
    return [pb.OperatorKind.Name(o.kind).removeprefix("OPERATOR_KIND_") for o in graph_of(ctx).operators]


def test_verbs_become_operators_and_edges(ctx):
    words = ctx.from_values("a b", "c").flat_map(str.split)
    words.map(lambda w: (w, 1)).key_by(lambda p: p[0]).reduce(lambda a, b: a).filter(bool).sink(print)

    assert ["SOURCE", "FLAT_MAP", "MAP", "KEY_BY", "REDUCE", "FILTER", "SINK"] == kinds(ctx)
    edges = [(e.source, e.target, pb.Partitioning.Kind.Name(e.partitioning.kind)) for e in graph_of(ctx).edges]
    assert edges == [
        (1, 2, "KIND_AUTO"),
        (2, 3, "KIND_AUTO"),
        (3, 4, "KIND_AUTO"),
        (4, 5, "KIND_KEY"),
        (5, 6, "KIND_AUTO"),
        (6, 7, "KIND_AUTO"),
    ]


def test_an_operator_remembers_the_users_line(ctx):
    ctx.from_values(1)

    assert f"{__file__}:{test_an_operator_remembers_the_users_line.__code__.co_firstlineno + 1}" == (
        graph_of(ctx).operators[0].origin
    )


def test_operators_inherit_parallelism(ctx):
    ctx.set_parallelism(2)
    stream = ctx.from_values(1).map(lambda x: x).set_parallelism(3).map(lambda x: x)

    assert [2, 3, 3] == [operator.parallelism for operator in graph_of(ctx).operators]
    assert 3 == stream.get_parallelism()


def test_partitioning_belongs_to_the_view_and_not_to_the_stream(ctx):
    stream = ctx.from_values(1)
    stream.broadcast().sink(print)
    stream.rebalance().sink(print)
    stream.sink(print)

    assert [pb.Partitioning.KIND_BROADCAST, pb.Partitioning.KIND_REBALANCE, pb.Partitioning.KIND_AUTO] == [
        edge.partitioning.kind for edge in graph_of(ctx).edges
    ]


def test_names_config_and_chaining_reach_the_graph(ctx):
    stream = ctx.from_values(1).with_name("numbers").with_config("a", "1").with_config(conf={"b": "x"}).disable_chain()

    operator = graph_of(ctx).operators[0]
    assert ("numbers", {"a": "1", "b": "x"}, False) == (operator.name, dict(operator.config), operator.chainable)
    assert {"a": "1", "b": "x"} == stream.get_config()
    assert ("numbers", 1, "python", None) == (
        stream.get_name(), stream.get_id(), stream.get_language(), stream.get_input_stream()
    )  # fmt: skip
    assert stream.get_streaming_context() is ctx


def test_union_reads_every_stream(ctx):
    first, second = ctx.from_values(1), ctx.from_values(2)
    union = first.union(second, first.map(lambda x: x))

    assert [(1, 4), (2, 4), (3, 4)] == [(e.source, e.target) for e in graph_of(ctx).edges if e.target == union.get_id()]


@pytest.mark.parametrize(
    ("misuse", "message"),
    [
        (lambda s: s.map(3), "takes a MapFunction or a callable, not a int"),
        (
            lambda s: s.get_streaming_context().source(iter([1])),
            "source() takes a SourceFunction, not a list_iterator; from_collection() takes the values of an iterable",
        ),
        (lambda s: s.map("com.acme.Shout"), "call as_java_stream() first"),
        (lambda s: s.as_java_stream().map(len), "call as_python_stream() first"),
        (lambda s: s.union(), "at least one other stream"),
        (lambda s: s.union(3), "expected a stream, got a int"),
        (lambda s: s.set_parallelism(0), "at least 1"),
        (lambda s: s.set_parallelism("2"), "parallelism must be a whole number, got '2'"),
        (lambda s: s.set_parallelism(2**31), "fit in 32 bits"),
        (lambda s: s.get_streaming_context().set_parallelism(1.5), "parallelism must be a whole number, got 1.5"),
        (lambda s: s.join(s, retention=5), "must be a timedelta, such as timedelta(minutes=5), got 5"),
        (lambda s: s.join(s, retention=timedelta(1), how=3), "how must be one of inner, left, right, full, got 3"),
        (lambda s: s.with_config("on", False), "with_config('on'): expected text, got False"),
        (lambda s: s.with_config(conf={"share": 0.5}), "with_config('share'): expected text, got 0.5"),
        (lambda s: s.with_config("anabranch.parallelism", "2"), "options of the engine are those of a job"),
        (lambda s: s.with_resource(gpus=2), "there is no resource gpus; did you mean num_gpus?"),
        (lambda s: s.with_resource(cpu=1), "there is no resource cpu; did you mean num_cpus?"),
        (lambda s: s.with_resource("CPU", 2), "must be a number, got 'CPU'; resources are given by name"),
        (lambda s: s.with_resource(num_cpus=-1), "must not be negative"),
        (lambda s: s.reduce(max), "reduce() needs a keyed stream: put key_by() right in front of it"),
        (lambda s: s.key_by(len).map(len).aggregate(len), "aggregate() needs a keyed stream"),
        (lambda s: s.as_java_stream().reduce("com.acme.Sum"), "reduce() needs a keyed stream"),
        (lambda s: s.as_java_stream().partition_by("com.acme.P"), "needs a Java operator in front of it"),
    ],
)
def test_misuse_is_refused_in_the_users_line(ctx, misuse, message):
    with pytest.raises(JobGraphError) as caught:
        misuse(ctx.from_values(1))

    assert message in str(caught.value)


def test_a_function_object_of_another_kind_is_refused(ctx):
    class Keep(FilterFunction):
        def filter(self, value):
            return True

    with pytest.raises(JobGraphError, match="map\\(\\) takes a MapFunction or a callable, not a Keep"):
        ctx.from_values(1).map(Keep())


def test_an_incomplete_function_class_is_refused(ctx):
    class Incomplete(MapFunction):
        pass

    with pytest.raises(JobGraphError, match="the class lacks map"):
        ctx.from_values(1).map(Incomplete)


def test_a_capture_that_cannot_be_serialized_is_named(ctx):
    lock = threading.Lock()

    with pytest.raises(JobGraphError, match="captures 'lock', a lock"):
        ctx.from_values(1).map(lambda x: (x, lock))


def test_an_attribute_that_cannot_be_serialized_is_named(ctx):
    class Holds(MapFunction):
        def __init__(self):
            self.connection = threading.Lock()

        def map(self, value):
            return value

    with pytest.raises(JobGraphError, match=r"captures 'connection', a lock.*create it in open\(\)"):
        ctx.from_values(1).map(Holds())


def test_a_stream_of_a_submitted_job_cannot_be_continued(ctx):
    stream = ctx.from_values(1)
    stream.sink(lambda x: None)
    ctx.execute("first")

    with pytest.raises(JobGraphError, match="belongs to a job that was submitted"):
        stream.map(lambda x: x)


def test_collected_records_are_not_there_before_the_job_was_submitted(ctx):
    with pytest.raises(JobGraphError, match="submit or execute"):
        ctx.from_values(1).collect().get()


def test_an_unknown_option_is_refused_with_the_nearest_match():
    with pytest.raises(ConfigError, match=r"did you mean anabranch\.batch\.max-records"):
        StreamingContext.Builder().option("anabranch.batch.max-record", 1).build()


def test_an_unknown_launcher_is_refused(ctx):
    with pytest.raises(ConfigError, match=r"anabranch\.launcher: expected auto, local or ray, got 'moon'"):
        ctx.option("anabranch.launcher", "moon")


def test_what_a_stream_lacks_is_an_attribute_like_any_other(ctx):
    stream = ctx.from_values(1)

    assert not hasattr(stream, "reduce")
    assert hasattr(stream.key_by(len), "reduce")
    with pytest.raises(AttributeError, match="'StreamSource' object has no attribute 'mapp'"):
        stream.mapp(len)


def test_amounts_of_numpy_are_numbers(ctx):
    stream = ctx.from_values(1).set_parallelism(np.int64(2)).with_resource(num_cpus=np.float32(0.5), CPU=1, tpu=2)

    operator = graph_of(ctx).operators[0]
    assert (2, {"num_cpus": 0.5, "CPU": 1, "tpu": 2}) == (stream.get_parallelism(), dict(operator.resources))


def test_a_missing_jar_is_refused(ctx):
    with pytest.raises(JobGraphError, match=r"jar 'target/none\.jar' does not exist"):
        ctx.add_jar("target/none.jar")


def test_jars_and_python_paths_become_artifacts(ctx, tmp_path: Path):
    jar = tmp_path / "a.jar"
    jar.touch()
    ctx.add_jar(jar).add_python_path(tmp_path).from_values(1)

    assert [(pb.Artifact.KIND_JAVA, str(jar)), (pb.Artifact.KIND_PYTHON, str(tmp_path))] == [
        (artifact.kind, artifact.path) for artifact in graph_of(ctx).artifacts
    ]


def test_an_invalid_job_is_refused_at_submit(ctx):
    ctx.from_values(1).map(lambda x: x)

    with pytest.raises(JobGraphError, match="nothing consumes operator 'map-2'"):
        ctx.submit("unfinished")


def test_explain_prints_the_plan(ctx, capsys):
    ctx.from_values(1).map(len).with_name("length").sink(print)

    text = ctx.explain("job")

    assert "length: map len" in text
    assert f"{text}\n" == capsys.readouterr().out


class InterruptedJob:
    """A job that is waited for until Ctrl-C."""

    def __init__(self, ending: Exception | None = None) -> None:
        self._ending = ending
        self.cancelled = False

    def wait(self, timeout: float | None = None):
        raise KeyboardInterrupt

    def cancel(self):
        self.cancelled = True
        if self._ending is not None:
            raise self._ending


@pytest.mark.parametrize(
    "ending", [None, JobFailedError("it failed while it was cancelled"), TimeoutError("still there")]
)
def test_ctrl_c_cancels_the_job_and_stays_ctrl_c(ctx, monkeypatch, ending):
    job = InterruptedJob(ending)
    monkeypatch.setattr(ctx, "submit", lambda name: job)

    with pytest.raises(KeyboardInterrupt):
        ctx.execute("endless")

    assert job.cancelled


def test_a_context_runs_one_job_after_the_other_and_keeps_its_settings(ctx, tmp_path: Path):
    ctx.option("mine", "x").add_python_path(tmp_path)

    assert [2] == ctx.from_values(1).map(lambda x: x + 1).execute_and_collect("first")
    assert [] == kinds(ctx)
    assert [30] == ctx.from_values(3).map(lambda x: x * 10).execute_and_collect("second")
    assert ("x", 1) == (graph_of(ctx).config["mine"], len(graph_of(ctx).artifacts))


def test_a_job_that_was_refused_is_not_part_of_the_next_one(ctx):
    stream = ctx.from_values(1)
    with pytest.raises(JobGraphError, match="nothing consumes"):
        ctx.submit("incomplete")

    with pytest.raises(JobGraphError, match="belongs to job 'incomplete', which could not be submitted"):
        stream.map(lambda x: x)
    assert [2] == ctx.from_values(2).execute_and_collect()


def test_a_second_execute_says_what_became_of_the_first(ctx):
    ctx.from_values(1).sink(lambda x: None)
    ctx.execute("first")

    with pytest.raises(JobGraphError, match=r"'second' has no operators.*submitted already, 'first'"):
        ctx.execute("second")


def test_what_was_discarded_is_not_run(ctx):
    stream = ctx.option("mine", "x").from_values(1)
    stream.sink(print)
    ctx.discard()

    with pytest.raises(JobGraphError, match="belongs to what was discarded"):
        stream.sink(print)
    with pytest.raises(JobGraphError, match="belongs to what was discarded"):
        ctx.submit("nothing")
    assert "x" == graph_of(ctx).config["mine"]


def test_a_block_runs_what_is_described_in_it_and_nothing_else(ctx):
    outside = ctx.from_values(1)
    with ctx.job("inside"):
        collected = ctx.from_values(2).collect()
        with pytest.raises(JobGraphError, match="another block"):
            outside.sink(print)

    assert [2] == collected.get()
    assert [1] == outside.execute_and_collect()


def test_a_job_without_operators_after_a_block_is_told_of_that(ctx):
    with ctx.job("block"):
        ctx.from_values(1).sink(str)

    with pytest.raises(JobGraphError, match="belongs to a job that was submitted already, 'block'"):
        ctx.submit("nothing")


def test_a_block_that_an_exception_leaves_has_described_nothing(ctx):
    def describe():
        with ctx.job("never"):
            ctx.from_values(1).sink(print)
            raise OSError

    with pytest.raises(OSError):  # noqa: PT011 - the one that is raised above
        describe()

    assert [] == kinds(ctx)


def test_a_join_that_is_refused_leaves_nothing_behind(ctx):
    left, right = ctx.from_values(1), ctx.from_values(2)
    join = left.join(right, retention=timedelta(seconds=1)).equal_to(lambda x: x)
    elsewhere = StreamingContext.Builder().build()
    foreign = left.join(elsewhere.from_values(1), retention=timedelta(seconds=1)).where(len).equal_to(len)

    with pytest.raises(JobGraphError, match="key_by"):
        join.where("not a function").with_function(max)
    with pytest.raises(JobGraphError, match="another context"):
        foreign.with_function(max)

    assert (["SOURCE", "SOURCE"], ["SOURCE"]) == (kinds(ctx), kinds(elsewhere))


@pytest.mark.parametrize(
    ("verb", "look"),
    [
        ("forward", lambda s: s.forward()),
        ("rebalance", lambda s: s.rebalance()),
        ("broadcast", lambda s: s.broadcast()),
        ("partition_by", lambda s: s.partition_by(lambda x, n: 0)),
        ("broadcast", lambda s: s.broadcast().as_java_stream()),
        ("rebalance", lambda s: s.broadcast().rebalance()),
    ],
)
def test_a_view_that_nothing_reads_is_reported(ctx, verb, look):
    stream = ctx.from_values(1)
    look(stream)
    stream.sink(print)

    with pytest.raises(
        JobGraphError, match=rf"^{verb}\(\) of operator 'source-1' .*test_context.*stream = stream.{verb}"
    ):
        ctx.submit("views")


def test_names_are_text(ctx):
    stream = ctx.from_values(1)
    with pytest.raises(JobGraphError, match="source-1: the name of an operator must be text, got 7"):
        stream.with_name(7)
    with pytest.raises(JobGraphError, match="source-1: the uid of an operator must be text, got 7"):
        stream.with_uid(7)
    with pytest.raises(JobGraphError, match="source-1: the uid of an operator must not be empty"):
        stream.with_uid("")
    stream.sink(print)

    with pytest.raises(JobGraphError, match="the name of a job must be text, got None"):
        ctx.execute(None)


def test_a_view_whose_only_reader_was_refused_is_not_reported(ctx):
    stream = ctx.from_values(1)
    with pytest.raises(JobGraphError, match="takes a MapFunction"):
        stream.rebalance().map(3)
    with pytest.raises(JobGraphError, match="name of a Java class"):
        stream.broadcast().as_java_stream().map(len)
    stream.sink(print)

    ctx.explain()


def test_views_that_are_read_have_an_effect(ctx):
    stream = ctx.from_values(1)
    stream.broadcast().as_java_stream().as_python_stream().sink(print)
    stream.union(stream.broadcast().rebalance()).sink(print)

    ctx.explain()
