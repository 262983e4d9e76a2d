"""The results of the queries by plain loops over all events, without what the jobs are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from benchmarks.common.digest import check_all
from benchmarks.nexmark.events import Auction, Bid, Event, Person, event

CATEGORY = 10


def q0(events: Iterable[Event]) -> Iterable[Event]:
    return events


def q1(events: Iterable[Event]) -> Iterator[tuple[int, int, int, int]]:
    return ((e.auction, e.bidder, e.price * 908 // 1000, e.time) for e in events if isinstance(e, Bid))


def q2(events: Iterable[Event]) -> Iterator[tuple[int, int]]:
    return ((e.auction, e.price) for e in events if isinstance(e, Bid) and e.auction % 123 == 0)


def q3(events: Iterable[Event]) -> Iterator[tuple[str, str, str, int]]:
    all_events = list(events)
    persons = {e.id: e for e in all_events if isinstance(e, Person) and e.state in {"OR", "ID", "CA"}}
    for auction in all_events:
        if isinstance(auction, Auction) and auction.category == CATEGORY and auction.seller in persons:
            person = persons[auction.seller]
            yield person.name, person.city, person.state, auction.id


def q4(events: Iterable[Event]) -> Iterator[tuple[int, int]]:
    all_events = list(events)
    auctions = {e.id: e for e in all_events if isinstance(e, Auction)}
    highest: dict[int, int] = {}
    for bid in all_events:
        if isinstance(bid, Bid) and bid.auction in auctions:
            auction = auctions[bid.auction]
            if auction.time <= bid.time <= auction.expires:
                highest[auction.id] = max(bid.price, highest.get(auction.id, 0))
    by_category: dict[int, list[int]] = {}
    for number, price in highest.items():
        by_category.setdefault(auctions[number].category, []).append(price)
    return ((category, sum(prices) // len(prices)) for category, prices in by_category.items())


def q8(events: Iterable[Event]) -> Iterator[tuple[int, str, int]]:
    all_events = list(events)
    selling = {(e.seller, e.time // 10_000) for e in all_events if isinstance(e, Auction)}
    for person in all_events:
        if isinstance(person, Person) and (person.id, person.time // 10_000) in selling:
            yield person.id, person.name, person.time // 10_000


QUERIES: dict[str, Callable[[Iterable[Event]], Iterable[Any]]] = {
    "q0": q0,
    "q1": q1,
    "q2": q2,
    "q3": q3,
    "q4": q4,
    "q8": q8,
}


def expected(query: str, n: int) -> str:
    """Returns the check of a right run over n events."""
    return check_all(QUERIES[query](map(event, range(n))))
