"""Lets `pickle` find the classes and functions of the main script in a worker, whose own main script is another."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from anabranch.pickling import of_script


class _Script(ModuleType):
    """Stands for the main script. It has nothing but what functions have brought along."""

    def __getattr__(self, name: str) -> Any:
        try:
            return of_script[name]
        except KeyError:
            raise AttributeError(f"nothing that has come to this worker is called {name} in the script") from None


def install() -> None:
    """Puts it in the place of the worker's own main module."""
    sys.modules["__main__"] = _Script("__main__")
