"""One record, and how long it takes from the start of the process until it is in the sink."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from benchmarks.harness import Contender, Workload
from benchmarks.java_classes import compile_java
from benchmarks.peers import flink


def workloads() -> Iterator[Workload]:
    """Creates the workloads: without a JVM, and with one."""
    yield _workload(
        "startup-python",
        "Start of the script to the first record in the sink, Python only",
        [
            _job("anabranch", "Anabranch", "anabranch_python"),
            _job("bare", "an interpreter that does nothing", "bare_python"),
            _job("bytewax", "Bytewax", "bytewax_python", "bytewax"),
            _job("pathway", "Pathway", "pathway_python", "pathway"),
            _job("ray-actors", "Ray actors, and the cluster", "ray_actors_python", "ray-actors"),
        ],
    )
    yield _workload(
        "startup-jvm",
        "Start of the script to the first record in the sink, with a JVM",
        [
            _job("anabranch", "Anabranch, Python -> Java -> Python", "anabranch_jvm"),
            Contender("bare", "a JVM that prints a line", ["java", "-cp", "benchmarks/out/classes", "com.acme.Bare"]),
            Contender("flink", "Flink, in Java", flink.command("Startup"), "flink"),
            _pyflink("thread"),
            _pyflink("process"),
        ],
    )


def _workload(name: str, title: str, contenders: list[Contender]) -> Workload:
    return Workload(
        name,
        title,
        1,
        contenders,
        lambda _: "A",
        in_bench=True,
        metric="until_end_seconds",
        higher_is_better=False,
        prepare=compile_java,
    )


def _job(name: str, title: str, module: str, environment: str = "", *arguments: str) -> Contender:
    return Contender(name, title, ["{python}", "-m", f"benchmarks.startup.jobs.{module}", *arguments], environment)


def _pyflink(mode: str) -> Contender:
    job = _job(f"pyflink-{mode}", f"PyFlink, {mode} mode", "pyflink_python", "pyflink", mode)
    return replace(job, in_bench=False)
