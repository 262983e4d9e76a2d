"""A class data archive of the Java runtime: halves the time that a JVM takes to start.

It is made once per JDK and runtime jar and kept in the user's cache directory. Without it everything works, more slowly
at the start; so nothing in here ever raises because of it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from anabranch.config import Options
from anabranch.errors import JavaNotFoundError
from anabranch.launch.java import Java, find_java, runtime_jar

_KEPT = 4
_BUILD_TIMEOUT = 120
_TRAINER = "org.anabranch.runtime.cds.ArchiveRun"

_begun: set[Path] = set()


def archive_of(java: Java, jar: Path) -> Path:
    """Returns where the archive for this JDK and jar is, or would be."""
    digest = hashlib.sha256()
    for file in (java.program, jar):
        stat = file.stat()
        digest.update(f"{file}|{stat.st_size}|{stat.st_mtime_ns}\n".encode())
    return cache_dir() / f"runtime-{digest.hexdigest()[:16]}.jsa"


def is_usable(archive: Path) -> bool:
    """Returns whether the archive is there and nobody but the user can have written it."""
    try:
        found = [path.stat() for path in (archive, archive.parent)]
    except OSError:
        return False
    return all(stat.st_uid == os.getuid() and stat.st_mode & 0o022 == 0 for stat in found)


def build(java: Java, jar: Path) -> Path | None:
    """Creates the archive by a short run of the runtime; returns it, or None if that failed.

    The JVM writes to a file of its own, which is renamed once it is whole. It runs at low priority and ends with
    this process.
    """
    archive = archive_of(java, jar)
    try:
        archive.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _remove_old(archive.parent)
        with tempfile.TemporaryDirectory(prefix="runtime-", dir=archive.parent) as directory:
            part = Path(directory, archive.name)
            _train(java, jar, part)
            part.chmod(0o600)
            part.replace(archive)
    except (OSError, subprocess.SubprocessError):
        return None
    return archive


def build_in_background(java: Java, jar: Path) -> None:
    """Creates the archive for the next time, if nobody in this process has begun to."""
    archive = archive_of(java, jar)
    if archive not in _begun:
        _begun.add(archive)
        threading.Thread(target=build, args=(java, jar), name="anabranch-class-archive", daemon=True).start()


def _train(java: Java, jar: Path, part: Path) -> None:
    archive = f"-XX:ArchiveClassesAtExit={part}"
    process = subprocess.Popen(
        [java.program, archive, "-XX:+UseSerialGC", "-Xlog:disable", "-cp", jar, _TRAINER, part.parent],
        stdin=subprocess.PIPE,  # its end tells the JVM that nobody waits any more
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        os.setpriority(os.PRIO_PROCESS, process.pid, 19)
        process.wait(_BUILD_TIMEOUT)
    finally:
        process.kill()
        process.wait()
        assert process.stdin is not None  # noqa: S101 - asked for above
        process.stdin.close()


def cache_dir() -> Path:
    """Returns the user's cache directory of this package; it may not exist."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if base else _home() / ".cache") / "anabranch"


def _home() -> Path:
    """Returns the user's home directory; one in the directory for temporary files for a user who has none."""
    try:
        return Path.home()
    except RuntimeError:  # neither HOME nor an entry in the list of users, as in containers
        return Path(tempfile.gettempdir()) / f"anabranch-home-{os.getuid()}"


def _remove_old(directory: Path) -> None:
    """Keeps the newest archives; others belong to runtimes and JDKs that are gone."""
    with contextlib.suppress(OSError):
        newest_first = sorted(directory.glob("runtime-*"), key=lambda file: file.stat().st_mtime, reverse=True)
        for old in newest_first[_KEPT - 1 :]:
            if old.is_dir():
                shutil.rmtree(old, ignore_errors=True)
            else:
                old.unlink(missing_ok=True)


def main() -> None:
    """Creates the archive if it is missing; for `make setup`, and for whoever builds an image."""
    try:
        java, jar = find_java(Options()), runtime_jar()
    except JavaNotFoundError as error:
        sys.exit(f"no class archive: {error}")
    if not is_usable(archive_of(java, jar)):
        build(java, jar)


if __name__ == "__main__":
    main()
