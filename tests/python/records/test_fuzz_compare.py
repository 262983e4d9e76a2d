"""Fuzzing finds nothing that its comparison does not see."""

from datetime import datetime, timezone
from decimal import Decimal
from itertools import product

from anabranch.records import Row
from tests.fuzz.compare import alike
from tests.fuzz.values import Color, Empty, Frozen, Pair, Plain, Point

NAN = float("nan")
MORE = Plain(1, 2)
MORE.more = 3
DIFFERENT = [
    *(None, 1, 1.0, True, 0.0, -0.0, False, NAN, "a", b"a", Decimal(1), Decimal("1.0"), Color.RED, Color.GREEN),
    *((1,), (1, 2), Pair(1, 2), Pair(1, True), [1], [1, 2], [True], [NAN], [0.0], [-0.0], [False], [[1]], [(1,)]),
    *({1, 2}, {True, 2}, frozenset([1, 2]), {frozenset([1, NAN])}, {frozenset([True, NAN])}, {1, 2, NAN}),
    *({1: 2}, {True: 2}, {1: 2.0}, {1: 2, 3: 4}, {3: 4, 1: 2}),
    *(Row("a", {"x": 1}), Row("b", {"x": 1}), Row("a", {"y": 1}), Row("a", {"x": True})),
    *(Plain(1, 2), Plain(2, 1), Plain(1, 2.0), MORE, Frozen(1), Frozen(True), Empty(), Point(1, 2), Point(1, 2.0)),
    *(datetime(2020, 1, 1), datetime(2020, 1, 1, fold=1), datetime(2020, 1, 1, tzinfo=timezone.utc)),
]


def test_only_the_same_values_are_alike():
    for (i, left), (j, right) in product(enumerate(DIFFERENT), repeat=2):
        assert alike(left, right) is (i == j), (left, right)


def test_the_order_of_a_set_does_not_matter():
    elements = [(i, float("nan")) for i in range(50)] + [frozenset([i, str(i)]) for i in range(50)]
    backwards = elements[::-1]

    assert alike(set(elements), set(backwards))
    assert not alike(set(elements), {*elements[1:], (0, 1.0)})
