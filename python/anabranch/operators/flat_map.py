"""flat_map: any number of records out for each record in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from anabranch.operators.collecting import CollectingOperator, EmittingCollector
from anabranch.operators.operator import EMIT_SIZE, Results
from anabranch.operators.returned import refusal
from anabranch.operators.user_operator import UserOperator
from anabranch.records.batch import Batch, BatchBuilder
from anabranch.records.ownership import OWNERSHIP, flattener, take_values

_WANTED = "it has to return an iterable, an empty one for no records"


class FlatMapOperator(UserOperator[Callable[[Any], "Iterable[Any]"]]):
    """Emits every element of `function(record)`. A lazy result is taken piece by piece."""

    def process(self, batch: Batch) -> Results:  # noqa: D102
        values = batch.values
        function, flatten = self.function, flattener()
        timestamps, builder = batch.timestamps, BatchBuilder()
        results = builder.values
        for position, value in enumerate(values):
            lazy = None
            if timestamps is not None:
                builder.at(timestamps[position])
            try:
                rest = flatten(function, value, results, OWNERSHIP)
                if rest is not None:
                    lazy = _iterator_of(*rest)
                    take_values(lazy, EMIT_SIZE, results)
            except BaseException as error:
                raise self.failure(values, position) from error
            while len(results) >= EMIT_SIZE:
                self.emit(builder.build())
                results = builder.values
                if lazy is not None:
                    try:
                        take_values(lazy, EMIT_SIZE, results)
                    except BaseException as error:
                        raise self.failure(values, position) from error
        self.records_in += len(values)
        return self.results(builder.build())


def _iterator_of(elements: Any) -> Iterator[Any]:
    if not isinstance(elements, Iterable) and not hasattr(elements, "__getitem__"):
        raise refusal("flat_map", elements, _WANTED)
    return iter(elements)


class CollectorFlatMapOperator(CollectingOperator[Callable[[Any, EmittingCollector], object]]):
    """Emits everything that `function(record, collector)` collects."""

    verb = "flat_map"

    def process(self, batch: Batch) -> Results:  # noqa: D102
        values = batch.values
        function = self.function
        return self.collect_all(batch, lambda position, collector: function(values[position], collector))
