"""PyFlink, in the mode that the argument names."""

import sys
import time

from pyflink.common import Configuration
from pyflink.datastream import StreamExecutionEnvironment

from benchmarks.harness.emit import emit_first
from benchmarks.peers.pyflink.environment import show_packages

show_packages()
config = Configuration()
config.set_string("python.execution-mode", sys.argv[1])
config.set_string("python.executable", sys.executable)
config.set_string("python.client.executable", sys.executable)
env = StreamExecutionEnvironment.get_execution_environment(config).set_parallelism(1)
stream = env.from_collection(["a"]).map(str.upper).map(lambda value: (value, time.monotonic()))
with stream.execute_and_collect() as found:
    value, when = next(found)
emit_first(when, value)
