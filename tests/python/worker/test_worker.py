"""A worker whose master is the test."""

import threading
from unittest.mock import Mock

from anabranch.task.lifecycle import TaskState
from anabranch.v1 import control_pb2 as control
from anabranch.worker import worker as module
from anabranch.worker.worker import Worker


class Client:
    """Keeps what the worker says."""

    def __init__(self, _master: str, _token: str) -> None:
        self.sent: list[control.WorkerMessage] = []

    def send(self, message: control.WorkerMessage) -> None:
        self.sent.append(message)


def worker_with_dead_thread(monkeypatch, state: TaskState) -> tuple[Worker, Client]:
    monkeypatch.setattr(module, "ControlClient", Client)
    worker = Worker("python-1", "127.0.0.1:1", "00" * 32)
    thread = threading.Thread(target=lambda: None)
    thread.start()
    thread.join()
    task = Mock(state=state, thread=thread, descriptor=control.TaskDescriptor(task_id=1, name="map (1/1)"))
    worker._tasks[1] = task
    return worker, worker._control  # type: ignore[return-value]


def test_a_thread_that_ends_without_a_report_is_a_failure_of_the_worker(monkeypatch):
    worker, client = worker_with_dead_thread(monkeypatch, TaskState.RUNNING)

    worker._report_regularly(0.001, 10)

    assert client.sent[-1].failed.summary == "the thread of task map (1/1) has ended without a report"


def test_a_thread_that_has_reported_its_end_may_end(monkeypatch):
    worker, _ = worker_with_dead_thread(monkeypatch, TaskState.FAILED)

    worker._require_threads()


def test_an_acknowledgement_for_a_task_that_is_not_there_yet_is_of_no_interest(monkeypatch):
    monkeypatch.setattr(module, "ControlClient", Client)
    worker = Worker("python-1", "127.0.0.1:1", "00" * 32)

    ack = control.CollectedAck(task_id=7, seq=1)
    worker._handle("collected_ack", control.MasterMessage(collected_ack=ack))
