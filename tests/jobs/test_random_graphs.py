"""Any graph, at any parallelism, in any mixture of languages, gives what a plain evaluation gives."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from anabranch import StreamingContext

# name -> (Python function, Java class, plain evaluation of a list of integers)
VERBS: dict[str, tuple[Any, str, Any]] = {
    "map": (
        lambda x: 3 * x + 1,
        "com.acme.Functions$TripleAndOne",
        lambda values: [3 * x + 1 for x in values],
    ),
    "filter": (
        lambda x: x % 2 != 0,
        "com.acme.Functions$IsOdd",
        lambda values: [x for x in values if x % 2 != 0],
    ),
    "flat_map": (
        lambda x: [x + i for i in range(x % 3)],
        "com.acme.Functions$Repeat",
        lambda values: [x + i for x in values for i in range(x % 3)],
    ),
}
KEY = lambda x: x % 5
SUM = lambda old, new: old + new


def last_sums(values: list[int]) -> dict[int, int]:
    """What a running sum per key ends with: the part of it that does not depend on the order of arrival."""
    sums: dict[int, int] = {}
    for value in values:
        sums[value % 5] = sums.get(value % 5, 0) + value
    return sums


@dataclass
class Step:
    verb: str
    java: bool
    parallelism: int
    inputs: list[int]  # earlier streams, by position
    chained: bool
    shuffled: bool


@st.composite
def graphs(draw: st.DrawFn) -> list[Step]:
    steps = [Step("source", False, draw(st.integers(1, 3)), [], True, False)]
    for position in range(1, draw(st.integers(2, 7))):
        verb = draw(st.sampled_from([*VERBS, "union"] if position > 1 else [*VERBS]))
        count = 2 if verb == "union" else 1
        inputs = draw(st.lists(st.integers(0, position - 1), min_size=count, max_size=count, unique=True))
        steps.append(
            Step(
                verb,
                draw(st.booleans()),
                draw(st.integers(1, 3)),
                inputs,
                draw(st.booleans()),
                draw(st.booleans()),
            )
        )
    return steps


def evaluate(steps: list[Step], values: list[int]) -> list[list[int]]:
    """The plain, single-threaded evaluation."""
    streams = [values]
    for step in steps[1:]:
        joined = [x for position in step.inputs for x in streams[position]]
        streams.append(joined if step.verb == "union" else VERBS[step.verb][2](joined))
    return streams


def build(ctx: StreamingContext, steps: list[Step], values: list[int]) -> list[Any]:
    """The same graph in a streaming context; every stream is collected, every one is also summed by key."""
    streams = [ctx.from_collection(values).set_parallelism(steps[0].parallelism)]
    for step in steps[1:]:
        inputs = [streams[position].rebalance() if step.shuffled else streams[position] for position in step.inputs]
        if step.java:
            inputs = [stream.as_java_stream() for stream in inputs]
        if step.verb == "union":
            stream = inputs[0].union(*inputs[1:])
        else:
            function, java_class, _ = VERBS[step.verb]
            stream = getattr(inputs[0], step.verb)(java_class if step.java else function)
        stream = stream.set_parallelism(step.parallelism)
        if not step.chained:
            stream = stream.disable_chain()
        streams.append(stream.as_python_stream() if step.java else stream)
    return streams


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(graphs(), st.lists(st.integers(-1000, 1000), max_size=200), st.booleans())
def test_a_random_graph_gives_what_a_plain_evaluation_gives(acme_jar, steps, values, reduce_in_java):
    ctx = StreamingContext.Builder().option("anabranch.python.tasks-per-worker", 6).build()
    ctx.add_jar(acme_jar)
    streams = build(ctx, steps, values)
    collected = [stream.collect() for stream in streams]
    keyed = streams[-1].key_by(KEY)
    if reduce_in_java:
        reduced = keyed.as_java_stream().reduce("com.acme.Functions$Sum").as_python_stream()
    else:
        reduced = keyed.reduce(SUM)
    sums = reduced.set_parallelism(steps[-1].parallelism).collect()

    ctx.execute("random")

    expected = evaluate(steps, values)
    assert [Counter(stream) for stream in expected] == [Counter(handle.get()) for handle in collected]
    got = Counter(sums.get())
    assert len(expected[-1]) == sum(got.values())
    assert all(total in got for total in last_sums(expected[-1]).values())
