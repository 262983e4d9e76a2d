"""Wheels and source distributions: complete, or refused with the reason."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from anabranch.client.ray import connection
from anabranch.launch import java
from anabranch.launch.java import runtime_jar

ROOT = Path(__file__).parents[2]
JAR = "python/anabranch/jars/anabranch-runtime.jar"
# What a build has no use for.
OTHER = (":!docs", ":!tests", ":!benchmarks", ":!examples", ":!java/*/src/test")

pytestmark = pytest.mark.timeout(900)


class Checkout:
    """A copy of the sources, as in a fresh clone; and what is built of it."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "checkout"
        self.built = directory / "built"
        listed = subprocess.check_output(["git", "ls-files", "--", ".", *OTHER], cwd=ROOT, text=True)
        for name in listed.splitlines():
            (self.path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, self.path / name)

    def has_the_jar(self) -> None:
        """It is newer than all that it is built from."""
        (self.path / JAR).parent.mkdir()
        (self.path / JAR).write_bytes(runtime_jar().read_bytes())

    def build(self, hook: str = "build_wheel", **environment: str) -> subprocess.CompletedProcess[str]:
        """Calls a hook of the build backend, which is what pip and `python -m build` do."""
        self.built.mkdir(exist_ok=True)
        return subprocess.run(
            [sys.executable, "-c", f"from setuptools import build_meta; build_meta.{hook}({str(self.built)!r})"],
            cwd=self.path,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )


@pytest.fixture
def checkout(tmp_path):
    return Checkout(tmp_path)


@pytest.fixture
def path_without_maven(tmp_path):
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("make", "sh", "sed", "find", "mkdir", "cat"):
        (programs / name).symlink_to(str(shutil.which(name)))
    return str(programs)


@pytest.mark.parametrize("hook", ["build_wheel", "build_sdist"])
def test_without_the_jar_and_without_maven_nothing_is_built(checkout, path_without_maven, hook):
    done = checkout.build(hook, PATH=path_without_maven, JAVA_HOME="")

    assert done.returncode != 0
    assert "the jar of the Java runtime was not built: error: no Maven" in done.stderr
    assert list(checkout.built.iterdir()) == []


def test_without_a_compiler_a_wheel_is_refused(checkout):
    checkout.has_the_jar()

    done = checkout.build(CC="/nowhere/cc")

    assert done.returncode != 0
    assert "the record codec in C could not be compiled" in done.stderr
    assert "install a C compiler" in done.stderr
    assert list(checkout.built.iterdir()) == []


def test_a_wheel_of_pure_python_can_be_asked_for_and_fits_every_python(checkout):
    checkout.has_the_jar()

    assert checkout.build(CC="/nowhere/cc", ANABRANCH_PURE_PYTHON="1").returncode == 0

    (wheel,) = checkout.built.iterdir()
    assert wheel.name.endswith("-py3-none-any.whl")
    assert "anabranch/jars/anabranch-runtime.jar" in zipfile.ZipFile(wheel).namelist()


def test_what_earlier_builds_have_left_is_not_in_a_wheel(checkout):
    checkout.has_the_jar()
    (checkout.path / "python/anabranch/v1").mkdir()
    (checkout.path / "python/anabranch/v1/__init__.py").touch()
    (checkout.path / "python/anabranch/v1/stale_pb2.py").touch()
    (checkout.path / "build/lib/anabranch").mkdir(parents=True)
    (checkout.path / "build/lib/anabranch/stale.py").touch()

    assert checkout.build(ANABRANCH_PURE_PYTHON="1").returncode == 0

    (wheel,) = checkout.built.iterdir()
    assert [name for name in zipfile.ZipFile(wheel).namelist() if "stale" in name] == []


HYBRID = """
from anabranch import StreamingContext

ctx = StreamingContext.Builder().build()
ctx.add_jar("classes")
shouts = ctx.from_values("source", "river").as_java_stream().map("com.acme.Shout").as_python_stream()
print(shouts.execute_and_collect("hybrid"))
"""

SHOUT = """
package com.acme;

import org.anabranch.api.function.MapFunction;

public final class Shout implements MapFunction<String, String> {
  @Override
  public String map(String value) {
    return value.toUpperCase() + "!";
  }
}
"""


@pytest.mark.slow
def test_a_wheel_made_of_a_source_distribution_runs_a_hybrid_job_in_an_empty_environment(checkout, tmp_path):
    checkout.has_the_jar()
    assert checkout.build("build_sdist").returncode == 0
    (sdist,) = checkout.built.iterdir()
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    (checkout.path,) = (tmp_path / "unpacked").iterdir()
    checkout.built = tmp_path / "wheels"
    done = checkout.build()
    assert done.returncode == 0, done.stderr
    (wheel,) = checkout.built.iterdir()

    def run(*command: str) -> str:
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        return subprocess.check_output(command, cwd=tmp_path, env=environment, text=True, timeout=600)

    python = str(tmp_path / "empty/bin/python")
    run(sys.executable, "-m", "venv", "empty")
    run(python, "-m", "pip", "install", "--quiet", str(wheel))
    where = "import anabranch, pathlib; print(pathlib.Path(anabranch.__file__).parent)"
    installed = run(python, "-c", where).strip()
    assert installed.startswith(str(tmp_path / "empty"))
    (tmp_path / "Shout.java").write_text(SHOUT)
    run("javac", "-cp", f"{installed}/jars/anabranch-runtime.jar", "-d", "classes", "Shout.java")
    (tmp_path / "hybrid.py").write_text(HYBRID)

    assert run(python, "hybrid.py") == "['SOURCE!', 'RIVER!']\n"
    assert "record codec: native" in run(str(tmp_path / "empty/bin/anabranch"), "doctor")


@pytest.mark.parametrize(("extra", "module"), [("jvm", java), ("ray", connection)])
def test_what_a_message_says_to_install_is_what_the_extra_installs(extra, module):
    """The names of those packages, for this one may be installed from a file."""
    requirement = re.search(rf'^{extra} = \["(.*)"\]', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    said = re.search(r"pip install ['\"]?([^'\"`]+)", Path(module.__file__).read_text())

    assert said is not None
    assert requirement is not None
    assert requirement[1].startswith(said[1])
