"""The options of a job."""

import pytest

from anabranch.config import OPTIONS, Options
from anabranch.errors import ConfigError


def test_defaults_stand_in_the_table():
    assert {name: option.default for name, option in OPTIONS.items()} == {
        name: Options()._values[name] for name in OPTIONS
    }


def test_a_given_value_beats_the_environment_and_that_beats_the_default(monkeypatch):
    monkeypatch.setenv("ANABRANCH_BATCH_MAX_BYTES", "5")

    assert 5 == Options().integer("anabranch.batch.max-bytes")
    assert 7 == Options({"anabranch.batch.max-bytes": "7"}).integer("anabranch.batch.max-bytes")


@pytest.mark.parametrize("value", ["many", "-1", 1.5])
def test_a_value_of_the_wrong_kind_is_refused_with_the_options_name(value):
    with pytest.raises(ConfigError, match=r"anabranch\.parallelism"):
        Options({"anabranch.parallelism": value})


def test_options_of_the_users_own_are_kept():
    options = Options({"model.path": "/m", "n": 3})

    assert ("/m", "3") == (options.text("model.path"), options.to_map()["n"])


@pytest.mark.parametrize("value", [False, None, ["a"]])
def test_options_of_the_users_own_are_text_or_numbers(value):
    with pytest.raises(ConfigError, match=r"option mine: expected text, got"):
        Options({"mine": value})


CHOICES = [(option.name, each) for option in OPTIONS.values() for each in option.choices]
NUMBERS = [option for option in OPTIONS.values() if type(option.default) is int]


@pytest.mark.parametrize(("name", "choice"), CHOICES)
def test_an_option_takes_its_choices_and_nothing_else(name, choice):
    assert choice == Options({name: choice}).text(name)
    with pytest.raises(ConfigError, match=rf"option {name}: expected .*\b{choice}\b.*, got '{choice}x'"):
        Options({name: f"{choice}x"})


@pytest.mark.parametrize("option", NUMBERS, ids=lambda option: option.name)
def test_numbers_have_limits(option):
    assert option.least == Options({option.name: option.least}).integer(option.name)
    for beyond in (option.least - 1, option.most + 1):
        with pytest.raises(ConfigError, match=rf"option {option.name}: must be at (least|most)"):
            Options({option.name: beyond})


def test_the_default_of_every_option_is_one_of_its_values():
    assert {} == {
        option.name: option.default for option in OPTIONS.values() if option.parse(option.default) != option.default
    }


def test_nothing_is_no_value_of_an_option():
    with pytest.raises(ConfigError, match=r"option anabranch.checkpoint.dir: expected text, got None; leave it out"):
        Options({"anabranch.checkpoint.dir": None})


def test_a_variable_whose_value_does_not_fit_is_named(monkeypatch):
    monkeypatch.setenv("ANABRANCH_PARALLELISM", "many")

    with pytest.raises(ConfigError, match=r"(?m)got 'many' \(of environment variable ANABRANCH_PARALLELISM\)$"):
        Options()


def test_an_empty_variable_sets_nothing(monkeypatch):
    monkeypatch.setenv("ANABRANCH_BATCH_MAX_BYTES", "")
    monkeypatch.setenv("ANABRANCH_PROGRESS", "")

    assert Options().to_map() == {**Options().to_map(), "anabranch.progress": "auto"}


def test_the_map_for_the_workers_is_complete_and_round_trips():
    given = Options({"anabranch.batch.max-records": 3, "mine": "x"})

    assert set(OPTIONS) <= set(given.to_map())
    assert given.to_map() == Options(given.to_map()).to_map()
