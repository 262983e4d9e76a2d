"""Replays the corpus with another build of the native codec: `python -m tests.fuzz.replay`, see run.py."""

from tests.fuzz.target import load_instrumented

if __name__ == "__main__":
    load_instrumented()
    from tests.fuzz import corpus
    from tests.fuzz.checks import CHECKS

    for target, check in CHECKS.items():
        for entry in corpus.load(target):
            check(bytes.fromhex(entry["input"]))
