"""Hosts of a cluster: network namespaces of this machine with one raylet in each, joined by a bridge; takes root."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

RAY = str(Path(sys.executable).parent / "ray")
NETWORK = "10.78.0"
BRIDGE = "anabranch0"
# The first node makes a token in the home directory, which all of them have in common.
ENVIRONMENT = {**os.environ, "RAY_AUTH_MODE": "token"}


class Nodes:
    """Three hosts on one machine."""

    def __init__(self) -> None:
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
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
            self._start(number)
        self._await(3)

    def _await(self, nodes: int) -> None:
        deadline = time.monotonic() + 300
        while self._alive() < nodes:
            assert time.monotonic() < deadline, "the nodes did not come up"
            time.sleep(0.5)

    def _start(self, number: int) -> None:
        head = ["--head", "--port=6379", "--include-dashboard=false", "--disable-usage-stats"]
        role = head if number == 1 else [f"--address={NETWORK}.1:6379"]
        command = [RAY, "start", "--block", f"--node-ip-address={NETWORK}.{number}", "--num-cpus=2", *role]
        command += ["--object-store-memory", str(100 << 20)]
        # A temporary directory of its own: nothing can be passed on by a shared one.
        script = f"mount -t tmpfs tmpfs /tmp && exec {' '.join(command)}"
        enter = ["ip", "netns", "exec", self.names[number - 1]]
        process = subprocess.Popen(
            [*enter, "sh", "-c", script], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ENVIRONMENT
        )
        self._processes[number] = process
        if number == 1:
            self._await(1)  # others that come before it is there give up

    def on_head(self, *command: str, timeout: float = 600) -> subprocess.CompletedProcess[str]:
        """Runs a command on the first node."""
        enter = ["nsenter", "--target", str(self._processes[1].pid), "--mount", "--net"]
        return subprocess.run(
            [*enter, *command], capture_output=True, text=True, timeout=timeout, check=False, env=ENVIRONMENT
        )

    def start_on_head(self, *command: str) -> subprocess.Popen[str]:
        """Starts a command on the first node."""
        enter = ["nsenter", "--target", str(self._processes[1].pid), "--mount", "--net"]
        return subprocess.Popen([*enter, *command], stdout=subprocess.PIPE, text=True, env=ENVIRONMENT)

    def lose(self, number: int, how: str) -> None:
        """Loses a node: all its processes are `killed`, or it is `cut off`: what is sent to it is not even refused."""
        if how == "cut off":
            run("ip", "link", "set", f"{self.names[number - 1]}o", "down")
        else:
            self._kill(number)

    def bring_back(self, number: int) -> None:
        """Has a node that was lost join again, as another one."""
        self._kill(number)
        run("ip", "link", "set", f"{self.names[number - 1]}o", "up")
        self._start(number)
        self._await(3)

    def _kill(self, number: int) -> None:
        listing = ["ip", "netns", "pids", self.names[number - 1]]
        pids = subprocess.run(listing, capture_output=True, text=True, check=True).stdout.split()
        if not pids:
            return
        subprocess.run(["kill", "-9", *pids], check=False)
        self._processes[number].wait(30)

    def _alive(self) -> int:
        code = "import ray; ray.init('auto', logging_level=40); print('alive', sum(n['Alive'] for n in ray.nodes()))"
        try:
            done = self.on_head(sys.executable, "-c", code, timeout=60)
        except subprocess.TimeoutExpired:  # Ray waits for a node that was not there yet when it was asked
            return 0
        found = [line for line in done.stdout.splitlines() if line.startswith("alive")]
        return int(found[0].split()[1]) if found else 0

    def stop(self) -> None:
        for process in reversed(self._processes.values()):
            process.terminate()
        for process in self._processes.values():
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
