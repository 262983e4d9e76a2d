"""The functions of the queries, in Python; `com.acme.nexmark.Queries` has them in Java. The jobs are in `jobs`."""

from __future__ import annotations

from typing import Any

from anabranch import AggregateFunction, Collector, ProcessContext, ProcessFunction
from benchmarks.nexmark.events import Auction, Bid, Event, Person

WINDOW_MS = 10_000


# --- q0, all events as they are


def same(event: Event) -> Event:
    return event


def is_bid(event: Event) -> bool:
    return type(event) is Bid


def is_person(event: Event) -> bool:
    return type(event) is Person


def is_auction(event: Event) -> bool:
    return type(event) is Auction


# --- q1, prices in euros


def to_euros(bid: Bid) -> Bid:
    return bid._replace(price=bid.price * 908 // 1000)


# --- q2, the bids of some auctions


def is_chosen(event: Event) -> bool:
    return type(event) is Bid and event.auction % 123 == 0


def to_offer(bid: Bid) -> tuple[int, int]:
    return (bid.auction, bid.price)


# --- q3, who sells in category 10 in some states


def is_local_person(event: Event) -> bool:
    return type(event) is Person and event.state in ("OR", "ID", "CA")


def is_of_category_10(event: Event) -> bool:
    return type(event) is Auction and event.category == 10  # noqa: PLR2004 - the query says so


def person_id(person: Person) -> int:
    return person.id


def seller(auction: Auction) -> int:
    return auction.seller


def to_local_item(auction: Auction, person: Person) -> tuple[str, str, str, int]:
    return (person.name, person.city, person.state, auction.id)


# --- q4, average closing price of each category


def is_no_person(event: Event) -> bool:
    return type(event) is not Person


def auction_id(event: Auction | Bid) -> int:
    return event.auction if type(event) is Bid else event.id  # type: ignore[union-attr]


class WinningBid(ProcessFunction[Any, tuple[int, int, int]]):
    """Emits (category, by how much the winning bid of an auction has risen, 1 if it is its first bid).

    The state of an auction: (category, time, expires, winning price); before it is known: its bids so far.
    """

    def process(self, value: Auction | Bid, ctx: ProcessContext, collector: Collector[tuple[int, int, int]]) -> None:
        state = ctx.get_state()
        if type(value) is Auction:
            bids = state or []
            state = (value.category, value.time, value.expires, 0)
        elif type(state) is tuple:
            bids = [value]
        else:
            ctx.set_state([*(state or ()), value])
            return
        for bid in bids:
            category, time, expires, price = state
            if time <= bid.time <= expires and bid.price > price:
                state = (category, time, expires, bid.price)
                collector.collect((category, bid.price - price, 0 if price else 1))
        ctx.set_state(state)


def category(rise: tuple[int, int, int]) -> int:
    return rise[0]


class AveragePrice(AggregateFunction[tuple[int, int, int], tuple[int, int, int], tuple[int, int]]):
    """Emits (category, average of its auctions' winning bids)."""

    def create_accumulator(self) -> tuple[int, int, int]:
        return (0, 0, 0)

    def add(self, value: tuple[int, int, int], accumulator: tuple[int, int, int]) -> tuple[int, int, int]:
        return (value[0], accumulator[1] + value[1], accumulator[2] + value[2])

    def get_result(self, accumulator: tuple[int, int, int]) -> tuple[int, int]:
        return (accumulator[0], accumulator[1] // accumulator[2])

    def merge(self, a: tuple[int, int, int], b: tuple[int, int, int]) -> tuple[int, int, int]:
        return (a[0] or b[0], a[1] + b[1], a[2] + b[2])


# --- q8, who has registered and opened an auction within one window


def person_in_window(person: Person) -> tuple[int, int]:
    return (person.id, person.time // WINDOW_MS)


def seller_in_window(auction: Auction) -> tuple[int, int]:
    return (auction.seller, auction.time // WINDOW_MS)


class FirstOfKey(ProcessFunction[Any, Any]):
    """Emits the first record of each key."""

    def process(self, value: Any, ctx: ProcessContext, collector: Collector[Any]) -> None:
        if ctx.get_state() is None:
            ctx.set_state(True)
            collector.collect(value)


def to_newcomer(person: Person, _auction: Auction) -> tuple[int, str, int]:
    return (person.id, person.name, person.time // WINDOW_MS)
