"""Names that are not options of the engine, and look as if somebody took them for one.

They are not errors: a name without the prefix `anabranch.` is the user's own, and a variable beginning with
`ANABRANCH_` may be anybody's, so that only those are named that resemble one of the engine. But that an option does
nothing is found late: when a job was lost for want of checkpoints, for one.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator

from anabranch.config import OPTIONS, PREFIX

_VARIABLES = "ANABRANCH_"
# Read by other parts of the engine than `Options`.
_OTHER_VARIABLES = {
    "ANABRANCH_GATEWAY": "the address of a gateway",
    "ANABRANCH_GATEWAY_TOKEN": "its token",
    "ANABRANCH_PYTHON": "the Python that a Java program starts a gateway with",
    "ANABRANCH_PURE_PYTHON": "keeps the record codec from being the one in C",
    "ANABRANCH_FAULT": "makes the engine fail, for its tests",
    "ANABRANCH_FAULT_FILE": "the same",
}
# Set by the launchers for the processes that they start, which may run drivers.
_INTERNAL_VARIABLES = re.compile(r"ANABRANCH_(WORKER_ID|MASTER|TOKEN|PARENT|LIFELINE|BRIDGE_PORT|(TEST|FUZZ)_.*)")
# What Kubernetes sets in every pod for a service whose name begins with `anabranch`.
_SERVICE_VARIABLES = re.compile(r"ANABRANCH_(.*_)?(SERVICE_(HOST|PORT)(_.*)?|PORT(_\d+_(TCP|UDP|SCTP)(_.*)?)?)")

_PREDECESSOR = "streaming."
# Names of Ray Streaming and Mobius, most of them beginnings of several.
_COUNTERPARTS = {
    "streaming.checkpoint.interval": "anabranch.checkpoint.interval-ms, in milliseconds",
    "streaming.checkpoint.timeout": "anabranch.checkpoint.timeout-ms, in milliseconds",
    "streaming.checkpoint.mode": "anabranch.mode",
    "streaming.context-backend": "anabranch.checkpoint.dir, which turns checkpoints on",
    "streaming.state-backend": "anabranch.checkpoint.dir, which turns checkpoints on",
    "streaming.reliability.level": "anabranch.mode, with anabranch.checkpoint.dir",
    "streaming.scheduler.strategy": "anabranch.ray.strategy",
    "streaming.job.max.parallelism": "anabranch.max-parallelism",
    "streaming.jvm-opts": "anabranch.java.options and anabranch.java.max-heap",
    "streaming.jvm.opts": "anabranch.java.options and anabranch.java.max-heap",
    "streaming.worker.jvm": "anabranch.java.options and anabranch.java.max-heap",
    "streaming.resource": "with_resource of an operator (withResource in Java)",
    "streaming.worker.resource": "with_resource of an operator (withResource in Java)",
    "streaming.channel": "anabranch.exchange.send-queue-bytes and anabranch.batch.max-bytes",
    "streaming.ring.buffer": "anabranch.exchange.send-queue-bytes and anabranch.batch.max-records",
    "streaming.ring_buffer": "anabranch.exchange.send-queue-bytes and anabranch.batch.max-records",
    "streaming.flow.control": "anabranch.exchange.send-queue-bytes",
    "streaming.flow_control": "anabranch.exchange.send-queue-bytes",
}


def _spelled(name: str) -> str:
    """Returns a name as it would be without its prefix, whatever it is written like: as that of a variable, for one."""
    return re.sub("[-_]", ".", name.lower()).removeprefix(PREFIX)


_SPELLED = {_spelled(name): name for name in OPTIONS}


def notes_on(names: Iterable[str]) -> Iterator[str]:
    """Yields a line for each name of an option of the user's own that looks like one of the engine."""
    for name in names:
        if name.startswith(_PREDECESSOR):
            found = [counterpart for begin, counterpart in _COUNTERPARTS.items() if name.startswith(begin)]
            yield f"option {name} has no effect on the engine; " + (
                f"its counterpart here is {found[-1]}" if found else "it has no counterpart here, see anabranch options"
            )
        elif name not in OPTIONS and _spelled(name) in _SPELLED:
            yield f"option {name} is one of the functions' own; did you mean {_SPELLED[_spelled(name)]}?"


def notes_on_variables(names: Iterable[str]) -> Iterator[str]:
    """Yields a line for each environment variable that resembles one of the engine and is none."""
    known = {option.variable for option in OPTIONS.values()} | _OTHER_VARIABLES.keys()
    for name in names:
        if (
            name.startswith(_VARIABLES)
            and name not in known
            and not _INTERNAL_VARIABLES.fullmatch(name)
            and not _SERVICE_VARIABLES.fullmatch(name)
        ):
            rests = {each.removeprefix(_VARIABLES): each for each in known}
            near = difflib.get_close_matches(name.removeprefix(_VARIABLES), rests, n=1)
            if near:
                yield f"environment variable {name} sets no option; did you mean {rests[near[0]]}?"
