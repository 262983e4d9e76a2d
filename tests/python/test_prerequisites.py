"""What `make setup` says on a machine that lacks something."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "tools" / "prerequisites"


class Machine:
    """A shell, and the programs that a test puts beside it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.programs = path / "bin"
        self.programs.mkdir()
        for name in ("sed", "head"):
            self.programs.joinpath(name).symlink_to(str(shutil.which(name)))

    def has(self, name: str, script: str) -> None:
        program = self.programs / name
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)

    def check(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(SCRIPT), *arguments],
            env={"PATH": str(self.programs), **environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def maven_on(java_version: str, home: Path) -> str:
    return f'echo "Apache Maven 3.8.7"; echo "Java version: {java_version}, vendor: X, runtime: {home}"'


def test_no_python_is_an_error_that_says_how_to_name_one(machine):
    done = machine.check("python")

    assert done.returncode == 1
    assert "no Python >= 3.10" in done.stderr
    assert "make setup PYTHON=" in done.stderr


def test_an_old_python_is_passed_over(machine):
    machine.has("python3", '[ "$1" = --version ] && echo Python 3.8.1; exit 1')
    machine.has("python3.12", f'exec {sys.executable} "$@"')

    done = machine.check("python")

    assert done.returncode == 0
    assert done.stdout == f"{machine.path}/bin/python3.12\n"


def test_an_old_python_that_was_asked_for_is_named(machine):
    machine.has("python3.8", '[ "$1" = --version ] && echo Python 3.8.1; exit 1')

    done = machine.check("python", PYTHON="python3.8")

    assert done.returncode == 1
    assert "python3.8: Python 3.8.1" in done.stderr


def test_a_python_without_ensurepip_is_an_error_that_names_the_package(machine):
    machine.has("python3", 'case "$2" in *ensurepip*) exit 1;; esac; exit 0')

    done = machine.check("python")

    assert done.returncode == 1
    assert "apt-get install python3-venv" in done.stderr


def test_no_compiler_is_an_error(machine):
    done = machine.check("native", sys.executable)

    assert done.returncode == 1
    assert "no C compiler (looked for cc)" in done.stderr


def test_missing_python_headers_are_a_note_since_there_is_a_codec_in_python(machine):
    machine.has("cc", "exit 0")
    machine.has("python3", "exit 1")

    done = machine.check("native", "python3")

    assert done.returncode == 0
    assert "apt-get install python3-dev" in done.stdout


def test_no_maven_is_an_error(machine):
    done = machine.check("java")

    assert done.returncode == 1
    assert "no Maven" in done.stderr


def test_a_maven_without_java_is_an_error_with_its_own_words(machine):
    machine.has("mvn", "echo The JAVA_HOME environment variable is not defined correctly >&2; exit 1")

    done = machine.check("java")

    assert done.returncode == 1
    assert "JAVA_HOME environment variable is not defined correctly" in done.stderr
    assert "Set JAVA_HOME to a JDK >= 17" in done.stderr


def test_an_old_java_is_an_error(machine):
    machine.has("mvn", maven_on("11.0.2", machine.path))

    done = machine.check("java")

    assert done.returncode == 1
    assert f"Maven runs on Java 11 ({machine.path})" in done.stderr


def test_a_java_without_compiler_is_an_error(machine):
    machine.has("mvn", maven_on("21", machine.path))

    done = machine.check("java")

    assert done.returncode == 1
    assert "has no compiler (javac)" in done.stderr


def test_a_jdk_that_is_new_enough_will_do(machine):
    machine.has("mvn", maven_on("21.0.1", machine.path))
    machine.has("javac", "exit 0")

    done = machine.check("java")

    assert (done.returncode, done.stderr) == (0, "")
