"""Where lines end, however the bytes come in pieces."""

import itertools

import pytest

from anabranch.line_ends import LineEnds


@pytest.mark.parametrize(
    ("data", "translated"),
    [
        (b"one\ntwo\n", b"one\ntwo\n"),
        (b"\r10 %\r20 %\r30 %\n", b"10 %\n20 %\n30 %\n"),
        (b"10 %\r20 %\rdone\n", b"10 %\n20 %\ndone\n"),
        (b"windows\r\nends\r\n", b"windows\r\nends\r\n"),
        (b"\n\r\nx\n\r\ry", b"\n\r\nx\ny"),
        (b"before\n\r10 %\r\r20 %", b"before\n10 %\n20 %"),
        (b"waits\r", b"waits"),
        (b"", b""),
    ],
)
def test_a_carriage_return_ends_the_line_before_it(data, translated):
    assert translated == LineEnds().translate(data)
    for cuts in itertools.combinations(range(len(data)), min(2, len(data))):
        ends = LineEnds()
        pieces = [data[begin:end] for begin, end in itertools.pairwise([0, *cuts, len(data)])]
        assert translated == b"".join(ends.translate(piece) for piece in pieces)


def test_a_long_row_of_carriage_returns_takes_time_by_its_length():
    data = b"x" + b"\r" * 1_000_000 + b"\n"

    assert data == LineEnds().translate(data)
