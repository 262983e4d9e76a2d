"""A pipeline of three Ray actors by hand: source, identity map, sink, in batches of 1,000.

With a Java actor in the middle a batch is bytes, the only value that Ray hands from Python to Java and back; the actor
does not even decode them. With a Python actor it is a list, which Ray pickles.
"""

from __future__ import annotations

import sys
from collections import deque
from typing import Any

import ray

from benchmarks.harness.emit import emit
from benchmarks.peers.ray_actors.actors import BATCH, Identity, Sink, Source, dumps
from benchmarks.peers.ray_actors.cluster import cluster

IN_FLIGHT = 32


def main() -> None:
    shape, n, middle = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    with cluster(java=middle == "java"):
        as_bytes = middle == "java"
        # Ray's types do not know the methods of these classes.
        source: Any = ray.remote(Source).remote(shape, n, as_bytes=as_bytes)
        identity = ray.java_actor_class("com.acme.BytesIdentity") if as_bytes else ray.remote(Identity)
        stage: Any = identity.remote()
        sink: Any = ray.remote(Sink).remote(shape, as_bytes=as_bytes)
        ray.get([sink.found.remote(), source.started_at.remote(), stage.map.remote(dumps([]) if as_bytes else [])])
        waiting: deque[Any] = deque()
        for _ in range(0, n, BATCH):
            waiting.append(sink.take.remote(stage.map.remote(source.next.remote())))
            if len(waiting) >= IN_FLIGHT:
                ray.get(waiting.popleft())
        ray.get(list(waiting))
        ended, check = ray.get(sink.found.remote())
        started = ray.get(source.started_at.remote())
    emit(started, ended, n, check)


if __name__ == "__main__":
    main()
