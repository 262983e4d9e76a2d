"""The same job on three Ray nodes of this machine. Run it with `make demo-ray`."""

from __future__ import annotations

import logging
import os
import sys
import tempfile

import flights
import ray
from ray.cluster_utils import Cluster

NODES = 3
CPUS = 2
STORE_BYTES = 200 << 20


def main() -> None:
    """Starts the nodes, runs the job spread over them, ends them."""
    # Ray puts Unix sockets there, whose names may not be long.
    with tempfile.TemporaryDirectory(prefix="ray", dir="/tmp" if os.path.isdir("/tmp") else None) as directory:  # noqa: S108, PTH112
        # For everything that Ray writes, the note of where the cluster is too: /tmp/ray may hold that of another one.
        os.environ["RAY_TMPDIR"] = directory
        print(f"starting a Ray cluster of {NODES} nodes ...", file=sys.stderr)
        cluster = Cluster()
        try:
            for _ in range(NODES):
                cluster.add_node(
                    num_cpus=CPUS,
                    object_store_memory=STORE_BYTES,
                    include_dashboard=False,
                    enable_object_reconstruction=False,
                )
            ray.init(address=cluster.address, namespace="demo", log_to_driver=False, logging_level=logging.ERROR)
            os.environ.setdefault("ANABRANCH_RAY_STRATEGY", "spread")
            flights.main()
        finally:
            ray.shutdown()
            cluster.shutdown()


if __name__ == "__main__":
    main()
