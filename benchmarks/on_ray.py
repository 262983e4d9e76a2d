"""The language boundary and the start of a job on Ray, beside local processes; the cluster is one of this process."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import ray

from anabranch import StreamingContext
from benchmarks.crossing.engine import run_engine
from benchmarks.crossing.shapes import reference
from benchmarks.java_classes import compile_java
from benchmarks.measure import Benchmark, Contender, WrongResultError


def start_ray() -> None:
    """Starts a small cluster, if none is there."""
    if not ray.is_initialized():
        ray.init(num_cpus=2, object_store_memory=100 << 20, include_dashboard=False, log_to_driver=False)


def crossing(scale: float) -> Benchmark:
    """Prepares the crossing on Ray; `scale` 1 is four million records."""
    n = int(4_000_000 * scale)
    expected = reference("pair", n)
    start_ray()
    return Benchmark(
        "ray",
        "Python -> Java identity map -> Python, (str, int), parallelism 1, on Ray",
        [
            Contender("anabranch on Ray", lambda: run_engine(n, expected, "ray")),
            Contender("anabranch in local processes", lambda: run_engine(n, expected)),
        ],
        records=n,
    )


def startup(scale: float) -> Benchmark:  # noqa: ARG001 - a start has no scale
    """Prepares the start of jobs on a Ray cluster that is up."""
    classes = compile_java()
    start_ray()
    return Benchmark(
        "startup-ray",
        "Submission to the first record, on Ray",
        [
            Contender("two Python workers", lambda: _run(None)),
            Contender("two Python workers and a Java actor", lambda: _run(classes)),
            Contender("two Python workers and a JVM by py4j", lambda: _run(classes, "py4j")),
            Contender("six Python workers and three Java actors", lambda: _run(classes, parallelism=3)),
        ],
    )


def _run(classes: Path | None, java_host: str = "ray", parallelism: int = 1) -> float:
    """Runs a job on Ray; returns the seconds from `submit` until the first record was through."""
    ctx = StreamingContext.Builder().option("anabranch.launcher", "ray").option("anabranch.progress", "off").build()
    ctx.option("anabranch.java-host", java_host).option("anabranch.java.tasks-per-worker", 1)
    stream: Any = ctx.set_parallelism(parallelism).from_values(*"AAA"[:parallelism])
    if classes is not None:
        ctx.add_jar(classes)
        stream = stream.as_java_stream().map("com.acme.Identity").as_python_stream()
    started = time.monotonic()
    times = stream.map(lambda value: (value, time.monotonic())).execute_and_collect("startup")
    if [value for value, _ in times] != ["A"] * parallelism:
        raise WrongResultError(f"start-up on Ray: collected {times}")
    return float(max(when for _, when in times) - started)
