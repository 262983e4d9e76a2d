"""To the other language and back on PyFlink.

Python to Java to Python: a source is Java, so that Python begins with a flat_map, of one number for a batch of records.
Java to Python to Java: source and sink are Java, the map between is Python.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from pyflink.common import Types, WatermarkStrategy
from pyflink.datastream import DataStream, StreamExecutionEnvironment
from pyflink.datastream.connectors.number_seq import NumberSequenceSource
from pyflink.java_gateway import get_gateway

from benchmarks.crossing.shapes import BATCH
from benchmarks.harness.emit import emit
from benchmarks.peers.pyflink.crossing_functions import Check, Records
from benchmarks.peers.pyflink.environment import environment

ROW = Types.ROW_NAMED(
    ["id", "name", "price", "active", "city", "quantity"],
    [Types.LONG(), Types.STRING(), Types.DOUBLE(), Types.BOOLEAN(), Types.STRING(), Types.LONG()],
)
TYPES = {
    "pair": Types.TUPLE([Types.STRING(), Types.LONG()]),
    "dict": ROW,
    "item": ROW,
    "bytes": Types.PRIMITIVE_ARRAY(Types.BYTE()),
}


def python_ends(env: StreamExecutionEnvironment, shape: str, n: int, results: str) -> None:
    """Describes Python to Java to Python."""
    java = get_gateway().jvm.com.acme.flink.Crossing
    numbers = env.from_source(NumberSequenceSource(0, (n - 1) // BATCH), WatermarkStrategy.no_watermarks(), "batches")
    records = numbers.flat_map(Records(shape, n, results), TYPES[shape])
    crossed = DataStream(java.identity(records._j_data_stream))  # noqa: SLF001 - there is no other way
    crossed.flat_map(Check(shape, results), Types.STRING()).print()


def java_ends(env: StreamExecutionEnvironment, shape: str, n: int, results: str) -> None:
    """Describes Java to Python to Java."""
    java = get_gateway().jvm.com.acme.flink.Crossing
    source = java.source(env._j_stream_execution_environment, shape, n, results)  # noqa: SLF001
    mapped = DataStream(source).map(lambda value: value, TYPES[shape])
    # A Python operator runs on its own Java operator only if something in Python asks for it.
    java.sink(mapped._j_data_stream, shape, results)  # noqa: SLF001


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("shape", choices=TYPES)
    parser.add_argument("records", type=int)
    parser.add_argument("mode", choices=("thread", "process"))
    parser.add_argument("--java-ends", action="store_true", help="Java to Python to Java")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pyflink-bench-") as results:
        env = environment(options.mode)
        (java_ends if options.java_ends else python_ends)(env, options.shape, options.records, results)
        env.execute("crossing")
        ended, check = Path(results, "ended").read_text().split()
        started = float(Path(results, "started").read_text())
    emit(started, float(ended), options.records, check)


if __name__ == "__main__":
    main()
