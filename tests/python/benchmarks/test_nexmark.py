"""Both languages make the same events, and every query finds what a plain loop finds."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from benchmarks.common.digest import check_all, digest
from benchmarks.common.marks import Marks
from benchmarks.common.runs import check_of, context
from benchmarks.java_classes import compile_java
from benchmarks.nexmark.events import Auction, Bid, Person, event
from benchmarks.nexmark.jobs import QUERIES, build
from benchmarks.nexmark.reference import expected

import anabranch

EVENTS = 20_000


def test_the_events_are_those_they_were():
    """The figures of two runs can be compared only if they are over the same events."""
    assert event(0) == Person(0, "Walter Jones", "Cheyenne", "OR", 0)
    assert check_all(map(event, range(EVENTS))) == "20000:00668c20ec9bf81b"


def test_a_group_has_a_person_three_auctions_and_46_bids():
    kinds = [type(event(number)) for number in range(50, 100)]

    assert [kinds.count(kind) for kind in (Person, Auction, Bid)] == [1, 3, 46]


def test_references_are_to_what_has_been():
    for number in range(5_000):
        match event(number):
            case Auction(seller=seller):
                assert 0 <= seller <= number // 50
            case Bid(auction=auction, bidder=bidder):
                assert 0 <= auction <= number // 50 * 3 + 2
                assert 0 <= bidder <= number // 50


def test_both_languages_make_the_same_events():
    jar = Path(anabranch.__file__).parent / "jars" / "anabranch-runtime.jar"
    command = ["java", "-cp", f"{jar}:{compile_java()}", "com.acme.nexmark.Generator", str(EVENTS)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout

    assert [int(line) for line in printed.split()] == [digest(event(number)) for number in range(EVENTS)]


@pytest.mark.parametrize("version", ["python", "python-java-python"])
def test_every_query_finds_what_a_loop_finds(version, tmp_path):
    ctx = context().set_parallelism(2)
    ctx.option("anabranch.python.tasks-per-worker", 0)
    marks = {query: Marks(tmp_path / query) for query in QUERIES}
    for query, found in marks.items():
        found.directory.mkdir()
        build(ctx, query, version, EVENTS, found)
    ctx.execute("nexmark")

    assert {query: check_of(found) for query, found in marks.items()} == {
        query: expected(query, EVENTS) for query in QUERIES
    }
