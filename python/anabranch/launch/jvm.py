"""The JVM of a local job: looks into Java classes while the job is built, then hosts the Java worker."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from py4j.java_gateway import GatewayParameters, JavaGateway
from py4j.protocol import Py4JError, Py4JJavaError, Py4JNetworkError

from anabranch.config import Options
from anabranch.control.proofs import new_token
from anabranch.errors import AnabranchError, JavaFunctionError, JavaNotFoundError
from anabranch.launch import class_archive
from anabranch.launch.child import Child
from anabranch.launch.environment import inherited
from anabranch.launch.java import Java, find_java, runtime_jar
from anabranch.launch.lines import LinePump

__all__ = ["JvmBridge", "find_java", "runtime_jar"]

_PATH_END = "\0"  # the system's separator may be part of a path
_MAIN = "org.anabranch.runtime.bridge.BridgeMain"
_PORT_LINE = "ANABRANCH_BRIDGE_PORT="
_REJECTED = "org.anabranch.runtime.operator.FunctionException"

_COLLECTOR = re.compile(r"-XX:\+Use\w+GC")

_START_TIMEOUT = 30.0
_CALL_TIMEOUT = 30.0
_END_TIMEOUT = 2.0
_EARLY_LINES = 200

# Takes ("stdout" or "stderr", line without its end) on any thread.
OnLine = Callable[[str, str], None]


class JvmBridge:
    """A JVM that was started by this process and ends with it, however it ends.

    It is a `WorkerProcess` once `start_worker` was called.
    """

    def __init__(self, options: Options) -> None:
        self._options = options
        self._process: Child | None = None
        self._gateway: JavaGateway | None = None
        self._pump: LinePump | None = None
        self._lock = threading.Lock()
        self._on_line: OnLine | None = None
        self._early_lines: deque[tuple[str, str]] = deque(maxlen=_EARLY_LINES)
        self._port: int | None = None
        self._open_pipes = 0
        self._hosts_worker = False
        self._port_or_end = threading.Event()
        self._pipes_ended = threading.Event()

    def start(self) -> None:
        """Starts the JVM and waits until it can be called.

        Raises:
            JavaNotFoundError: There is no usable Java, or it does not start.
        """
        java, jar = find_java(self._options), runtime_jar()
        token = new_token()
        archive = class_archive.archive_of(java, jar)
        has_archive = class_archive.is_usable(archive)
        command = self._command(java, jar, archive if has_archive else None)
        try:
            self._launch(command, token)
            self._connect(java, token)
        except BaseException:
            self.close()
            raise
        if not has_archive:
            class_archive.build_in_background(java, jar)

    @property
    def pid(self) -> int:
        """Process id of the JVM."""
        return self._running().pid

    def poll(self) -> int | None:
        """Returns None while the JVM lives, then its exit code; -n if signal n ended it."""
        return self._running().poll()

    def wait(self) -> int:
        """Waits until the JVM has ended; returns its exit code."""
        return self._running().wait()

    def check_function(self, kind: str, reference: str, jars: Sequence[str], arguments: int = 0) -> str:
        """Verifies that a Java function exists and fits its place.

        Args:
            kind: `map`, `flat_map`, `filter`, `key_by`, `reduce`, `sink`, `source`, `partition`, `aggregate`,
                `process`, `join` or `connect`.
            reference: "com.acme.Shout" for a class, "com.acme.Text::shout" for a static method.
            jars: Jar files and class directories to look in, in this order.
            arguments: Number of constructor arguments.

        Returns:
            What messages call the function.

        Raises:
            JavaFunctionError: It does not exist or does not fit; or the JVM has ended.
        """
        try:
            name: str = self._entry_point().checkFunction(kind, reference, arguments, _PATH_END.join(jars))
        except Py4JJavaError as error:
            raise JavaFunctionError(_message(error)) from None
        except Py4JError as error:
            raise JavaFunctionError(f"Java function {reference} cannot be looked up: {self._why(error)}") from error
        return name

    def check_arguments(self, class_name: str, arguments: bytes, jars: Sequence[str]) -> None:
        """Verifies that a Java class can be made with these constructor arguments, one encoded tuple.

        Raises:
            JavaFunctionError: None of its constructors takes them; or the JVM has ended.
        """
        try:
            self._entry_point().checkArguments(class_name, arguments, _PATH_END.join(jars))
        except Py4JJavaError as error:
            raise JavaFunctionError(_message(error)) from None
        except Py4JError as error:
            raise JavaFunctionError(f"Java class {class_name} cannot be looked up: {self._why(error)}") from error

    def check_type(self, class_name: str, fields: Sequence[str], jars: Sequence[str]) -> None:
        """Verifies that a Java class exists and has these fields.

        Raises:
            JavaFunctionError: It does not exist, or has others; or the JVM has ended.
        """
        try:
            self._entry_point().checkType(class_name, ",".join(fields), _PATH_END.join(jars))
        except Py4JJavaError as error:
            raise JavaFunctionError(_message(error)) from None
        except Py4JError as error:
            raise JavaFunctionError(f"Java class {class_name} cannot be looked up: {self._why(error)}") from error

    def start_worker(self, worker_id: str, master: str, token: str) -> None:
        """Starts the worker in this JVM, which ends with it.

        Args:
            worker_id: Unique in the job.
            master: `host:port` of the job master.
            token: The job's token, as hex digits.

        Raises:
            AnabranchError: The worker cannot be started.
        """
        self._hosts_worker = True
        try:
            self._entry_point().startWorker(worker_id, master, token)
        except Py4JJavaError as error:
            raise AnabranchError(f"Java worker {worker_id} cannot be started: {_message(error)}") from None
        except Py4JError as error:
            raise AnabranchError(f"Java worker {worker_id} cannot be started: {self._why(error)}") from error

    def stop_listening(self) -> None:
        """Closes the port by which this JVM is called, where nothing is left to call it for."""
        gateway, self._gateway = self._gateway, None
        if gateway is not None:
            with contextlib.suppress(Py4JError, OSError):  # the JVM has ended
                gateway.shutdown()

    def forward_lines(self) -> None:
        """Has what the worker prints sent to its master over the control stream instead of to this process."""
        self._entry_point().forwardLines()

    def reconnect_worker(self, master: str) -> None:
        """Tells the worker that its master has come back at this address."""
        self._entry_point().reconnectWorker(master)

    def pass_lines_to(self, on_line: OnLine) -> None:
        """Has every line that the JVM prints passed on, beginning with those that it has printed so far."""
        with self._lock:
            for stream, line in self._early_lines:
                on_line(stream, line)
            self._early_lines.clear()
            self._on_line = on_line

    def drained(self) -> bool:
        """Returns whether every line that the JVM wrote has been passed on."""
        return self._open_pipes == 0

    def kill(self) -> None:
        """Ends the JVM at once; harmless if it has ended."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
        self.close()

    def close(self) -> None:
        """Lets go of the JVM and waits until it has ended, which a worker does by itself; harmless if it has."""
        gateway, self._gateway = self._gateway, None
        if gateway is not None:
            with contextlib.suppress(Py4JError, OSError):
                gateway.close()
        if self._process is None:
            return
        if not self._hosts_worker and self._process.poll() is None:
            self._process.kill()  # it has nothing to bring to an end, and its own way out takes 0.3 s
        self._process.let_go()
        try:
            self._process.wait(_END_TIMEOUT)
        except subprocess.TimeoutExpired:
            self._process.kill()
        pump, self._pump = self._pump, None
        if pump is not None:
            self._pipes_ended.wait(_END_TIMEOUT)
            pump.close()

    def _command(self, java: Java, jar: Path, archive: Path | None) -> list[str]:
        users = shlex.split(self._options.text("anabranch.java.options"))
        command = [
            str(java.program),
            "-XX:-UsePerfData",  # saves writing a file that only diagnosis tools read
            "-Xshare:auto",
            # The JVM's own warnings go to stdout by default, among the records that a sink prints.
            "-Xlog:disable",
            "-Xlog:all=warning,cds*=off:stderr",
            "-Dfile.encoding=UTF-8",
        ]
        if archive is not None:
            command.append(f"-XX:SharedArchiveFile={archive}")
        if not any(_COLLECTOR.fullmatch(flag) for flag in [*users, *_flags_of_environment()]):
            command.append("-XX:+UseSerialGC")  # quickest to start; a second collector would be an error
        heap = self._options.text("anabranch.java.max-heap")
        if heap:
            command.append(f"-Xmx{heap}")
        return [*command, *users, "-cp", str(jar), _MAIN]

    def _launch(self, command: list[str], token: str) -> None:
        try:
            self._process = Child(command, inherited(), secret=token)
        except OSError as error:
            raise JavaNotFoundError(f"{command[0]} cannot be started: {error}") from error
        self._pump = LinePump()
        self._open_pipes = 2
        for stream in ("stdout", "stderr"):
            self._pump.add(getattr(self._process, stream), partial(self._take_line, stream), self._on_pipe_end)

    def _connect(self, java: Java, token: str) -> None:
        self._port_or_end.wait(_START_TIMEOUT)
        if self._port is None:
            raise JavaNotFoundError(f"{java} did not start: {self._why_not_started()}")
        self._gateway = JavaGateway(
            gateway_parameters=GatewayParameters(
                address="127.0.0.1",
                port=self._port,
                auth_token=token,
                read_timeout=_CALL_TIMEOUT,
                enable_memory_management=False,  # the two objects that we use live as long as the JVM
            )
        )

    def _take_line(self, stream: str, line: str) -> None:
        if self._port is None and stream == "stdout" and line.startswith(_PORT_LINE):
            self._port = int(line[len(_PORT_LINE) :])
            self._port_or_end.set()
            return
        with self._lock:
            if self._on_line is None:
                self._early_lines.append((stream, line))
                return
        self._on_line(stream, line)

    def _on_pipe_end(self) -> None:
        self._open_pipes -= 1
        if self._open_pipes == 0:
            self._pipes_ended.set()
            self._port_or_end.set()

    def _running(self) -> Child:
        if self._process is None:
            raise RuntimeError("the JVM was not started")
        return self._process

    def _entry_point(self) -> Any:
        if self._gateway is None:
            raise Py4JNetworkError("the bridge is closed")
        return self._gateway.entry_point

    def _why(self, error: Py4JError) -> str:
        """Returns what has broken a call: mostly that the JVM has ended, with its last output."""
        if self._process is None:
            return str(error)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_TIMEOUT if isinstance(error, Py4JNetworkError) else 0)
        code = self._process.poll()
        if code is None:
            return f"the JVM (process {self._process.pid}) did not answer: {error}"
        return f"the JVM ended with exit code {code}{self._last_words()}"

    def _why_not_started(self) -> str:
        process = self._running()
        if not self._pipes_ended.is_set():
            return f"it has not answered within {_START_TIMEOUT:.0f} s{self._last_words()}"
        try:
            how = f"it ended with exit code {process.wait(_END_TIMEOUT)}"
        except subprocess.TimeoutExpired:
            how = "it closed its output"
        return how + self._last_words() + "\n(check the options anabranch.java.home and anabranch.java.options)"

    def _last_words(self) -> str:
        with self._lock:
            lines = [line for _, line in self._early_lines][-20:]
        return "; its last output:\n" + "\n".join(f"  {line}" for line in lines) if lines else " without any output"


def _flags_of_environment() -> list[str]:
    """Returns the flags that a JVM takes from its environment by itself."""
    return " ".join(os.environ.get(name, "") for name in ("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS")).split()


def _message(error: Py4JJavaError) -> str:
    """Returns the message that the Java side has made for the user, or else what has happened there."""
    thrown = error.java_exception
    if thrown.getClass().getName() == _REJECTED:
        return str(thrown.getMessage())
    return str(thrown.toString())
