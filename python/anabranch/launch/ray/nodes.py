"""What is done on the nodes of a cluster for a job. Each function runs there as a Ray task."""

from __future__ import annotations

import filecmp
import hashlib
import shutil
import subprocess
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from anabranch.config import Options
from anabranch.errors import JavaNotFoundError
from anabranch.launch.directories import make_own
from anabranch.launch.java import find_java, java_on_path

_DUMP_TIMEOUT = 120.0


def look_for_java(java_host: str, options: dict[str, str]) -> str | None:
    """Returns why Java workers cannot run on this node, or None if they can.

    Ray takes `java` from PATH and brings the whole node down if there is none.
    """
    try:
        if java_host == "ray":
            java_on_path()
        else:
            find_java(Options(options))
    except JavaNotFoundError as error:
        return str(error)
    return None


def set_up(directory: str, packages: list[tuple[str, str, bytes]]) -> None:
    """Creates the job's directory on this node, for sockets and for its code.

    Several nodes may be on one host, and share it.

    Args:
        directory: Where it is to be, the same on every node.
        packages: Of each piece of code the content hash, the file name (a directory ends in `/`) and the content.
    """
    make_own(directory)
    for content_hash, name, content in packages:
        if hashlib.sha256(content).hexdigest() != content_hash:
            raise ValueError(f"{name} is not what the driver has packed: its SHA-256 is not {content_hash}")
        target = place_of(directory, content_hash, name)
        make_own(target.parent)
        part = Path(tempfile.mkdtemp(dir=directory))
        _write(part / target.name, content, is_directory=name.endswith("/"))
        try:
            (part / target.name).rename(target)
        except OSError:  # another node of this host was quicker
            if not _is_there(target, part / target.name):
                raise
        shutil.rmtree(part, ignore_errors=True)


def place_of(directory: str, content_hash: str, name: str) -> Path:
    """Returns where on a node a package is kept."""
    return Path(directory, content_hash[:16], name.rstrip("/"))


def clean_up(directory: str) -> None:
    """Removes the job's directory from this node."""
    shutil.rmtree(directory, ignore_errors=True)


def dump_class_archive(archive: str, class_path: str, collector: str) -> None:
    """Creates the class data archive of Ray's JVMs on this node, from the list of classes that one of them has loaded.

    Without it everything works, more slowly at the start; so nothing is raised.
    """
    target = Path(archive)
    lists = sorted(target.parent.glob(f"{target.name}.*.lst"), key=lambda file: file.stat().st_size)
    if target.exists() or not lists:
        return
    java = shutil.which("java")
    with tempfile.TemporaryDirectory(dir=target.parent) as directory:
        part = Path(directory, target.name)
        flags = [collector, f"-XX:SharedClassListFile={lists[-1]}", f"-XX:SharedArchiveFile={part}", "-Xlog:disable"]
        try:
            subprocess.run(
                ["nice", "-n", "19", str(java), "-Xshare:dump", *flags, "-cp", class_path],  # noqa: S607 - wherever it is
                check=True,
                capture_output=True,
                timeout=_DUMP_TIMEOUT,
            )
            part.chmod(0o600)
            part.replace(target)
        except (OSError, subprocess.SubprocessError):
            return
        finally:
            for file in lists:
                file.unlink(missing_ok=True)


def _write(target: Path, content: bytes, *, is_directory: bool) -> None:
    if not is_directory:
        target.write_bytes(content)
        return
    unzipped: Any = target.with_name(f"{target.name}.zip")
    unzipped.write_bytes(content)
    with zipfile.ZipFile(unzipped) as archive:
        archive.extractall(target)


def _is_there(target: Path, whole: Path) -> bool:
    """Returns whether a package is at its place, with the content that it should have."""
    files = [whole] if whole.is_file() else [each for each in whole.rglob("*") if each.is_file()]
    places = [target / file.relative_to(whole) for file in files]
    return all(
        place.is_file() and not place.is_symlink() and filecmp.cmp(file, place, shallow=False)
        for file, place in zip(files, places, strict=True)
    )
