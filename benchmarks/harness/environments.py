"""The environments of the peers: each has its own interpreter and packages, installed on demand by name."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
ENVIRONMENTS = ROOT / "benchmarks" / ".environments"
PEERS = ROOT / "benchmarks" / "peers"


@dataclass(frozen=True)
class Environment:
    """How a peer is installed.

    Attributes:
        packages: What pip installs, with the range that the peer's code is written for.
        python: Names of interpreters that will do, the preferred first; empty: that of the engine.
        project: Maven project to build, relative to the peers' directory.
    """

    packages: tuple[str, ...] = ()
    python: tuple[str, ...] = ()
    project: str = ""


ALL = {
    # 2.3 is the newest release, for Python 3.10 to 3.12. The jar with its operators in Java is that of `flink`.
    "pyflink": Environment(("apache-flink>=2.3,<2.4",), ("python3.11", "python3.12", "python3.10"), "flink-java"),
    # 0.21 is the last release; it has wheels for Python 3.8 to 3.12.
    "bytewax": Environment(("bytewax>=0.21,<0.22",), ("python3.11", "python3.12", "python3.10")),
    # The API below 1.0 changes with the minor version.
    "pathway": Environment(("pathway>=0.33,<0.34",), ("python3.11", "python3.12", "python3.10")),
    "flink": Environment(project="flink-java"),
    # The range of the engine's own `ray` extra, so that both use the same Ray.
    "ray-actors": Environment(("ray>=2.50,<3",)),
}


def python(name: str) -> str:
    """Returns the interpreter of an environment; the empty name is that of the engine."""
    has_own = name and ALL[name].packages
    return str(ENVIRONMENTS / name / "bin" / "python") if has_own else sys.executable


def missing_reason(name: str) -> str:
    """Returns why an environment cannot be used, or nothing."""
    if not name or (_ready(name).exists() and _is_built(name)):
        return ""
    failure = _failure(name)
    if failure.exists():
        return f"not installable here: {failure.read_text().strip()}"
    return f"not installed: python -m benchmarks install {name}"


def install(name: str, progress: Callable[[str], None]) -> bool:
    """Installs an environment if it is not there yet; says whether it is there now."""
    if not missing_reason(name):
        return True
    progress(f"installing {name}")
    ENVIRONMENTS.mkdir(exist_ok=True)
    environment = ALL[name]
    try:
        if environment.packages and not _ready(name).exists():
            shutil.rmtree(ENVIRONMENTS / name, ignore_errors=True)
            _run(_interpreter(environment), "-m", "venv", str(ENVIRONMENTS / name))
            _run(python(name), "-m", "pip", "install", "--quiet", *environment.packages)
        if environment.project:
            pom = PEERS / environment.project / "pom.xml"
            _run("mvn", "--batch-mode", "-q", "-f", str(pom), "package", "-Dspotless.check.skip")
    except (OSError, subprocess.CalledProcessError) as error:
        lines = getattr(error, "output", None) or str(error)
        reason = next((line for line in reversed(lines.splitlines()) if "ERROR" in line), lines.strip()[-300:])
        _failure(name).write_text(reason)
        progress(f"{name} could not be installed: {reason}")
        return False
    _failure(name).unlink(missing_ok=True)
    _ready(name).touch()
    return True


def _run(*command: str) -> None:
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=1800, check=False
    )
    if done.returncode:
        raise subprocess.CalledProcessError(done.returncode, command, done.stdout)


def _interpreter(environment: Environment) -> str:
    """Returns the first interpreter that starts: a version manager has names that do not."""
    for name in environment.python:
        path = shutil.which(name)
        if path and not subprocess.run([path, "--version"], capture_output=True, check=False).returncode:
            return path
    return sys.executable


def _is_built(name: str) -> bool:
    """Whether the Maven project, if there is one, has a jar that is newer than its sources."""
    if not ALL[name].project:
        return True
    project = PEERS / ALL[name].project
    sources = [project / "pom.xml", *(project / "src").rglob("*.java")]
    built = [path.stat().st_mtime for path in (project / "target").glob("*.jar")]
    return bool(built) and min(built) >= max(path.stat().st_mtime for path in sources)


def _ready(name: str) -> Path:
    return ENVIRONMENTS / f"{name}.ready"


def _failure(name: str) -> Path:
    return ENVIRONMENTS / f"{name}.failed"
