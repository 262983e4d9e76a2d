"""What all tasks of a worker have in common."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from functools import cached_property

from anabranch.checkpoint.state_file import StateFiles
from anabranch.config import Options
from anabranch.derived_keys import derive_key
from anabranch.exchange.output.pending_batch import BatchLimits
from anabranch.exchange.wire.addresses import Transport
from anabranch.records import TypeRegistry
from anabranch.v1.control_pb2 import JobSetup
from anabranch.v1.graph_pb2 import Artifact


@dataclass(frozen=True)
class WorkerJob:
    """The job that a worker works for."""

    job_id: str
    name: str
    token: bytes = field(repr=False)
    options: Options
    config: dict[str, str]
    types: TypeRegistry
    transport: Transport
    limits: BatchLimits

    @cached_property
    def state_files(self) -> StateFiles:
        """The job's state files. Whoever does not know the token cannot make one that is believed."""
        key = derive_key(self.token, "checkpoint")
        return StateFiles(self.options.text("anabranch.checkpoint.dir"), self.job_id, key)

    @staticmethod
    def from_setup(setup: JobSetup, token: bytes) -> WorkerJob:
        """Reads the master's first message and puts the job's Python artifacts on the module search path."""
        for artifact in reversed(setup.artifacts):
            if artifact.kind == Artifact.KIND_PYTHON and artifact.path not in sys.path:
                sys.path.insert(0, artifact.path)
        options = Options(setup.config)
        return WorkerJob(
            job_id=setup.job_id,
            name=setup.job_name,
            token=token,
            options=options,
            config=dict(setup.config),
            types=TypeRegistry.from_bindings(setup.types, setup.python_modules),
            transport=Transport(
                mode=options.text("anabranch.exchange.transport"),
                socket_dir=setup.socket_dir,
                listen_host=setup.listen_host,
                buffer_bytes=options.integer("anabranch.exchange.socket-buffer-bytes"),
                several_hosts=setup.several_hosts,
            ),
            limits=BatchLimits(
                max_records=options.integer("anabranch.batch.max-records"),
                max_bytes=options.integer("anabranch.batch.max-bytes"),
                max_frame_bytes=options.integer("anabranch.exchange.max-frame-bytes"),
                send_queue_bytes=options.integer("anabranch.exchange.send-queue-bytes"),
            ),
        )
