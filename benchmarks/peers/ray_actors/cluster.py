"""A small Ray cluster that is this process's own, and gone after it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import ray


@contextmanager
def cluster() -> Iterator[None]:
    """Starts Ray with a directory of its own and without what a benchmark does not need; shuts it down."""
    with tempfile.TemporaryDirectory(prefix="ray-") as directory:  # short: sockets are in it
        ray.init(
            num_cpus=4,  # an actor asks for one, and would wait for ever
            object_store_memory=200 << 20,
            include_dashboard=False,
            log_to_driver=False,
            logging_level="error",
            _temp_dir=directory,
        )
        try:
            yield
        finally:
            ray.shutdown()
