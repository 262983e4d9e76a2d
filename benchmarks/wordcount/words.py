"""The words, what is done with them and what is checked; needs nothing but the standard library."""

from __future__ import annotations

import random
import zlib
from collections.abc import Iterable, Iterator, Mapping
from itertools import cycle, islice
from pathlib import Path

WORDS_PER_LINE = 10
VOCABULARY = 10_000
PAGE = 5_000
CHUNK = 128
Count = tuple[str, int]


def page() -> list[str]:
    """Makes lines of words, a few of them frequent and most rare (Zipf); the same ones in every run."""
    dice = random.Random(20130101)
    words = [f"word{i}" for i in range(VOCABULARY)]
    weights = [1 / (i + 1) for i in range(VOCABULARY)]
    return [" ".join(dice.choices(words, weights, k=WORDS_PER_LINE)) for _ in range(PAGE)]


def lines(n_words: int, index: int = 0, parallelism: int = 1) -> Iterator[str]:
    """Repeats the page until there are so many words; the lines of one of several subtasks."""
    return islice(cycle(page()), index, n_words // WORDS_PER_LINE, parallelism)


def write_page(path: Path) -> Path:
    """Writes the page for a program in another language."""
    path.write_text("\n".join(page()) + "\n")
    return path


def split(line: str) -> list[str]:
    return line.split()


def pair(word: str) -> Count:
    return (word, 1)


def first(count: Count) -> str:
    return count[0]


def add(old: Count, new: Count) -> Count:
    return (old[0], old[1] + new[1])


def check(counts: Mapping[str, int]) -> str:
    """Returns the sum of the words and one that depends on each count; squares tell a count from its parts."""
    return to_check(counts.items())


def to_check(counts: Iterable[Count]) -> str:
    """Returns the same of pairs, the words of which may be in several of them, if an engine is wrong."""
    words = total = 0
    for word, count in counts:
        words += count
        total += zlib.crc32(word.encode()) * count * count
    return f"{words}:{total % 2**64}"


def reference(n_words: int) -> str:
    """Returns the check of so many words."""
    counts: dict[str, int] = {}
    for line in lines(n_words):
        for word in line.split():
            counts[word] = counts.get(word, 0) + 1
    return check(counts)


class LastCounts:
    """What the sink does: keeps the last count of each word."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}

    def take(self, count: Count) -> None:
        self.counts[count[0]] = count[1]
