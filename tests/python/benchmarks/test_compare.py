"""Contenders run in turn, and only what is right counts."""

from __future__ import annotations

import json
import time

import pytest
from benchmarks.harness import Contender, Workload, environments
from benchmarks.harness.compare import RoundFailedError, compare, run_once
from benchmarks.harness.results import to_results
from benchmarks.harness.table import to_markdown


def contender(name="anabranch", seconds=1.0, check="right", **more):
    line = json.dumps({"seconds": seconds, "records": 10, "check": check})
    return Contender(name, name.title(), ["echo", line], **more)


def workload(*contenders):
    return Workload("work", "Some work", 10, contenders, lambda _: "right")


def run(*contenders, rounds=2, **more):
    lines = []
    found = compare(workload(*contenders), rounds, 1.0, [], lines.append, **more)
    return found, lines, to_markdown(to_results(workload(*contenders), found, rounds, {}))


def test_contenders_run_in_turn_and_the_first_round_does_not_count():
    outcomes, lines, _ = run(contender(), contender("peer", 4.0))

    assert [line.partition(":")[0] for line in lines] == ["work, anabranch", "work, peer"] * 3
    assert [line.endswith("(not counted)") for line in lines] == [True, True, False, False, False, False]
    assert [len(each.rounds) for each in outcomes] == [2, 2]
    assert [each.medians["per_second"] for each in outcomes] == [10.0, 2.5]


def test_the_table_says_how_many_times_as_good_the_engine_is():
    _, _, table = run(contender(), contender("peer", 4.0))

    assert "| Anabranch | 1.00 | 10.0 | 1.00x |" in table
    assert "| Peer | 4.00 | 2.50 | 4.00x |" in table


def test_a_peer_that_is_missing_is_in_the_table_with_the_reason():
    outcomes, lines, table = run(contender(), contender("peer", missing_reason="no wheel for this Python"))

    assert outcomes[1].missing_reason == "no wheel for this Python"
    assert lines[-1] == "work, peer: missing: no wheel for this Python"
    assert "* Peer: missing: no wheel for this Python" in table


def test_a_peer_whose_environment_is_not_installed_says_how_to(tmp_path, monkeypatch):
    monkeypatch.setattr(environments, "ENVIRONMENTS", tmp_path)

    outcomes, _, _ = run(contender(), contender("peer", environment="bytewax"))

    assert outcomes[1].missing_reason == "not installed: python -m benchmarks install bytewax"


def test_a_peer_that_could_not_be_installed_says_why(tmp_path, monkeypatch):
    monkeypatch.setattr(environments, "ENVIRONMENTS", tmp_path)
    monkeypatch.setattr(environments, "ALL", {"peer": environments.Environment(("./no-such-package",), ("python3",))})
    monkeypatch.setattr(environments, "_run", fail)

    assert not environments.install("peer", print)

    assert environments.missing_reason("peer") == "not installable here: ERROR: no such package"


def fail(*command):
    raise environments.subprocess.CalledProcessError(1, command, "Collecting\nERROR: no such package\nbye")


def test_what_takes_long_is_left_out_of_a_quick_run_and_named():
    outcomes, _, table = run(contender(), contender("peer", in_bench=False), quick=True)

    assert not outcomes[1].rounds
    assert "only in `make bench-all`" in table


def test_a_wrong_result_is_a_failure_and_the_others_go_on():
    outcomes, lines, table = run(contender(), contender("peer", check="wrong"))

    assert outcomes[1].failure == "wrong result: expected 10 records and right, got 10 records and wrong"
    assert [line for line in lines if "peer" in line] == [f"work, peer: FAILED: {outcomes[1].failure}"]
    assert len(outcomes[0].rounds) == 2
    assert "* Peer: failed: wrong result" in table


def test_a_contender_that_fails_shows_its_stderr():
    failing = Contender("anabranch", "Ours", ["bash", "-c", "echo no such thing >&2; exit 3"])

    with pytest.raises(RoundFailedError, match="exit code 3: no such thing"):
        run_once(failing, 10, "right")


@pytest.mark.parametrize("printed", ["", "nothing of use", "[1]", '{"records": 10, "check": "right"}'])
def test_a_contender_that_does_not_follow_the_protocol_fails(printed):
    with pytest.raises(RoundFailedError, match="last line"):
        run_once(Contender("anabranch", "Ours", ["echo", printed]), 10, "right")


def test_a_contender_that_hangs_fails():
    started = time.monotonic()

    with pytest.raises(RoundFailedError, match=r"not at its end after 0\.2 s"):
        run_once(Contender("anabranch", "Ours", ["sleep", "60"], timeout=0.2), 10, "right")
    assert time.monotonic() < started + 10


def test_the_engine_comes_first():
    with pytest.raises(ValueError, match="the first contender is peer"):
        workload(contender("peer"), contender())
