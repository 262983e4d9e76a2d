"""From what the user passes to a transformation to a function descriptor."""

from __future__ import annotations

import inspect
import sys
from typing import Any

import cloudpickle

from anabranch.api.captures import why_not_serializable
from anabranch.api.functions import Function, TransactionalSinkFunction
from anabranch.api.importable import is_importable
from anabranch.api.signatures import why_never_run, why_not_callable
from anabranch.errors import JobGraphError
from anabranch.pickling import dumps
from anabranch.text import message_of, sendable, shown
from anabranch.v1.graph_pb2 import FunctionDescriptor, PythonObject


def python_function(function: Any, interface: type[Function], verb: str) -> FunctionDescriptor:
    """Serializes a function in the user's own line.

    Args:
        function: A callable, an instance or a subclass of `interface`.
        interface: What the transformation takes.
        verb: Name of the transformation, for messages.

    Raises:
        JobGraphError: It is none of these, it takes other arguments than the transformation gives, or it captures
            something that cannot be serialized.
    """
    _check_kind(function, interface, verb)
    _pickle_by_value_where_workers_cannot_import(function)
    try:
        pickled = dumps(function)
    except Exception as error:
        reason = why_not_serializable(function) or message_of(error)
        raise JobGraphError(
            f"{verb}({display_name(function)}) cannot be serialized for the workers: {reason}"
        ) from error
    return FunctionDescriptor(display_name=display_name(function), python_object=PythonObject(pickled=pickled))


def saves_state(function: Any) -> bool:
    """Returns whether a function saves something at a checkpoint, as far as its class tells."""
    kind = function if inspect.isclass(function) else type(function)
    return issubclass(kind, Function) and (
        kind.save_checkpoint is not Function.save_checkpoint or issubclass(kind, TransactionalSinkFunction)
    )


def display_name(function: Any) -> str:
    """Returns what messages call a function."""
    if isinstance(function, Function):
        return type(function).__qualname__
    if inspect.isfunction(function) and "<lambda>" in function.__qualname__:
        code = function.__code__
        return sendable(f"<lambda> at {code.co_filename}:{code.co_firstlineno}")
    name = _attribute(function, "__qualname__")
    return sendable(name) if isinstance(name, str) and name else shown(function)


def _attribute(value: Any, name: str) -> Any:
    """Returns an attribute of what may be anything; None if it cannot be had."""
    try:
        return getattr(value, name, None)
    except Exception:  # noqa: BLE001 - it is the user's
        return None


def _check_kind(function: Any, interface: type[Function], verb: str) -> None:
    if isinstance(function, str):
        raise JobGraphError(
            f"{verb}({shown(function)}): this is a Python stream and takes a Python function; "
            "call as_java_stream() first to use a Java class"
        )
    kind = function if inspect.isclass(function) else type(function)
    takes = interface.__name__ if len(interface.__abstractmethods__) > 1 else f"{interface.__name__} or a callable"
    if issubclass(kind, Function):
        if not issubclass(kind, interface):
            raise JobGraphError(f"{verb}() takes a {takes}, not a {kind.__name__}")
        if inspect.isclass(function) and inspect.isabstract(function):
            missing = ", ".join(sorted(getattr(function, "__abstractmethods__", ())))
            raise JobGraphError(f"{verb}({function.__name__}): the class lacks {missing}")
    elif not callable(function):
        hint = "; from_collection() takes the values of an iterable" if verb == "source" else ""
        raise JobGraphError(f"{verb}() takes a {takes}, not a {type(function).__name__}{hint}")
    problem = why_not_callable(function, interface) or why_never_run(function, interface)
    if problem:
        raise JobGraphError(f"{verb}({display_name(function)}) does not fit: {problem}")


def _pickle_by_value_where_workers_cannot_import(function: Any) -> None:
    """Has a module that workers cannot import travel with the function, not by its name."""
    name = _attribute(function, "__module__")
    name = name if isinstance(name, str) else type(function).__module__
    module = sys.modules.get(name)
    if module is not None and name != "__main__" and not is_importable(name):
        cloudpickle.register_pickle_by_value(module)
