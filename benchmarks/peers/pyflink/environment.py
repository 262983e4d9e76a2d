"""How a PyFlink job is set up: a mini cluster in one JVM, with the settings that make it fast."""

from __future__ import annotations

import os
import sys
import sysconfig
from pathlib import Path

from pyflink.common import Configuration
from pyflink.datastream import StreamExecutionEnvironment

from benchmarks.peers import flink


def show_packages() -> None:
    """Lets the interpreter inside of the JVM find the packages of a virtual environment, of which it knows nothing."""
    known = os.environ.get("PYTHONPATH")
    packages = sysconfig.get_path("purelib")
    os.environ["PYTHONPATH"] = os.pathsep.join([known, packages]) if known else packages


def environment(mode: str, parallelism: int = 1) -> StreamExecutionEnvironment:
    """Returns the environment of a job whose Python functions run in `thread` or `process` mode."""
    show_packages()
    config = Configuration()
    config.set_string("python.execution-mode", mode)
    config.set_string("python.executable", sys.executable)
    config.set_string("python.client.executable", sys.executable)
    config.set_string("pipeline.object-reuse", "true")
    # State goes to the JVM at the end of a bundle: the larger it is, the fewer calls, and the later they come.
    config.set_string("python.fn-execution.bundle.size", "100000")
    config.set_string("python.fn-execution.bundle.time", "10000")
    # More than there are keys: by default the 1,001st key costs a call to the JVM for each change.
    config.set_string("python.state.cache-size", "20000")
    made = StreamExecutionEnvironment.get_execution_environment(config)
    made.add_jars(Path(flink.CLASSES).resolve().as_uri())
    return made.set_parallelism(parallelism)
