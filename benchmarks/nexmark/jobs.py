"""The jobs: source, query and sink in Python or Java each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from anabranch import JavaFunction, StreamingContext
from benchmarks.common.marks import Marks, marks
from benchmarks.common.runs import check_of, context, report
from benchmarks.common.streams import LastSink, NumberedSource, SumSink
from benchmarks.java_classes import compile_java
from benchmarks.nexmark import queries as q
from benchmarks.nexmark.events import Auction, Bid, Event, Person, event

RETENTION = timedelta(hours=1)
_JAVA = "com.acme.nexmark."
# Languages of the source and of the sink, and of the query between them.
VERSIONS = {
    "python": ("python", "python"),
    "java": ("java", "java"),
    "python-java-python": ("python", "java"),
    "java-python-java": ("java", "python"),
}


class EventSource(NumberedSource):
    """Emits the events below a number."""

    def records(self, numbers: range) -> list[Event]:
        return [event(number) for number in numbers]


class PythonFunctions:
    """The functions of the queries by their names."""

    def __getattr__(self, name: str) -> Any:
        found = getattr(q, name)
        return found() if isinstance(found, type) else found


class JavaFunctions:
    """The names of the same functions in Java: `to_euros` is `Queries::toEuros`, `WinningBid` is a class."""

    def __getattr__(self, name: str) -> str:
        if name[0].isupper():
            return _JAVA + name
        first, *rest = name.split("_")
        return f"{_JAVA}Queries::{first}{''.join(word.capitalize() for word in rest)}"


def q0(events: Any, f: Any) -> Any:
    return events.map(f.same)


def q1(events: Any, f: Any) -> Any:
    return events.filter(f.is_bid).map(f.to_euros)


def q2(events: Any, f: Any) -> Any:
    return events.filter(f.is_chosen).map(f.to_offer)


def q3(events: Any, f: Any) -> Any:
    auctions, persons = events.filter(f.is_of_category_10), events.filter(f.is_local_person)
    joined = auctions.join(persons, retention=RETENTION).where(f.seller).equal_to(f.person_id)
    return joined.with_function(f.to_local_item)


def q4(events: Any, f: Any) -> Any:
    rises = events.filter(f.is_no_person).key_by(f.auction_id).process(f.WinningBid)
    return rises.key_by(f.category).aggregate(f.AveragePrice)


def q8(events: Any, f: Any) -> Any:
    persons = events.filter(f.is_person)
    auctions = events.filter(f.is_auction).key_by(f.seller_in_window).process(f.FirstOfKey)
    joined = persons.join(auctions, retention=RETENTION).where(f.person_in_window).equal_to(f.seller_in_window)
    return joined.with_function(f.to_newcomer)


@dataclass(frozen=True)
class Query:
    """A query: what it is called, and what it adds to the stream of events."""

    title: str
    build: Callable[[Any, Any], Any]
    last_counts: bool = False  # the result is the last one of each key


QUERIES = {
    "q0": Query("pass through", q0),
    "q1": Query("currency conversion", q1),
    "q2": Query("bids of some auctions", q2),
    "q3": Query("who sells in some states: join of persons and auctions", q3),
    "q4": Query("average winning bid of each category", q4, last_counts=True),
    "q8": Query("who sells soon after registering: join in windows", q8),
}


def build(ctx: StreamingContext, query: str, version: str, n: int, found: Marks) -> None:
    """Describes the job of a query over n events."""
    outside, inside = VERSIONS[version]
    sink = "LastSink" if QUERIES[query].last_counts else "SumSink"
    if version != "python":
        ctx.add_jar(compile_java())
    for cls in (Person, Auction, Bid):
        ctx.register_type(cls, _JAVA + cls.__name__)
    events: Any
    if outside == "java":
        events = ctx.java_source(JavaFunction(f"{_JAVA}EventSource", n, str(found.directory)))
    else:
        events = ctx.source(EventSource(n, found))
    results = QUERIES[query].build(*_inside(events, outside, inside))
    if outside == "java":
        results = results if inside == "java" else results.as_java_stream()
        results.sink(JavaFunction(f"com.acme.bench.{sink}", str(found.directory)))
    else:
        results = results if inside == "python" else results.as_python_stream()
        results.sink({"LastSink": LastSink, "SumSink": SumSink}[sink](found))


def _inside(events: Any, outside: str, inside: str) -> tuple[Any, Any]:
    """Returns the events for operators of the query's language, and their functions."""
    if inside == "python":
        return events if outside == "python" else events.as_python_stream(), PythonFunctions()
    return events if outside == "java" else events.as_java_stream(), JavaFunctions()


def run(query: str, version: str, n: int, parallelism: int, options: list[str]) -> None:
    """Runs a query and prints the figures."""
    with marks() as found:
        ctx = context(options).set_parallelism(parallelism)
        build(ctx, query, version, n, found)
        ctx.execute(f"nexmark-{query}")
        report(found, n, check_of(found))
