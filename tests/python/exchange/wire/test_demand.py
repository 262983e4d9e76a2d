"""How much of its input a task wants at a time."""

import pytest

from anabranch.errors import ExchangeError
from anabranch.exchange.wire.demand import FIRST_WINDOW, ConsumerDemand, Rate, encode_demand
from anabranch.v1.record_pb2 import ConnectRequest, Demand


def test_a_window_is_half_a_second_of_work_over_all_channels_and_a_frame_a_twentieth():
    rate = Rate()
    rate.took(10, 0.1)

    assert 50 == rate.window(1)
    assert 25 == rate.window(2)
    assert 5 == rate.frame_records


def test_a_window_of_one_of_many_channels_holds_a_frame_and_at_least_two_records():
    rate = Rate()
    rate.took(1000, 1.0)
    assert 50 == rate.window(1000)

    rate.took(1, 100.0)
    assert 2 == rate.window(1000)
    assert 1 == rate.frame_records


def test_before_anything_was_measured_little_is_wanted():
    assert FIRST_WINDOW == Rate().window(1)


def test_what_was_measured_last_counts_most():
    rate = Rate()
    rate.took(1_000_000, 1.0)
    for _ in range(30):
        rate.took(1, 0.1)

    assert rate.window(1) <= 5


def begun(until: int) -> ConsumerDemand:
    demand = ConsumerDemand()
    demand.begin(ConnectRequest(demand=Demand(until=until, frame_records=3)), 0)
    return demand


def test_a_channel_is_exhausted_when_it_has_sent_what_is_wanted():
    demand = begun(10)
    assert 3 == demand.frame_records

    demand.sent(9)
    assert not demand.exhausted
    demand.sent(12)
    assert demand.exhausted
    demand.feed(encode_demand(13, 100))
    assert not demand.exhausted
    assert 100 == demand.frame_records


def test_demands_come_in_any_pieces_and_the_last_one_counts():
    changes = []
    demand = begun(10)
    demand.on_change = lambda: changes.append(demand.frame_records)
    for byte in encode_demand(200, 1) + encode_demand(300, 2):
        demand.feed(bytes([byte]))

    assert [1, 2] == changes
    demand.sent(299)
    assert not demand.exhausted


def test_a_consumer_that_says_nothing_of_it_has_no_limit():
    demand = ConsumerDemand()
    demand.begin(ConnectRequest(), 0)
    demand.sent(2**40)

    assert not demand.exhausted


def test_bytes_that_are_no_demand_are_refused():
    with pytest.raises(ExchangeError, match="a message of 1195725856 bytes, at most 64"):
        begun(10).feed(b"GET / HTTP/1.1")
    with pytest.raises(ExchangeError, match="cannot be parsed"):
        begun(10).feed(b"\0\0\0\x02\xff\xff")
