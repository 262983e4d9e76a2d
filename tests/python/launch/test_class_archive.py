"""Where the class data archive is kept."""

import os
import subprocess
import sys
from pathlib import Path

from anabranch.launch import class_archive

ROOT = Path(__file__).parents[3]


def test_a_user_without_a_home_directory_has_a_cache_too(monkeypatch):
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", no_home)

    assert class_archive.cache_dir().name == "anabranch"


def no_home() -> Path:
    raise RuntimeError("Could not determine home directory.")


def test_an_archive_that_others_may_write_or_replace_is_not_used(tmp_path):
    archive = tmp_path / "cache" / "runtime.jsa"
    archive.parent.mkdir(mode=0o700)
    archive.touch(0o600)
    assert class_archive.is_usable(archive)

    archive.parent.chmod(0o777)
    assert not class_archive.is_usable(archive)
    archive.parent.chmod(0o700)
    archive.chmod(0o666)
    assert not class_archive.is_usable(archive)


def test_the_command_makes_the_archive_once(tmp_path):
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "anabranch.launch.class_archive"]

    subprocess.run(command, env=environment, check=True, timeout=300)
    (archive,) = (tmp_path / "anabranch").iterdir()
    made = archive.stat().st_ino
    subprocess.run(command, env=environment, check=True, timeout=300)

    assert archive.suffix == ".jsa"
    assert [path.stat().st_ino for path in (tmp_path / "anabranch").iterdir()] == [made]


def test_set_up_makes_the_archive():
    steps = subprocess.check_output(
        ["make", "--dry-run", "--what-if=python/anabranch/jars/anabranch-runtime.jar", "setup"], cwd=ROOT, text=True
    )

    assert "-m anabranch.launch.class_archive" in steps
