"""A worker as its master sees it."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field

from anabranch.control.job_server import ControlStream
from anabranch.launch.launcher import WorkerProcess
from anabranch.plan import WorkerPlan
from anabranch.v1 import control_pb2 as control
from anabranch.v1.graph_pb2 import Language

_LAST_LINES = 20


@dataclass(eq=False)
class Worker:
    """One worker: its process, its stream, and its tasks.

    Attributes:
        plan: Its id, its language and its tasks; a standby has no tasks.
        process: None until it was started.
        stream: None while it is not connected.
        max_open_files: Of its process; 0: unknown, or any number.
        heard: When it last said something, of `time.monotonic`.
        lost: Its stream has ended.
        place_of: The worker of the plan whose place it has; empty: its own.
        started: When its process was, if that was to replace another or to stand by.
        has_connected: It was connected once.
        dying: Its death was noticed, and is being handled.
        errors: The last lines that it wrote to stderr.
    """

    plan: WorkerPlan
    process: WorkerProcess | None = None
    stream: ControlStream | None = None
    max_open_files: int = 0
    heard: float = field(default_factory=time.monotonic)
    lost: bool = False
    place_of: str = ""
    started: float | None = None
    has_connected: bool = False
    dying: bool = False
    errors: deque[str] = field(default_factory=lambda: deque(maxlen=_LAST_LINES))

    @property
    def worker_id(self) -> str:
        """Its id, unique in the job."""
        return self.plan.worker_id

    @property
    def language(self) -> Language:
        """The language of its tasks."""
        return self.plan.language

    @property
    def is_standby(self) -> bool:
        """True while it has no tasks."""
        return not self.plan.task_ids

    def connect(self, hello: control.WorkerHello, stream: ControlStream) -> None:
        """Takes the stream of the worker that has come."""
        self.stream = stream
        self.has_connected = True
        self.max_open_files = hello.max_open_files
        self.heard = time.monotonic()

    def send(self, message: control.MasterMessage) -> None:
        """Sends if the worker is connected."""
        if self.stream is not None:
            self.stream.send(message)
