"""By hand: the same functions, called one after the other for each word, in one process."""

from __future__ import annotations

import sys
import time

from benchmarks.harness.emit import emit
from benchmarks.wordcount.words import Count, add, check, first, lines, pair, split


def main() -> None:
    n_words = int(sys.argv[1])
    counts: dict[str, int] = {}
    state: dict[str, Count] = {}
    all_lines = lines(n_words)
    started = time.monotonic()
    for line in all_lines:
        for word in split(line):
            new = pair(word)
            key = first(new)
            old = state.get(key)
            state[key] = reduced = new if old is None else add(old, new)
            counts[reduced[0]] = reduced[1]
    emit(started, time.monotonic(), n_words, check(counts))


if __name__ == "__main__":
    main()
