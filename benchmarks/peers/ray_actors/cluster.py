"""A small Ray cluster that is this process's own, and gone after it."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import ray
from ray.job_config import JobConfig

ROOT = Path(__file__).parents[3]
# Ray's Java workers read and make objects by reflection; without these any exception ends the JVM.
_PACKAGES = """
java.lang java.lang.invoke java.lang.reflect java.io java.net java.nio java.math java.text java.time java.util
java.util.concurrent java.util.concurrent.atomic java.util.concurrent.locks jdk.internal.misc sun.nio.ch
"""
_OPENS = [f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in _PACKAGES.split()]


@contextmanager
def cluster(*, java: bool = False) -> Iterator[None]:
    """Starts Ray with a directory of its own and without what a benchmark does not need; shuts it down."""
    job = JobConfig(
        code_search_path=[str(ROOT / "benchmarks" / "out" / "classes"), str(ROOT)],
        jvm_options=_OPENS,
    )
    os.environ.setdefault("RAY_AUTH_MODE", "disabled")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    with tempfile.TemporaryDirectory(
        prefix="ray-", ignore_cleanup_errors=True
    ) as directory:  # short: sockets are in it
        ray.init(
            num_cpus=4,  # an actor asks for one, and would wait for ever
            object_store_memory=200 << 20,
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
            job_config=job if java else None,  # type: ignore[arg-type] # None is its default
            _temp_dir=directory,
        )
        try:
            yield
        finally:
            ray.shutdown()
