"""What may be set of an operator."""

from __future__ import annotations

import numbers
import operator
from typing import Any

from anabranch.config import PREFIX
from anabranch.errors import JobGraphError
from anabranch.text import shown

ON_ERROR = "anabranch.on-error"
ACTIONS = ("fail", "skip")

_LARGEST_PARALLELISM = (1 << 31) - 1

# What others call the resources that every node has. `CPU` and `GPU` are Ray's own names, and mean what they say.
_ALMOST = {
    "num_cpus": ("cpu", "cpus", "num_cpu", "ncpus", "n_cpus", "cores", "num_cores"),
    "num_gpus": ("gpu", "gpus", "num_gpu", "ngpus", "n_gpus"),
    "memory": ("mem", "memory_bytes", "memory_mb", "memory_gb", "ram"),
}


def checked_name(name: Any, what: str) -> str:
    """Returns it.

    Raises:
        JobGraphError: It is not text.
    """
    if not isinstance(name, str):
        raise JobGraphError(f"{what} must be text, got {shown(name)}")
    return name


def checked_uid(uid: Any, what: str) -> str:
    """Returns it.

    Raises:
        JobGraphError: It is not text, or empty.
    """
    text = checked_name(uid, what)
    if not text:
        raise JobGraphError(f"{what} must not be empty")
    return text


def checked_parallelism(parallelism: Any, whose: str = "") -> int:
    """Returns it, as an int.

    Raises:
        JobGraphError: It is not a whole number, or less than 1.
    """
    try:
        number = operator.index(parallelism)
    except TypeError:
        raise JobGraphError(f"{whose}parallelism must be a whole number, got {shown(parallelism)}") from None
    if not 1 <= number <= _LARGEST_PARALLELISM:
        raise JobGraphError(f"{whose}parallelism must be at least 1 and fit in 32 bits, got {number}")
    return number


def why_not_of_an_operator(name: str) -> str:
    """Returns what is wrong with a name of an operator's configuration, or "" if nothing is."""
    if name.startswith(PREFIX) and name != ON_ERROR:
        return f"{name} cannot be set for one operator; options of the engine are those of a job, set on its context"
    return ""


def why_not_a_resource(name: str, amount: Any) -> str:
    """Returns what is wrong with an amount of a resource, or "" if nothing is."""
    for right, others in _ALMOST.items():
        if name.lower() in others and name not in ("CPU", "GPU"):
            return f"there is no resource {name}; did you mean {right}?"
    if isinstance(amount, bool) or not isinstance(amount, numbers.Real):
        return (
            f"the amount of resource {name} must be a number, got {shown(amount)}; "
            "resources are given by name, as in with_resource(num_cpus=2)"
        )
    return "" if float(amount) >= 0 else f"resource {name} must not be negative, got {amount}"
