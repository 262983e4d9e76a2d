"""Lets `pickle` find the classes and functions of the main script in a worker, whose own main script is another."""

from __future__ import annotations

import sys
from multiprocessing.reduction import ForkingPickler
from pickle import Pickler
from types import FunctionType, ModuleType
from typing import Any

import cloudpickle

from anabranch.pickling import LruCache, dumps, of_script


class _Script(ModuleType):
    """Stands for the main script. It has nothing but what functions have brought along."""

    def __getattr__(self, name: str) -> Any:
        try:
            return of_script[name]
        except KeyError:
            raise AttributeError(f"nothing that has come to this worker is called {name} in the script") from None


def install() -> None:
    """Puts it in the place of this process's own main module, and has it go along to what `multiprocessing` starts."""
    if not isinstance(sys.modules["__main__"], _Script):
        sys.modules["__main__"] = _Script("__main__")
        ForkingPickler.reducer_override = _by_value  # type: ignore[method-assign]


def _by_value(_pickler: Pickler, value: object) -> Any:
    """Reduces what a process that was not forked cannot find: it has run neither the script nor this."""
    is_of_script = isinstance(value, (type, FunctionType, LruCache)) and value.__module__ == "__main__"
    return (_take, (dumps(value),)) if is_of_script else NotImplemented


def _take(data: bytes) -> Any:
    install()
    return cloudpickle.loads(data)
