"""Restarts after errors of functions are counted, and wait longer and longer."""

from anabranch.config import Options
from anabranch.master.restarts import Restarts


def make(attempts: int, delay_ms: int = 1000) -> Restarts:
    return Restarts(Options({"anabranch.restart.attempts": attempts, "anabranch.restart.delay-ms": delay_ms}))


def test_a_restart_waits_twice_as_long_as_the_one_before_it_until_a_checkpoint_completes():
    restarts = make(100)

    assert [restarts.begin(1) for _ in range(3)] == [1, 2, 4]
    assert restarts.begin(2) == 1


def test_no_restart_waits_for_more_than_a_minute_unless_the_option_says_so():
    restarts = make(1000)

    assert max(restarts.begin(1) for _ in range(100)) == 60
    assert make(1000, delay_ms=90_000).begin(1) == 90


def test_restarts_are_used_up_whatever_completes_between_them():
    restarts = make(2)
    assert not restarts.are_used_up

    restarts.begin(1)
    restarts.begin(2)

    assert restarts.are_used_up
    assert make(0).are_used_up
