"""In the pages each sentence has a line of its own, so that a change of one shows as a change of one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Those of docs/performance are written by the benchmarks.
PAGES = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "docs/design").glob("*.md")),
]
FENCED = re.compile(r"^( *```).*?^ *```$", re.MULTILINE | re.DOTALL)
# What may hold a full stop without ending a sentence: code, links and brackets, and the bold word of a list item.
ASIDE = re.compile(r"^ *(?:I?\d+\.) |`[^`]*`|\[[^\]]*\]|\([^()]*\)|^\W*(\*+)[^*]+\1 ", re.MULTILINE)
SECOND = re.compile(r"[a-z\d)][.!?][*_\"]* [A-Z]\w")


def second_sentences(text: str) -> list[str]:
    """Returns the lines that hold the end of a sentence and the beginning of another."""
    lines = (line for line in FENCED.sub("", text).splitlines() if not line.lstrip().startswith(("|", "    ")))
    return [line for line in lines if SECOND.search(ASIDE.sub("x", line))]


def test_a_second_sentence_in_a_line_is_found() -> None:
    assert second_sentences("One sentence. Another one.\nA third one, with (a bracket. And more).") == [
        "One sentence. Another one."
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_line_holds_one_sentence_at_most(page: Path) -> None:
    assert second_sentences(page.read_text()) == []
