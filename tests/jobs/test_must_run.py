"""The predecessor's jobs, with only their imports changed, as scripts of their own."""

import re
from collections import Counter

import pytest

WORD_COUNT = """
from anabranch import StreamingContext

ctx = StreamingContext.Builder().build()
ctx.read_text_file(__file__) \\
    .set_parallelism({parallelism}) \\
    .flat_map(lambda x: x.split()) \\
    .map(lambda x: (x, 1)) \\
    .key_by(lambda x: x[0]) \\
    .reduce(lambda old_value, new_value: (old_value[0], old_value[1] + new_value[1])) \\
    .filter(lambda x: "ray" not in x) \\
    .sink(lambda x: print("result", x))
ctx.submit("word_count")
"""

HYBRID = """
from anabranch import StreamingContext

ctx = StreamingContext.Builder().build()
ctx.add_jar({jar!r})
ctx.set_parallelism({parallelism})
ctx.from_values("a", "b", "c") \\
    .as_java_stream() \\
    .map("com.acme.Functions$HybridStreamTest$Mapper1") \\
    .filter("com.acme.Functions$HybridStreamTest$Filter1") \\
    .as_python_stream() \\
    .sink(lambda x: print("result", x))
ctx.submit("HybridStreamTest")
"""


@pytest.mark.parametrize("parallelism", [1, 2, 3])
def test_word_count_counts_every_word_of_its_own_source(drive, parallelism):
    """The script ends after `submit`; its process waits for the job it hosts."""
    script = WORD_COUNT.format(parallelism=parallelism)
    driver = drive(script)

    code, out, err = driver.finish()

    assert (0, "") == (code, err)
    counts = Counter(script.split())
    expected = [f"result {(word, n)!r}" for word, count in counts.items() for n in range(1, count + 1)]
    assert sorted(expected) == sorted(out.splitlines())
    driver.wait_until_alone()


@pytest.mark.parametrize("parallelism", [1, 2, 3])
def test_hybrid_stream_test(drive, acme_jar, parallelism):
    driver = drive(HYBRID.format(parallelism=parallelism, jar=acme_jar))

    code, out, err = driver.finish()

    assert (0, "") == (code, err)
    assert ["result aa", "result cc"] == sorted(out.splitlines())
    driver.wait_until_alone()


def test_results_of_one_word_come_in_order(drive):
    _, out, _ = drive(WORD_COUNT.format(parallelism=3)).finish()

    counts = [int(n) for n in re.findall(r"\('=', (\d+)\)", out)]
    assert sorted(counts) == counts
