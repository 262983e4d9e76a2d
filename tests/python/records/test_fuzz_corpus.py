"""What fuzzing has come upon stays right: every input that it kept, with both implementations."""

import gc
import sys

import pytest

from anabranch.records import codec
from tests.fuzz import corpus
from tests.fuzz.checks import CHECKS, digest, python_outcome, without_native

DECODE, ENCODE = corpus.load("decode"), corpus.load("encode")
needs_native = pytest.mark.skipif(codec._native is None, reason="the native codec was not built")


def data_of(entry):
    return bytes.fromhex(entry["input"])


@needs_native
@pytest.mark.parametrize("target", CHECKS)
def test_native_and_twin_agree_on_every_input(target):
    for entry in corpus.load(target):
        CHECKS[target](data_of(entry))


@needs_native
def test_every_input_has_its_outcome():
    for entry in DECODE:
        assert entry["outcome"] == digest(python_outcome(data_of(entry))), entry


def test_every_input_has_its_outcome_in_pure_python():
    outcomes = without_native(lambda: [digest(python_outcome(data_of(entry))) for entry in DECODE])

    assert [entry["outcome"] for entry in DECODE] == outcomes


@needs_native
def test_no_input_leaves_memory_behind():
    inputs = [data_of(entry) for entry in DECODE]

    def work():
        for data in inputs:
            python_outcome(data)

    for _ in range(3):  # fills caches
        work()
    gc.collect()
    before = sys.getallocatedblocks()
    for _ in range(5):
        work()
    gc.collect()

    assert sys.getallocatedblocks() - before < len(inputs)


def test_the_corpus_stays_small():
    assert sum(path.stat().st_size for path in corpus.CORPUS.iterdir()) < 1_000_000
    assert len(DECODE) > 100
    assert len(ENCODE) > 10
