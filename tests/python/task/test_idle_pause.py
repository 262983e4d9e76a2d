"""How long a source that has nothing is left alone."""

import pytest

from anabranch.task.idle_pause import IdlePause


class Source:
    """Asks a pause as a task does."""

    def __init__(self) -> None:
        self.pause = IdlePause()
        self.now = 1000.0

    def fetch(self, seconds: float = 0.0, *, produced: bool = False) -> float:
        began, self.now = self.now, self.now + seconds
        return self.pause.after(began, self.now, produced=produced)

    def idle_for(self, seconds: float) -> float:
        end, last = self.now + seconds, 0.0
        while self.now < end:
            last = self.fetch()
            self.now += last
        return last


def test_it_grows_to_ten_milliseconds_at_once_and_further_only_after_a_second():
    source = Source()

    assert 0.0001 == source.fetch()
    assert 0.01 == source.idle_for(0.9)
    assert 0.025 < source.idle_for(2) < 0.03


def test_it_ends_at_a_tenth_of_a_second():
    assert 0.1 == Source().idle_for(60)


def test_a_record_begins_it_again():
    source = Source()
    source.idle_for(20)

    assert 0 == source.fetch(produced=True)
    assert 0.0001 == source.fetch()
    assert 0.01 == source.idle_for(0.9)


def test_a_source_that_waits_itself_is_asked_again_at_once():
    source = Source()

    assert {0.0} == {source.fetch(1.0) for _ in range(30)}
    assert pytest.approx(0.06) == source.fetch(0.04)
