"""Wheels: with the native codec where there is a compiler, and of pure Python where there is none."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

# What a wheel is built of.
SOURCES = ("pyproject.toml", "setup.py", "README.md", "proto", "python/anabranch")


def build(directory, **variables):
    """Builds a wheel of a copy of the sources, as `pip wheel` does; returns it."""
    source = directory / "source"
    source.mkdir()
    names = subprocess.run(
        ["git", "ls-files", *SOURCES], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    for name in names:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes((ROOT / name).read_bytes())
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(directory), str(source)]
    built = subprocess.run(pip, env={**os.environ, **variables}, capture_output=True, text=True, check=False)
    assert 0 == built.returncode, built.stderr
    (wheel,) = directory.glob("*.whl")
    return wheel


def installed(wheel, directory):
    """Unpacks a wheel, which is all that installing it does; returns what `doctor` says of it."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(directory)
    doctor = [sys.executable, "-m", "anabranch", "doctor"]
    environment = {**os.environ, "PYTHONPATH": str(directory)}
    environment.pop("ANABRANCH_PURE_PYTHON", None)
    said = subprocess.run(doctor, env=environment, cwd=directory, capture_output=True, text=True, check=False)
    there = "import anabranch; print(anabranch.__file__)"
    where = subprocess.run(
        [sys.executable, "-c", there], env=environment, cwd=directory, capture_output=True, text=True, check=True
    ).stdout
    assert where.startswith(str(directory))
    return said.stdout


def test_a_wheel_brings_the_native_codec(tmp_path):
    wheel = build(tmp_path)

    assert any("_native" in name for name in zipfile.ZipFile(wheel).namelist())
    assert "record codec: native" in installed(wheel, tmp_path / "site")


def test_without_a_compiler_a_wheel_does_without_it(tmp_path):
    wheel = build(tmp_path, CC="/nowhere/cc")

    assert not any("_native" in name for name in zipfile.ZipFile(wheel).namelist())
    assert "record codec: pure Python" in installed(wheel, tmp_path / "site")
