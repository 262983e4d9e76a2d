"""Every transformation of the list exists in Python. TwinsTest.java checks Java, and the output of twin jobs."""

from pathlib import Path

import pytest

import anabranch

LINES = (Path(__file__).parents[2] / "parity" / "verbs.tsv").read_text().splitlines()
VERBS = [line.split("\t") for line in LINES if not line.startswith("#")][1:]
# Python's public transformations that Java has in another way, and why.
PYTHON_ONLY = {
    "StreamingContext": {
        "from_values": "Java: fromCollection(List.of(...))",
        "job": "Java: execute(name, description)",
        "explain": "the planner is in Python, beside the driver",
        "parallelism": "Java: getParallelism",
        "Builder": "Java: buildContext",
    },
    "DataStream": {
        "get_input_stream": "kept for ported jobs",
        "get_language": "Java: the stream's class",
        "with_resource": "Java: withResource(name, amount)",
    },
}


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb[0])
def test_every_transformation_of_the_list_exists_in_python(verb):
    found = anabranch
    for part in verb[0].split("."):
        found = getattr(found, part)

    assert callable(found)


@pytest.mark.parametrize("name", ["StreamingContext", "DataStream"])
def test_every_public_verb_is_on_the_list_or_has_a_reason_not_to_be(name):
    cls = getattr(anabranch, name)
    listed = {verb[0].split(".")[1] for verb in VERBS if verb[0].startswith(f"{name}.")}

    public = {attribute for attribute in dir(cls) if not attribute.startswith("_")}

    assert public == listed | set(PYTHON_ONLY[name])
