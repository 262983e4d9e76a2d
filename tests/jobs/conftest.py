"""What whole-job tests share: a jar of Java operators, and drivers run as processes of their own."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

import anabranch

HERE = Path(__file__).parent
# Every job of these tests runs on Ray instead, with `make test-ray`.
ON_RAY = os.environ.get("ANABRANCH_TEST_LAUNCHER") == "ray"
RUNTIME_JAR = Path(anabranch.__file__).parent / "jars" / "anabranch-runtime.jar"
MARK = "ANABRANCH_TEST_DRIVER"


@pytest.fixture(scope="session", autouse=ON_RAY)
def ray_cluster() -> Iterator[Any]:
    """A Ray cluster of one node for the jobs of this process and of the drivers that it starts."""
    import ray

    with tempfile.TemporaryDirectory(dir="/tmp", prefix="ray") as directory, pytest.MonkeyPatch.context() as patch:
        ray.init(
            num_cpus=4,
            _temp_dir=directory,
            object_store_memory=100 << 20,
            include_dashboard=False,
            log_to_driver=False,
            namespace="anabranch-tests",
        )
        patch.setenv("RAY_ADDRESS", ray.get_runtime_context().gcs_address)
        patch.setenv("ANABRANCH_LAUNCHER", "ray")
        patch.setenv("ANABRANCH_LOG_PREFIX", "off")
        yield ray
        ray.shutdown()


@pytest.fixture(scope="session")
def acme_jar(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The jar of tests/jobs/java, compiled against the API."""
    target = tmp_path_factory.mktemp("acme")
    classes = target / "classes"
    sources = [str(path) for path in (HERE / "java").rglob("*.java")]
    subprocess.run(["javac", "-cp", str(RUNTIME_JAR), "-d", str(classes), *sources], check=True, timeout=600)
    jar = target / "acme.jar"
    subprocess.run(["jar", "cf", str(jar), "-C", str(classes), "."], check=True, timeout=600)
    return str(jar)


class Driver:
    """A job's main script, run as a process; the processes it leads to are known by a mark in their environment."""

    def __init__(self, script: str, directory: Path, *arguments: str, **environment: str) -> None:
        self.path = directory / "main.py"
        self.path.write_text(script)
        self._mark = uuid.uuid4().hex
        self.process = subprocess.Popen(
            [sys.executable, str(self.path), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
            cwd=directory,
            env={**os.environ, MARK: self._mark, **environment},
        )

    def finish(self, timeout: float = 300) -> tuple[int, str, str]:
        """Waits for the end of the script; returns exit code, stdout and stderr."""
        out, err = self.process.communicate(timeout=timeout)
        return self.process.returncode, out, err

    def wait_for_line(self, line: str, timeout: float = 300) -> None:
        """Reads stdout until the line has come."""
        assert self.process.stdout is not None
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            read = self.process.stdout.readline()
            if read.rstrip("\n") == line:
                return
            if not read:
                break
        self.process.kill()
        pytest.fail(f"{line!r} never came; stderr: {self.process.communicate()[1]}")

    def descendants(self) -> list[psutil.Process]:
        """Every living process that the driver has led to, the driver itself left out."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                alive = process.status() != psutil.STATUS_ZOMBIE and process.pid != self.process.pid
                if alive and process.environ().get(MARK) == self._mark:
                    found.append(process)
        return found

    def wait_until_alone(self, timeout: float = 60) -> None:
        """Fails unless every descendant has ended in time."""
        deadline = time.monotonic() + timeout
        while self.descendants():
            assert time.monotonic() < deadline, f"left behind: {[p.cmdline() for p in self.descendants()]}"
            time.sleep(0.05)

    def close(self) -> None:
        """Ends whatever is left."""
        for process in [*self.descendants(), self.process]:
            with contextlib.suppress(psutil.Error, OSError):
                process.kill()
        self.process.communicate()


@pytest.fixture
def drive(tmp_path: Path) -> Iterator[type[Driver]]:
    """Starts driver scripts; ends what a failing test leaves."""
    drivers: list[Driver] = []

    def start(script: str, *arguments: str, **environment: str) -> Driver:
        driver = Driver(script, tmp_path, *arguments, **environment)
        drivers.append(driver)
        return driver

    yield start  # type: ignore[misc]
    for driver in drivers:
        driver.close()
