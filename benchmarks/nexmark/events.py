"""The events and what makes them; `com.acme.nexmark.Generator` makes the same in Java."""

from __future__ import annotations

from typing import NamedTuple

from benchmarks.common.digest import mix

_GROUP = 50  # events: a person, three auctions, 46 bids
_AUCTIONS = 3
_EVENTS_PER_MS = 10
_HOT = 100  # one id in a hundred is hot
_ACTIVE_PERSONS = 1000
_OPEN_AUCTIONS = 100
_OPEN_MS = 334
_FIRST_CATEGORY = 10
_CATEGORIES = 5
_FIRST_NAMES = ("Peter", "Paul", "Luke", "John", "Saul", "Vicky", "Kate", "Julie", "Sarah", "Deiter", "Walter")
_LAST_NAMES = ("Shultz", "Abrams", "Spencer", "White", "Bartels", "Walton", "Smith", "Jones", "Noris")
_CITIES = (
    "Phoenix",
    "Los Angeles",
    "San Francisco",
    "Boise",
    "Portland",
    "Bend",
    "Redmond",
    "Seattle",
    "Kent",
    "Cheyenne",
)
_STATES = ("AZ", "CA", "ID", "OR", "WA", "WY")


class Person(NamedTuple):
    """Somebody who has registered."""

    id: int
    name: str
    city: str
    state: str
    time: int


class Auction(NamedTuple):
    """Something that is for sale until it expires."""

    id: int
    seller: int
    category: int
    initial_bid: int
    time: int
    expires: int


class Bid(NamedTuple):
    """An offer."""

    auction: int
    bidder: int
    price: int
    time: int


Event = Person | Auction | Bid


def event(number: int) -> Event:
    """Returns an event; its number decides all of it."""
    group, offset = divmod(number, _GROUP)
    if offset > _AUCTIONS:
        return _bid(number, group)
    return _auction(number, group, offset - 1) if offset else _person(number, group)


def _person(number: int, group: int) -> Person:
    h = mix(number)
    name = f"{_FIRST_NAMES[(h & 0xFF) % len(_FIRST_NAMES)]} {_LAST_NAMES[(h >> 8 & 0xFF) % len(_LAST_NAMES)]}"
    city = _CITIES[(h >> 16 & 0xFF) % len(_CITIES)]
    return Person(group, name, city, _STATES[(h >> 24 & 0xFF) % len(_STATES)], number // _EVENTS_PER_MS)


def _auction(number: int, group: int, index: int) -> Auction:
    h = mix(number)
    # Three of four are of a hot seller.
    seller = group // _HOT * _HOT if h & 3 else _recent(h >> 2 & 0xFFFF, group, _ACTIVE_PERSONS)
    time = number // _EVENTS_PER_MS
    expires = time + 1 + (h >> 26 & 0xFFFF) % _OPEN_MS
    category = _FIRST_CATEGORY + (h >> 18 & 0xFF) % _CATEGORIES
    return Auction(group * _AUCTIONS + index, seller, category, _price(h >> 42), time, expires)


def _bid(number: int, group: int) -> Bid:
    h = mix(number)
    newest = group * _AUCTIONS + _AUCTIONS - 1
    # Every other one is for a hot auction, three of four are of a hot bidder.
    auction = newest // _HOT * _HOT if h & 1 else _recent(h >> 3 & 0xFFFF, newest, _OPEN_AUCTIONS)
    bidder = group // _HOT * _HOT if h & 6 else _recent(h >> 19 & 0xFFFF, group, _ACTIVE_PERSONS)
    return Bid(auction, bidder, _price(h >> 35), number // _EVENTS_PER_MS)


def _recent(bits: int, newest: int, n: int) -> int:
    """Returns one of the last n ids."""
    return newest - bits % (min(newest, n - 1) + 1)


def _price(bits: int) -> int:
    """Returns cents, of each magnitude about as many: 100 to a hundred million."""
    exponent = (bits & 0xFF) % 20
    return 100 * ((1 << exponent) + (bits >> 8 & (1 << exponent) - 1))
