"""Jobs over several nodes, each with a network and a temporary directory of its own.

The nodes are network namespaces of this machine with one raylet in each, joined by a bridge; that takes root.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

RAY = str(Path(sys.executable).parent / "ray")
NETWORK = "10.78.0"
BRIDGE = "anabranch0"
# The first node makes a token in the home directory, which all of them have in common.
ENVIRONMENT = {**os.environ, "RAY_AUTH_MODE": "token"}

SCRIPT = """
import sys
from collections import Counter
from anabranch import StreamingContext

strategy, jar, cpus = sys.argv[1], sys.argv[2], float(sys.argv[3])
builder = StreamingContext.Builder().option("anabranch.launcher", "ray").option("anabranch.ray.address", "auto")
builder.option("anabranch.ray.strategy", strategy).option("anabranch.java.tasks-per-worker", 1)
ctx = builder.build().add_jar(jar).set_parallelism(3)
numbers = ctx.from_collection(range(30_000)).with_resource(num_cpus=cpus)
tripled = numbers.as_java_stream().map("com.acme.Functions$TripleAndOne").with_resource(num_cpus=cpus)
counted = tripled.as_python_stream().key_by(lambda x: x % 10).map(lambda x: x).collect()
job = ctx.submit("nodes")
from anabranch.cluster.jobs import ClusterJobs
while job.status().state.name in ("CREATED", "DEPLOYING"):
    pass
plan = ClusterJobs("auto").explain(job.id)
for worker in plan.workers:
    print("worker", worker.worker_id, worker.host, "|".join(worker.tasks))
assert sorted(counted.get(120)) == [3 * x + 1 for x in range(30_000)]
print("right")
"""


class Nodes:
    """Three hosts on one machine."""

    def __init__(self) -> None:
        self._processes: list[subprocess.Popen[bytes]] = []
        self.names = [f"anabranch{number}" for number in (1, 2, 3)]

    def start(self) -> None:
        run("ip", "link", "add", BRIDGE, "type", "bridge")
        run("ip", "link", "set", BRIDGE, "up")
        for number, name in enumerate(self.names, 1):
            run("ip", "netns", "add", name)
            run("ip", "link", "add", f"{name}o", "type", "veth", "peer", "name", "eth0", "netns", name)
            run("ip", "link", "set", f"{name}o", "master", BRIDGE, "up")
            run("ip", "-n", name, "addr", "add", f"{NETWORK}.{number}/24", "dev", "eth0")
            run("ip", "-n", name, "link", "set", "eth0", "up")
            run("ip", "-n", name, "link", "set", "lo", "up")
        for number in (1, 2, 3):
            role = (
                ["--head", "--port=6379", "--include-dashboard=false", "--disable-usage-stats"]
                if number == 1
                else [f"--address={NETWORK}.1:6379"]
            )
            self._ray(number, *role)
        deadline = time.monotonic() + 60
        while self._alive() < 3:
            assert time.monotonic() < deadline, "the nodes did not come up"
            time.sleep(0.5)

    def _ray(self, number: int, *role: str) -> None:
        command = [RAY, "start", "--block", f"--node-ip-address={NETWORK}.{number}", "--num-cpus=2", *role]
        command += ["--object-store-memory", str(100 << 20)]
        # A temporary directory of its own: nothing can be passed on by a shared one.
        script = f"mount -t tmpfs tmpfs /tmp && exec {' '.join(command)}"
        enter = ["ip", "netns", "exec", self.names[number - 1]]
        process = subprocess.Popen(
            [*enter, "sh", "-c", script], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ENVIRONMENT
        )
        self._processes.append(process)
        if number == 1:
            time.sleep(5)

    def on_head(self, *command: str, timeout: float = 180) -> subprocess.CompletedProcess[str]:
        """Runs a command on the first node."""
        enter = ["nsenter", "--target", str(self._processes[0].pid), "--mount", "--net"]
        return subprocess.run(
            [*enter, *command], capture_output=True, text=True, timeout=timeout, check=False, env=ENVIRONMENT
        )

    def _alive(self) -> int:
        code = "import ray; ray.init('auto', logging_level=40); print('alive', sum(n['Alive'] for n in ray.nodes()))"
        done = self.on_head(sys.executable, "-c", code)
        found = [line for line in done.stdout.splitlines() if line.startswith("alive")]
        return int(found[0].split()[1]) if found else 0

    def stop(self) -> None:
        for process in reversed(self._processes):
            process.terminate()
        for process in self._processes:
            try:
                process.wait(120)
            except subprocess.TimeoutExpired:
                process.kill()
        for name in self.names:
            pids = subprocess.run(["ip", "netns", "pids", name], capture_output=True, text=True, check=False).stdout
            for pid in pids.split():
                subprocess.run(["kill", "-9", pid], check=False)
            subprocess.run(["ip", "netns", "del", name], check=False)
        subprocess.run(["ip", "link", "del", BRIDGE], check=False)


def run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


def may_make_networks() -> bool:
    if os.geteuid() != 0 or not shutil.which("ip") or not shutil.which("nsenter"):
        return False
    made = subprocess.run(["ip", "netns", "add", "anabranch-try"], capture_output=True, check=False).returncode == 0
    if made:
        subprocess.run(["ip", "netns", "del", "anabranch-try"], check=False)
    return made


@pytest.fixture(scope="module")
def nodes() -> Iterator[Nodes]:
    if not may_make_networks():
        pytest.skip("network namespaces cannot be made here")
    if Path(RAY).is_relative_to("/tmp"):
        pytest.skip("each node has a /tmp of its own, which would hide this checkout")
    nodes = Nodes()
    try:
        nodes.start()
        yield nodes
    finally:
        nodes.stop()


@pytest.fixture
def script(acme_jar) -> Iterator[list[str]]:
    """The driver and its jar, where the nodes find them: each has a /tmp of its own."""
    with tempfile.TemporaryDirectory(dir=Path.home()) as directory:
        shutil.copy(acme_jar, directory)
        main = Path(directory, "main.py")
        main.write_text(SCRIPT)
        yield [str(main), str(Path(directory, "acme.jar"))]


def hosts(out: str) -> dict[str, str]:
    return dict(line.split()[1:3] for line in out.splitlines() if line.startswith("worker "))


@pytest.mark.timeout(300)
def test_a_job_of_both_languages_is_spread_over_three_nodes(nodes, script):
    main, jar = script

    done = nodes.on_head(sys.executable, main, "spread", jar, "0.1")

    assert done.stdout.splitlines()[-1:] == ["right"], done.stdout + done.stderr
    assert set(hosts(done.stdout).values()) == {f"{NETWORK}.{n}" for n in (1, 2, 3)}


@pytest.mark.timeout(300)
def test_the_neighbours_of_a_pipeline_are_on_one_node(nodes, script):
    main, jar = script

    done = nodes.on_head(sys.executable, main, "pipeline", jar, "0.9")

    assert done.stdout.splitlines()[-1:] == ["right"], done.stdout + done.stderr
    host_of = hosts(done.stdout)
    assert len(set(host_of.values())) == 3
    by_task = {}
    for line in done.stdout.splitlines():
        if line.startswith("worker "):
            tasks = line.split(maxsplit=3)[3]
            by_task.setdefault(tasks[tasks.index("(") :], set()).add(line.split()[2])
    assert all(len(each) == 1 for each in by_task.values()), by_task
