"""Two Ray actors, with a cluster of this machine that starts with them."""

import time
from typing import Any

import ray

from benchmarks.harness.emit import emit_first
from benchmarks.peers.ray_actors.cluster import cluster


class Upper:
    def map(self, batch: list[str]) -> list[str]:
        return [value.upper() for value in batch]


class Sink:
    def take(self, batch: list[str]) -> tuple[float, str]:
        return time.monotonic(), batch[0]


with cluster():
    # Ray's types do not know the methods of these classes.
    upper: Any = ray.remote(Upper).remote()
    sink: Any = ray.remote(Sink).remote()
    when, value = ray.get(sink.take.remote(upper.map.remote(["a"])))
emit_first(when, value)
