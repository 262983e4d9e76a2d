"""Whether a user's function can be called as its transformation will call it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

from anabranch.api.functions import FlatMapFunction, Function

# What is given a collector or returns an iterable; a generator is as good.
_MAY_YIELD = frozenset({"flat_map", "process", "process1", "process2", "fetch", "partition"})


def why_not_callable(function: Any, interface: type[Function]) -> str:
    """Returns what is wrong with the parameters of a function, or "" if nothing is or nobody can tell.

    Args:
        function: A callable, an instance or a subclass of `interface`.
        interface: What the transformation takes; the parameters of its method are what a plain callable is given.
    """
    methods = sorted(interface.__abstractmethods__)
    if inspect.isclass(function) and issubclass(function, Function):
        problem = _mismatch(function, [])
        return f"it is made without arguments ({problem}); pass an instance instead of the class" if problem else ""
    if isinstance(function, Function):
        return next(filter(None, (_method_mismatch(function, interface, method) for method in methods)), "")
    if len(methods) > 1:
        return f"it has to be an object of class {interface.__name__}, with {' and '.join(methods)}"
    if inspect.isclass(function):
        return ""  # a type such as `str`, or one whose instances are called
    parameters = _parameters(interface, methods[0])
    accepted = [parameters[:1], parameters] if interface is FlatMapFunction else [parameters]
    problems = [_mismatch(function, each) for each in accepted]
    calls = " or ".join(f"({', '.join(each)})" for each in accepted)
    return f"it is called with {calls}: {problems[-1]}" if all(problems) else ""


def is_opened(function: Any) -> bool:
    """Returns whether a callable object has an `open` that takes a context, as one of an interface has."""
    opens = getattr(type(function), "open", None)
    return inspect.isfunction(opens) and not inspect.isroutine(function) and not _mismatch(opens, ["self", "ctx"])


def why_never_run(function: Any, interface: type[Function]) -> str:
    """Returns what is wrong with a function that is async, or yields where nobody takes that; "" if nothing is.

    The body of such a function would not run when it is called.

    Args:
        function: A callable, an instance or a subclass of `interface`.
        interface: What the transformation takes.
    """
    if isinstance(function, Function) or (inspect.isclass(function) and issubclass(function, Function)):
        names = [name for name in dir(interface) if not name.startswith("_")]
        methods = {name: getattr(function, name, None) for name in names}
    else:
        called = function if inspect.isroutine(function) or isinstance(function, partial) else _call_of(function)
        methods = {min(interface.__abstractmethods__): called}
    is_plain = len(methods) == 1
    for name, method in methods.items():
        what = "it" if is_plain else f"its {name}"
        if inspect.iscoroutinefunction(method) or inspect.isasyncgenfunction(method):
            return f"{what} is async, and would never be awaited"
        if inspect.isgeneratorfunction(method) and name not in _MAY_YIELD:
            return f"{what} is a generator function (it yields), whose body would never run; return the result instead"
    return ""


def _call_of(function: Any) -> Any:
    return getattr(function if inspect.isclass(function) else type(function), "__call__", None)  # noqa: B004 - to look at


def _method_mismatch(function: Function, interface: type[Function], method: str) -> str:
    parameters = _parameters(interface, method)
    problem = _mismatch(getattr(function, method), parameters)
    return f"its {method} is called with ({', '.join(parameters)}): {problem}" if problem else ""


def _parameters(interface: type[Function], method: str) -> list[str]:
    return list(inspect.signature(getattr(interface, method)).parameters)[1:]


def _mismatch(function: Callable[..., Any], arguments: list[str]) -> str:
    try:
        # Not what a decorator claims by `__wrapped__`: what is called is the wrapper.
        signature = inspect.signature(function, follow_wrapped=False)
    except Exception:  # noqa: BLE001 - a builtin that tells no signature, or an object whose attributes fail
        return ""
    try:
        signature.bind(*arguments)
    except TypeError as error:
        return f"{error}"
    return ""
