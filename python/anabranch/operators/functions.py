"""From a function descriptor to something that can be called with records."""

from __future__ import annotations

import importlib
import inspect
import pickle
from collections.abc import Callable
from typing import Any

from anabranch.api.functions import (
    AggregateFunction,
    CoProcessFunction,
    FilterFunction,
    FlatMapFunction,
    Function,
    IdempotentSinkFunction,
    JoinFunction,
    KeyFunction,
    MapFunction,
    PartitionFunction,
    ProcessFunction,
    ReduceFunction,
    SinkFunction,
    SourceFunction,
    TransactionalSinkFunction,
)
from anabranch.api.runtime_context import RuntimeContext
from anabranch.api.signatures import is_opened, why_never_run
from anabranch.errors import JobGraphError
from anabranch.records import decode_value
from anabranch.v1.graph_pb2 import FunctionDescriptor

# The method that works on records, by the base class that declares it.
_METHODS: dict[type[Function], str] = {
    MapFunction: "map",
    FlatMapFunction: "flat_map",
    FilterFunction: "filter",
    KeyFunction: "key_by",
    ReduceFunction: "reduce",
    SinkFunction: "sink",
    SourceFunction: "fetch",
    PartitionFunction: "partition",
    ProcessFunction: "process",
    JoinFunction: "join",
    IdempotentSinkFunction: "sink",
}
# Functions with several methods: only an object of the class will do.
_SEVERAL_METHODS = (AggregateFunction, CoProcessFunction)


class UserFunction:
    """A user's function, function object or class, made ready to be called.

    Attributes:
        call: Takes what the function of this kind takes; for a kind with several methods, returns the function object.
    """

    def __init__(self, descriptor: FunctionDescriptor, interface: type[Function]) -> None:
        """Loads the function.

        Raises:
            JobGraphError: There is no such function, or it does not fit the interface.
        """
        self.name = descriptor.display_name
        loaded = _load(descriptor)
        if inspect.isclass(loaded) and _makes_functions(loaded):
            loaded = loaded()
        self.call: Callable[..., Any]
        self._lifecycle: Function | None = None
        if interface is SinkFunction and isinstance(loaded, IdempotentSinkFunction):
            interface = IdempotentSinkFunction
        self.idempotent = interface is IdempotentSinkFunction  # a sink that is told the identity of each record
        problem = why_never_run(loaded, interface)
        if problem:
            raise JobGraphError(f"{self.name} cannot be a {interface.__name__}: {problem}")
        if isinstance(loaded, interface):
            self.call = (lambda: loaded) if interface in _SEVERAL_METHODS else getattr(loaded, _METHODS[interface])
            self._lifecycle = loaded
        elif interface not in _SEVERAL_METHODS and callable(loaded) and not isinstance(loaded, Function):
            self.call = loaded
            self._lifecycle = _Opened(loaded) if is_opened(loaded) else None
        else:
            raise JobGraphError(f"{self.name}: expected a {interface.__name__}, got {type(loaded).__name__}")

    @property
    def transactional(self) -> TransactionalSinkFunction[Any] | None:
        """The function object, if it is a sink that works in transactions."""
        return self._lifecycle if isinstance(self._lifecycle, TransactionalSinkFunction) else None

    @property
    def takes_collector(self) -> bool:
        """True if a flat_map function wants (value, collector)."""
        if isinstance(self._lifecycle, FlatMapFunction):
            return True
        try:
            parameters = inspect.signature(self.call).parameters.values()
        except Exception:  # noqa: BLE001 - a builtin that tells no signature, or an object whose attributes fail
            return False
        required = [
            p for p in parameters if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
        ]
        return len(required) == 2  # noqa: PLR2004 - value and collector

    def init_source(self, parallelism: int, index: int) -> None:
        """Tells a source which part of the input is its own."""
        if isinstance(self._lifecycle, SourceFunction):
            self._lifecycle.init(parallelism, index)

    def open(self, context: RuntimeContext) -> None:
        """Calls the function's `open`, if it has one."""
        if self._lifecycle is not None:
            self._lifecycle.open(context)

    def save(self) -> list[Any]:
        """Returns what the function's `save_checkpoint` returns, in a list; an empty one if that is None."""
        saved = None if self._lifecycle is None else self._lifecycle.save_checkpoint()
        return [] if saved is None else [saved]

    def load(self, saved: list[Any]) -> None:
        """Calls the function's `load_checkpoint`, if something was saved."""
        if saved and self._lifecycle is not None:
            self._lifecycle.load_checkpoint(saved[0])

    def close(self) -> None:
        """Calls the function's `close`, if it has one."""
        if self._lifecycle is not None:
            self._lifecycle.close()


class _Opened(Function):
    """The life of a callable object that is of no interface, but has the methods that all of them have."""

    def __init__(self, called: Any) -> None:
        self._called = called

    def open(self, ctx: RuntimeContext) -> None:
        self._called.open(ctx)

    def save_checkpoint(self) -> Any:
        return self._called.save_checkpoint() if hasattr(self._called, "save_checkpoint") else None

    def load_checkpoint(self, saved: Any) -> None:
        self._called.load_checkpoint(saved)

    def close(self) -> None:
        if hasattr(self._called, "close"):
            self._called.close()


def _makes_functions(cls: type) -> bool:
    """Returns whether the instances of a class are functions; `str` and `int` are functions themselves."""
    return issubclass(cls, Function) or any("__call__" in vars(base) for base in cls.__mro__)


def _load(descriptor: FunctionDescriptor) -> Any:
    kind = descriptor.WhichOneof("body")
    if kind == "python_object":
        return pickle.loads(descriptor.python_object.pickled)
    if kind != "python_reference":
        raise JobGraphError(f"{descriptor.display_name} is not a Python function but a {kind}")
    reference = descriptor.python_reference
    try:
        loaded: Any = importlib.import_module(reference.module)
        for part in reference.name.split("."):
            loaded = getattr(loaded, part)
    except (ImportError, AttributeError) as error:
        raise JobGraphError(f"Python function {reference.module}.{reference.name} cannot be loaded: {error}") from error
    if reference.arguments:
        return loaded(*decode_value(reference.arguments))
    return loaded
