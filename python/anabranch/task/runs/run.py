"""The loop of a task, and what differs from mode to mode."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from anabranch import faults
from anabranch.api.runtime_context import Answers
from anabranch.checkpoint.snapshot import NewSnapshot
from anabranch.exchange.event_loop import EventLoop
from anabranch.exchange.input.aligner import BarrierAligner
from anabranch.exchange.input.channel import InputChannel
from anabranch.exchange.input.events import InputEvent
from anabranch.exchange.output.gate import OutputGate
from anabranch.exchange.output.outgoing_channel import OutgoingChannel
from anabranch.operators.job import WorkerJob
from anabranch.operators.source import SourceOperator
from anabranch.task.idle_pause import IdlePause
from anabranch.task.lifecycle import TaskState
from anabranch.task.work import Work
from anabranch.v1 import control_pb2 as control


class Life(Protocol):
    """The task, as its run sees it."""

    state: TaskState

    def enter(self, state: TaskState) -> None:
        """Enters a state and reports it."""

    def report_snapshot(self, snapshot: NewSnapshot) -> None:
        """Reports the task's part of a checkpoint."""

    def report_committed(self, number: int) -> None:
        """Reports that the sinks have committed what belongs to a checkpoint."""


class Run(ABC):
    """One run of a task, from its first record to its last. Everything is called on the task's thread.

    Attributes:
        answers: What answers the questions of user code.
        epoch: The checkpoint that the task has taken last.
    """

    answers: Answers
    epoch = 0
    work: Work  # once it is built
    life: Life

    def __init__(self, descriptor: control.TaskDescriptor, job: WorkerJob, event_loop: EventLoop) -> None:
        self.descriptor = descriptor
        self.job = job
        self.event_loop = event_loop

    def begin(self, work: Work, life: Life) -> None:
        """Gives the run what it works with."""
        self.work, self.life = work, life

    # ------------------------------------------------------------------ what differs

    @abstractmethod
    def input_channel(self, channel: int, edge: int) -> InputChannel:
        """Returns an input channel, which keeps what this mode needs."""

    @abstractmethod
    def output_channel(self, channel: int) -> OutgoingChannel:
        """Returns an output channel, which keeps what this mode needs."""

    @abstractmethod
    def run(self) -> None:
        """Does all that the task has to do, once it is connected, and returns when nobody needs it any more."""

    @abstractmethod
    def on_event(self, event: InputEvent) -> None:
        """Handles what has come."""

    @property
    def aligner(self) -> BarrierAligner | None:
        """What aligns barriers; None: there are no checkpoints."""
        return None

    @property
    def log_bytes(self) -> int:
        """Memory that determinant logs take, about. May be asked for from any thread."""
        return 0

    def may_dial(self, output: OutputGate) -> bool:  # noqa: ARG002 - of use to a mode that recovers
        """Returns whether producers may be dialled already."""
        return True

    def quietly(self) -> AbstractContextManager[None]:
        """Returns a context for what has no place in the order of what a task repeats."""
        return nullcontext()

    def reach(self, place: str) -> None:
        """A fault point of a recovery."""
        if self.descriptor.HasField("restore"):
            faults.reach(place)

    def trigger(self, number: int) -> None:  # noqa: B027 - a matter of checkpoints
        """Has the task take a checkpoint without a barrier, between two batches."""

    def complete(self, number: int) -> None:  # noqa: B027 - a matter of checkpoints
        """Everybody's part of a checkpoint is safe. May be called from any thread."""

    def commit_completed(self) -> None:  # noqa: B027 - a matter of checkpoints
        """Commits what belongs to complete checkpoints."""

    def between_batches(self) -> None:  # noqa: B027 - a matter of checkpoints
        """Called before each batch, and each call of fetch."""

    def fetch(self, source: SourceOperator) -> bool:
        """Has the source emit some records; returns whether there were any."""
        return self.work.fetch(source)

    def on_new_size(self, records: int) -> None:  # noqa: B027 - a matter of logs
        """A source is asked for so many records from the next call of fetch on."""

    # ------------------------------------------------------------------ the loop

    def run_operators(self) -> None:
        """Brings all input, or all that a source has, through the operators."""
        source = self.work.chain.source
        if source is None:
            self.run_input()
        else:
            self.run_source(source)

    def run_input(self) -> None:
        """Handles input until every channel has ended."""
        work, reader = self.work, self.work.reader
        while not reader.ended:
            self.event_loop.run_posted()
            self.between_batches()
            work.wait_for_room()
            event = reader.next()
            if event is None:
                work.wait_for_input()
            else:
                self.on_event(event)

    def run_source(self, source: SourceOperator) -> None:
        """Fetches until the source has ended."""
        work, pause, produced = self.work, IdlePause(), True
        while True:
            self.event_loop.run_posted()
            if produced:  # there may be many channels to look at
                work.wait_for_room()
            self.between_batches()
            if source.ended:
                return
            began = time.monotonic()
            produced = self.fetch(source)
            if produced:
                work.output.flush()
            ended = time.monotonic()
            if source.learn(ended - began):
                self.on_new_size(source.size.records)
            self.event_loop.poll(pause.after(began, ended, produced=produced))
