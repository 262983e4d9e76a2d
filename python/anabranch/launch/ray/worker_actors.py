"""The actors that host workers: a Python worker in its own process, or one in a JVM that is bridged by py4j.

They have the methods of the Java class org.anabranch.runtime.ray.RayWorker, and are called in the same way.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from anabranch import forks
from anabranch.config import Options
from anabranch.launch.directories import is_trusted

if TYPE_CHECKING:
    from anabranch.worker.worker import Worker

# The master kills the actor once it knows that the worker has ended; there may be none.
_KILL_TIMEOUT = 5.0
_FILES_TIMEOUT = 2.0


class _WorkerActor:
    """What both have in common."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._exit_code = 1
        self._end_event = threading.Event()

    def ready(self) -> bool:
        """Answers: then it is known where Ray has put the actor."""
        return True

    def ended(self) -> int:
        """Waits until the worker has ended; returns 0 if its master has ended it."""
        self._end_event.wait()
        return self._exit_code

    def _end(self, exit_code: int) -> None:
        self._exit_code = exit_code
        self._end_event.set()
        time.sleep(_KILL_TIMEOUT)
        os._exit(exit_code)


class PythonWorkerActor(_WorkerActor):
    """Hosts a Python worker."""

    def __init__(self, paths: Sequence[str]) -> None:
        """Creates a host.

        Args:
            paths: The driver's module search path, for what the nodes of the cluster share with it. A path may be
                somebody else's here: it counts only if nobody but this user and root decides what it holds.
        """
        super().__init__()
        self._worker: Worker | None = None
        sys.path += [path for path in paths if path not in sys.path and is_trusted(path)]

    def start(self, worker_id: str, master: str, token: str) -> int:
        """Starts the worker, or, if it was started before, tells it where its master has come back; returns the pid."""
        os.environ.setdefault(*forks.QUIET)
        from anabranch import open_files  # noqa: PLC0415 - a host of a JVM needs no worker
        from anabranch.task import stdio  # noqa: PLC0415 - a host of a JVM needs no worker
        from anabranch.worker import event_loops, script_names  # noqa: PLC0415 - a host of a JVM needs no worker
        from anabranch.worker.worker import Worker  # noqa: PLC0415

        with self._lock:
            if self._worker is None:
                open_files.raise_limit()
                script_names.install()
                event_loops.install()
                forks.watch()
                self._worker = Worker(worker_id, master, token)
                stdio.forward(self._worker.printed)
                threading.Thread(target=self._run, args=(self._worker,), name="worker", daemon=True).start()
            else:
                self._worker.reconnect(master)
        return os.getpid()

    def _run(self, worker: Worker) -> None:
        from anabranch.task.stdio import finish_all_lines  # noqa: PLC0415
        from anabranch.worker.process_end import write_out_files  # noqa: PLC0415 - a host of a JVM needs no worker

        orderly = worker.run()
        writing = threading.Thread(target=write_out_files, name="files", daemon=True)
        writing.start()
        writing.join(_FILES_TIMEOUT)
        finish_all_lines()
        self._end(0 if orderly else 1)


class JvmWorkerActor(_WorkerActor):
    """Hosts a JVM with a Java worker; the JVM ends with this process."""

    def __init__(self, options: dict[str, str]) -> None:
        """Creates a host.

        Args:
            options: The job's options, for the choice of the JDK and its flags.
        """
        super().__init__()
        self._options = Options(options)
        self._bridge: Any = None

    def start(self, worker_id: str, master: str, token: str) -> int:
        """Starts the worker, or, if it was started before, tells it where its master has come back; returns the pid.

        Raises:
            JavaNotFoundError: There is no usable Java on this node.
        """
        from anabranch.launch.jvm import JvmBridge  # noqa: PLC0415 - a host of Python needs no py4j

        with self._lock:
            if self._bridge is None:
                bridge = JvmBridge(self._options)
                bridge.start()
                bridge.start_worker(worker_id, master, token)
                bridge.forward_lines()
                # What the JVM itself says goes to the actor's log.
                bridge.pass_lines_to(lambda stream, line: print(line, file=getattr(sys, stream)))
                self._bridge = bridge
                threading.Thread(target=self._await_jvm, args=(bridge,), name="jvm", daemon=True).start()
            else:
                self._bridge.reconnect_worker(master)
        return int(self._bridge.pid)

    def _await_jvm(self, bridge: Any) -> None:
        exit_code = bridge.wait()
        bridge.close()
        self._end(exit_code)
