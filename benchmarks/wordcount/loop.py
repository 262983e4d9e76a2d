"""By hand: the same functions, called one after the other for each word, in one process."""

from __future__ import annotations

import sys
import time

from benchmarks.harness.emit import emit
from benchmarks.wordcount.words import Count, LastCounts, add, check, first, lines, pair, split


def main() -> None:
    n_words = int(sys.argv[1])
    last = LastCounts()
    take = last.take
    state: dict[str, Count] = {}
    all_lines = lines(n_words)
    started = time.monotonic()
    for line in all_lines:
        for word in split(line):
            new = pair(word)
            key = first(new)
            old = state.get(key)
            state[key] = reduced = new if old is None else add(old, new)
            take(reduced)
    emit(started, time.monotonic(), n_words, check(last.counts))


if __name__ == "__main__":
    main()
