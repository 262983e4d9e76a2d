"""The native codec gives back what it takes: after many records, and after records that it refuses."""

import contextlib
import dataclasses
import gc
import itertools
import sys
import weakref
from datetime import datetime, timezone
from decimal import Decimal
from typing import NamedTuple

import psutil
import pytest

from anabranch.errors import RecordError
from anabranch.records import Decoder, Encoder, Row, TypeRegistry, codec
from anabranch.v1.graph_pb2 import LANGUAGE_JAVA, LANGUAGE_PYTHON

NATIVE = codec._native
pytestmark = pytest.mark.skipif(NATIVE is None, reason="the native codec was not built")


@dataclasses.dataclass
class Plain:
    b: object
    a: object


class Pair(NamedTuple):
    second: object
    first: object


SHAPES = [
    lambda i: i,
    lambda i: f"word {i}",
    lambda i: (f"straße {i}", 1.5 * i),
    lambda i: [i, -i, 1 << 62, i * 1.5, None, True, b"bytes"],
    lambda i: {"id": i, "tags": {i, i + 1}, "nested": {"k": (i, [i])}},
    lambda i: frozenset((i, f"{i}")),
    lambda i: Plain(i, "a"),
    lambda i: Pair(i, [Plain(i, i)]),
    lambda i: float("nan"),
    lambda i: list(range(i % 40)),
]
RARE = [
    lambda i: Decimal(i) / 4,
    lambda i: 1 << (70 + i % 100),
    lambda i: datetime.fromtimestamp(i, timezone.utc),
    lambda i: Row("com.acme.R", {"v": i, "w": [i]}),
    lambda i: {float("nan"): i, (i, 2): i},
    lambda i: "\udcff" * (i % 9),
]


def batch(n):
    """One record in fifty is of the kinds that the pure codec helps with."""
    rare = itertools.cycle(RARE)
    return [next(rare)(i) if i % 50 == 49 else SHAPES[i % len(SHAPES)](i) for i in range(n)]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_ten_million_records_of_all_shapes_leave_no_memory_behind():
    sizes = [1, 16, 1000, 3000]
    batches = [batch(n) for n in sizes]
    encoder, decoder = Encoder(LANGUAGE_PYTHON, TypeRegistry()), Decoder(LANGUAGE_PYTHON, TypeRegistry())

    def work(records):
        done = 0
        for values in itertools.cycle(batches):
            payload, schemas = encoder.encode(values)
            done += len(decoder.decode(payload, len(values), schemas))
            if done >= records:
                return

    work(500_000)
    gc.collect()
    rss, blocks = psutil.Process().memory_info().rss, sys.getallocatedblocks()
    work(10_000_000)
    gc.collect()
    grown = psutil.Process().memory_info().rss - rss
    more = sys.getallocatedblocks() - blocks

    print(f"10,000,000 records: RSS grew by {grown / 1024:.0f} KiB, {more} blocks more")
    assert grown < 4 << 20
    assert more < 500


class Token:
    """Something whose end can be seen."""

    def __init__(self, alive):
        alive.add(self)


def wrapped(value):
    return [
        [value],
        (1, value),
        {"k": value},
        {value: 1},
        {value, 2},
        frozenset([value]),
        Plain(value, 1),
        Pair(1, value),
    ]


@pytest.mark.parametrize("kind", range(8))
def test_a_value_that_is_refused_is_let_go(kind):
    encoder = Encoder(LANGUAGE_JAVA, TypeRegistry())
    token = Token(weakref.WeakSet())  # of a class that cannot cross
    values = ["before", wrapped(token)[kind], "behind"]

    def references_after(times):
        for _ in range(times):
            with contextlib.suppress(RecordError):
                assert not encoder.encode(values)
        gc.collect()  # an error and its trace refer to each other
        return [sys.getrefcount(each) for each in (token, *values)]

    assert references_after(1) == references_after(50)


def test_what_was_decoded_before_a_record_is_refused_is_let_go():
    values = [Decimal(n) for n in range(40)]
    nested = [[d, (d, {d: [d]}), {d}, frozenset([d]), Plain(d, d), Pair(d, d), [d] * 1500] for d in values[:2]]
    types = TypeRegistry()
    payload, schemas = Encoder(LANGUAGE_JAVA, types).encode(nested)
    makers = {schema.id: types.maker(schema, python=False) for schema in schemas}
    alive = weakref.WeakSet()

    # Ends inside every kind of container, at places in both records.
    for end in [*range(1, 140), len(payload) // 2 + 9, len(payload) - 1]:
        with pytest.raises(ValueError):  # noqa: PT011 - the codec in front of it knows the words
            NATIVE.decode(payload[:end], 2, makers, lambda _code, _data, _depth: Token(alive))

    gc.collect()
    assert 0 == len(alive)


def test_a_callback_that_fails_leaves_nothing_behind():
    payload, _ = Encoder(LANGUAGE_JAVA, TypeRegistry()).encode([[Decimal(1), (Decimal(2), {Decimal(3): [Decimal(4)]})]])
    alive = weakref.WeakSet()

    for fails_at in range(4):
        calls = itertools.count()

        def extension(_code, _data, _depth, fails_at=fails_at, calls=calls):
            if next(calls) == fails_at:
                raise KeyError("the user's")
            return Token(alive)

        with pytest.raises(KeyError):
            NATIVE.decode(payload, 1, {}, extension)

    gc.collect()
    assert 0 == len(alive)
