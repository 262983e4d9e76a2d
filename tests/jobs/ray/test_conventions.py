"""A job runs wherever a driver of Ray runs."""

from __future__ import annotations

import contextlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil
import pytest

HYBRID = """
from anabranch import StreamingContext

def run(name):
    builder = StreamingContext.Builder().option("anabranch.python.tasks-per-worker", 4)
    ctx = builder.option("anabranch.launcher", "ray").option("anabranch.log.prefix", "off").build()
    numbers = ctx.from_values(1, 2, 3).set_parallelism(1).as_java_stream().map("java.lang.String::valueOf")
    numbers.as_python_stream().sink(lambda x: print(name, repr(x)))
    ctx.execute(name)
"""
EXPECTED = [f"{{}} '{n}'" for n in (1, 2, 3)]


def lines(name: str) -> list[str]:
    return [line.format(name) for line in EXPECTED]


@pytest.mark.parametrize("search_path", ["", ", job_config=JobConfig(code_search_path=['/tmp'])"])
def test_ray_init_was_called_before_in_a_namespace_with_any_code_search_path(drive, ray_cluster, search_path):
    script = f"""
import os, ray
from ray.job_config import JobConfig
if not ray.is_initialized():  # with a code search path Ray runs a script's module a second time
    ray.init(namespace="mine", log_to_driver=False, logging_level=40{search_path})
{HYBRID}
run("first")
run("second")
"""
    code, out, err = drive(script).finish(120)

    assert (0, lines("first") + lines("second")) == (code, out.splitlines()), err


def test_a_program_without_a_file(ray_cluster):
    program = subprocess.run(
        [sys.executable, "-"], input=HYBRID + "run('here')\n", capture_output=True, text=True, timeout=600, check=False
    )

    assert lines("here") == program.stdout.splitlines(), program.stderr


@pytest.mark.parametrize("mode", ["token", "disabled"])
def test_a_cluster_of_its_own_with_and_without_token_authentication(drive, mode, monkeypatch):
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    driver = drive(HYBRID + "run('own')\n", RAY_AUTH_MODE=mode)

    code, out, err = driver.finish(120)

    assert (0, lines("own")) == (code, out.splitlines()), err
    driver.wait_until_alone(15)


def test_a_node_without_java_is_told_and_lives_on(drive, monkeypatch, tmp_path):
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    for program in ("bash", "sh", "env", "nice"):
        (tmp_path / program).symlink_to(str(shutil.which(program)))
    script = (
        HYBRID
        + """
try:
    run("fails")
except Exception as error:
    print(error)
import ray
print("alive", [node["Alive"] for node in ray.nodes()])
"""
    )
    driver = drive(script, PATH=f"{tmp_path}:{Path(sys.executable).parent}", JAVA_HOME=str(java_home()))

    code, out, err = driver.finish(120)

    assert code == 0, err
    assert "no node of the Ray cluster can run Java operators: Ray takes java from PATH" in out
    assert out.splitlines()[-1] == "alive [True]"


def java_home() -> Path:
    return Path(str(shutil.which("java"))).resolve().parent.parent


def end_with_children(process: subprocess.Popen) -> None:
    """Ends a cluster that was started by `ray start --block`, whose own way out takes half a minute."""
    family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    for member in family:
        with contextlib.suppress(psutil.Error):
            member.kill()
    process.wait(10)


@contextlib.contextmanager
def cluster_with_a_dashboard() -> Iterator[str]:
    """A cluster of its own that takes jobs; yields their address."""
    ray = str(Path(sys.executable).with_name("ray"))
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="ray") as directory:
        port, dashboard, agent = free_ports(3)
        start = [
            ray,
            "start",
            "--head",
            "--block",
            "--num-cpus=4",
            "--include-dashboard=true",
            f"--temp-dir={directory}",
        ]
        start += [f"--port={port}", f"--dashboard-port={dashboard}", f"--dashboard-agent-listen-port={agent}"]
        start += [f"--object-store-memory={100 << 20}"]
        head = subprocess.Popen(start, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            yield f"http://127.0.0.1:{dashboard}"
        finally:
            end_with_children(head)


def free_ports(n: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(n)]
        return [server.getsockname()[1] for server in servers]


def submitted(command: Sequence[str], directory: Path) -> list[str]:
    """Submits a script as soon as the cluster takes it; returns the lines that its job has printed."""
    for _ in range(60):
        done = subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=600, check=False)
        if "submitted successfully" in done.stdout + done.stderr:
            break
        time.sleep(1)  # the head has not come up yet
    found = [line for line in done.stdout.splitlines() if line.startswith("submitted ")]
    assert found, done.stdout + done.stderr
    return found


def test_ray_job_submit_with_a_working_dir(tmp_path, monkeypatch):
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    (tmp_path / "helper.py").write_text("def shout(x):\n    return x + '!'\n")
    main = HYBRID.replace("lambda x: print(name, repr(x))", "lambda x: print(name, repr(helper.shout(x)))")
    (tmp_path / "main.py").write_text("import helper\nimport ray\nray.init()\n" + main + "run('submitted')\n")
    ray = str(Path(sys.executable).with_name("ray"))

    with cluster_with_a_dashboard() as address:
        command = [ray, "job", "submit", "--address", address, "--working-dir", str(tmp_path)]
        lines_of_job = submitted([*command, "--", sys.executable, "main.py"], tmp_path)

    assert [f"submitted '{n}!'" for n in (1, 2, 3)] == lines_of_job


def test_the_documented_command_runs_a_script_that_says_nothing_of_ray_on_the_cluster(tmp_path, monkeypatch):
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.delenv("ANABRANCH_LAUNCHER", raising=False)
    monkeypatch.delenv("ANABRANCH_LOG_PREFIX", raising=False)
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    page = (Path(__file__).parents[3] / "docs" / "ray.md").read_text()
    documented = re.search(r"`(ray job submit [^`]+)`", page)
    assert documented is not None
    (tmp_path / "job.py").write_text("""
from anabranch import StreamingContext
from anabranch.client.ray.jobs import ClusterJobs
ctx = StreamingContext.Builder().build()
words = ctx.from_values("a", "b").map(str.upper).collect()
job = ctx.submit("shouts")
job.wait()
print("submitted", words.get(), job.id in [each.job_id for each in ClusterJobs("auto").all()])
""")

    with cluster_with_a_dashboard() as address:
        command = documented[1].replace("http://HEAD:8265", address).removeprefix("ray ")
        command = command.replace("python job.py", f"{sys.executable} job.py")
        lines_of_job = submitted([str(Path(sys.executable).with_name("ray")), *command.split()], tmp_path)

    assert ["submitted ['A', 'B'] True"] == lines_of_job
