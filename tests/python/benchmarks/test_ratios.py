"""A run is compared with the accepted one by ratios."""

from __future__ import annotations

import pytest
from benchmarks.harness.ratios import accept, compared, losses, ratios, read_accepted


def results(ours=10.0, theirs=5.0, *, higher_is_better=True, name="work"):
    contenders = [
        {"name": "anabranch", "ours": True, "medians": {"figure": ours}},
        {"name": "peer", "ours": False, "medians": {"figure": theirs} if theirs else {}},
    ]
    return {"name": name, "metric": "figure", "higher_is_better": higher_is_better, "contenders": contenders}


@pytest.mark.parametrize(("higher_is_better", "ratio"), [(True, 2.0), (False, 0.5)])
def test_a_ratio_says_how_many_times_as_good_ours_is(higher_is_better, ratio):
    assert ratios([results(higher_is_better=higher_is_better)]) == {"work": {"anabranch": {"peer": ratio}}}


def test_a_peer_without_figures_has_no_ratio():
    assert ratios([results(theirs=None)]) == {}


@pytest.mark.parametrize("speed", [8.1, 10.0, 99.0])
def test_a_loss_of_up_to_a_fifth_is_allowed_and_so_is_a_slower_machine(speed):
    before = ratios([results()])

    assert losses(before, ratios([results(speed)])) == []
    assert losses(before, ratios([results(speed / 10, 0.5)])) == []


def test_a_larger_loss_is_named():
    lost = losses(ratios([results()]), ratios([results(7.0)]))

    assert lost == ["work: anabranch was 2.00 times as good as peer and is 1.40 times, a loss of 30% (allowed: 20%)"]


def test_what_was_not_run_is_not_lost():
    assert losses(ratios([results()]), ratios([results(theirs=None)])) == []
    assert losses(ratios([results()]), ratios([results(name="other")])) == []


def test_only_what_is_in_both_runs_was_compared():
    assert compared(ratios([results()]), ratios([results(), results(name="other")])) == 1
    assert compared({}, ratios([results()])) == 0


def test_to_accept_a_run_keeps_the_ratios_of_what_it_did_not_run(tmp_path):
    path = tmp_path / "ratios.json"

    accept(ratios([results()]), path)
    accept(ratios([results(20.0, name="other")]), path)

    assert read_accepted(path) == {"work": {"anabranch": {"peer": 2.0}}, "other": {"anabranch": {"peer": 4.0}}}
    assert read_accepted(tmp_path / "none.json") == {}
