"""Names that look like options of the engine and are none."""

import pytest

from anabranch import StreamingContext
from anabranch.config import OPTIONS
from anabranch.foreign_names import notes_on, notes_on_variables


@pytest.mark.parametrize(
    ("name", "counterpart"),
    [
        ("streaming.checkpoint.interval.secs", "anabranch.checkpoint.interval-ms"),
        ("streaming.context-backend.type", "anabranch.checkpoint.dir"),
        ("streaming.scheduler.strategy.type", "anabranch.ray.strategy"),
        ("streaming.job.max.parallelism", "anabranch.max-parallelism"),
        ("streaming.metrics.reporters", "no counterpart"),
    ],
)
def test_an_option_of_the_predecessor_is_answered_with_its_counterpart(name, counterpart):
    (note,) = notes_on([name])

    assert note.startswith(f"option {name} has no effect")
    assert counterpart in note


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("parallelism", "anabranch.parallelism"),
        ("checkpoint.interval_ms", "anabranch.checkpoint.interval-ms"),
        ("Anabranch.Mode", "anabranch.mode"),
        ("ANABRANCH_CHECKPOINT_DIR", "anabranch.checkpoint.dir"),
    ],
)
def test_an_option_without_its_prefix_or_in_another_spelling_is_named(name, meant):
    assert [f"option {name} is one of the functions' own; did you mean {meant}?"] == list(
        notes_on([name, "model.path", meant])
    )


def test_a_variable_that_sets_nothing_is_answered_with_the_nearest():
    assert ["environment variable ANABRANCH_PARALELISM sets no option; did you mean ANABRANCH_PARALLELISM?"] == list(
        notes_on_variables(["PATH", "ANABRANCH_PARALELISM", "ANABRANCH_ROOT"])
    )


@pytest.mark.parametrize(
    "name",
    [
        *(option.variable for option in OPTIONS.values()),
        "ANABRANCH_GATEWAY_TOKEN",
        "ANABRANCH_WORKER_ID",
        "ANABRANCH_TEST_LAUNCHER",
        "ANABRANCH_SERVICE_HOST",
        "ANABRANCH_GATEWAY_PORT_7077_TCP_ADDR",
        "ANABRANCH_GATEWAY_PORT",
    ],
)
def test_variables_of_the_engine_and_of_kubernetes_are_known(name):
    assert [] == list(notes_on_variables([name]))


def test_a_context_says_it_once_on_stderr(monkeypatch, capsys):
    monkeypatch.setenv("ANABRANCH_PARALELLISM", "2")
    for _ in range(2):
        StreamingContext.Builder().option("streaming.metric.x", "y").build().option("detached", "yes")

    said = capsys.readouterr().err.splitlines()
    assert ["environment variable ANABRANCH_PARALELLISM", "option streaming.metric.x", "option detached"] == [
        " ".join(line.split()[: 3 if line.startswith("env") else 2]) for line in said
    ]
