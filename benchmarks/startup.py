"""From the start of the script to the first record in the sink, imports included.

Compared with what nobody can be faster than: an interpreter that does nothing, and a JVM that does nothing.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from anabranch import StreamingContext
from benchmarks.crossing import compile_java
from benchmarks.measure import Benchmark, Contender, WrongResultError

PYTHON_JOB = """
import time
from anabranch import StreamingContext
ctx = StreamingContext.Builder().build()
ctx.from_values("a").map(str.upper).sink(lambda value: print(value, time.monotonic()))
ctx.execute("startup")
"""

HYBRID_JOB = """
import time
from anabranch import StreamingContext
ctx = StreamingContext.Builder().build()
ctx.add_jar({classes!r})
stream = ctx.from_values("A").as_java_stream().map("com.acme.Identity").as_python_stream()
stream.sink(lambda value: print(value, time.monotonic()))
ctx.execute("startup")
"""


def run_job(script: str) -> float:
    """Runs a script in a new interpreter; returns the seconds until its sink had the record."""
    with tempfile.TemporaryDirectory(prefix="anabranch-bench-") as directory:
        path = Path(directory) / "job.py"
        path.write_text(script)
        started = time.monotonic()
        done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, timeout=120, check=False)
    printed = done.stdout.split()
    if done.returncode != 0 or printed[:1] != ["A"]:
        raise WrongResultError(f"start-up: printed {done.stdout!r}; {done.stderr}")
    return float(printed[1]) - started


def run_command(*command: str) -> float:
    """Runs a program to its end; returns the seconds."""
    started = time.monotonic()
    subprocess.run(command, capture_output=True, timeout=120, check=True)
    return time.monotonic() - started


def benchmark(hybrid_job: bool) -> Benchmark:  # noqa: FBT001 - there are two of them
    """Prepares the benchmark of one kind of job."""
    if hybrid_job:
        script = HYBRID_JOB.format(classes=str(compile_java()))
        baseline = Contender("bare JVM (java -version)", lambda: run_command("java", "-version"))
    else:
        script = PYTHON_JOB
        baseline = Contender("bare interpreter (python -c pass)", lambda: run_command(sys.executable, "-c", "pass"))
    name, what = ("startup-jvm", "with a JVM") if hybrid_job else ("startup-python", "pure Python")
    return Benchmark(
        name,
        f"Start of the script to the first record, {what}",
        [Contender("anabranch", lambda: run_job(script)), baseline],
    )


def run_on_ray(classes: Path | None, java_host: str = "ray", parallelism: int = 1) -> float:
    """Runs a job on Ray; returns the seconds from `submit` until the first record was through."""
    ctx = StreamingContext.Builder().option("anabranch.launcher", "ray").option("anabranch.progress", "off").build()
    ctx.option("anabranch.java-host", java_host).option("anabranch.java.tasks-per-worker", 1)
    stream = ctx.set_parallelism(parallelism).from_values(*"AAA"[:parallelism])
    if classes is not None:
        ctx.add_jar(classes)
        stream = stream.as_java_stream().map("com.acme.Identity").as_python_stream()
    started = time.monotonic()
    times = stream.map(lambda value: (value, time.monotonic())).execute_and_collect("startup")
    if [value for value, _ in times] != ["A"] * parallelism:
        raise WrongResultError(f"start-up on Ray: collected {times}")
    return max(when for _, when in times) - started


def benchmark_on_ray() -> Benchmark:
    """Prepares the benchmark of jobs on a Ray cluster that is up."""
    import ray  # noqa: PLC0415 - slow to import

    classes = compile_java()
    if not ray.is_initialized():
        ray.init(num_cpus=2, object_store_memory=100 << 20, include_dashboard=False, log_to_driver=False)
    return Benchmark(
        "startup-ray",
        "Submission to the first record, on Ray",
        [
            Contender("two Python workers", lambda: run_on_ray(None)),
            Contender("two Python workers and a Java actor", lambda: run_on_ray(classes)),
            Contender("two Python workers and a JVM by py4j", lambda: run_on_ray(classes, "py4j")),
            Contender("six Python workers and three Java actors", lambda: run_on_ray(classes, parallelism=3)),
        ],
    )
