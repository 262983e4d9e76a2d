"""How Ray's JVMs are started: one set of flags for all of a job."""

from __future__ import annotations

import hashlib
import re
import shlex
import shutil
from pathlib import Path
from typing import Any

from anabranch.config import Options
from anabranch.launch.class_archive import cache_dir, is_usable

_COLLECTOR = re.compile(r"-XX:\+Use\w+GC")

# Ray serializes exceptions by reflection: without these a JVM of 17 or newer ends with the first exception.
_OPENED = (
    *(
        "java.lang",
        "java.lang.invoke",
        "java.lang.reflect",
        "java.io",
        "java.net",
        "java.nio",
        "java.math",
        "java.text",
    ),
    *("java.time", "java.util", "java.util.concurrent", "java.util.concurrent.atomic"),
    *("java.util.concurrent.locks", "jdk.internal.misc", "sun.nio.ch"),
)


def flags(options: Options, archive: str) -> list[str]:
    """Returns the flags, the user's own last.

    Args:
        options: The job's options.
        archive: File of the class data archive; where it is not there yet, JVMs list what it has to hold.
    """
    users = shlex.split(options.text("anabranch.java.options"))
    result = [f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in _OPENED]
    result += ["--add-opens=java.sql/java.sql=ALL-UNNAMED", "-Xshare:auto", "-Xlog:disable"]
    if archive:
        usable = is_usable(Path(archive))
        result.append(f"-XX:SharedArchiveFile={archive}" if usable else f"-XX:DumpLoadedClassList={archive}.%p.lst")
    if not any(_COLLECTOR.fullmatch(flag) for flag in users):
        result.append(collector(options))
    heap = options.text("anabranch.java.max-heap")
    return [*result, *([f"-Xmx{heap}"] if heap else []), *users]


def collector(options: Options) -> str:
    """Returns the flag of the garbage collector: the user's, or the one that is quickest to start."""
    users = shlex.split(options.text("anabranch.java.options"))
    return next((flag for flag in users if _COLLECTOR.fullmatch(flag)), "-XX:+UseSerialGC")


def class_path(ray: Any) -> str:
    """Returns the class path that Ray starts its JVMs with."""
    return str(Path(ray.__file__).parent / "jars" / "*")


def archive_path(ray: Any, options: Options) -> str:
    """Returns where the class data archive of Ray's JVMs is or will be, or empty if there is no place for it.

    It depends on the JDK, on the Ray that was installed and on the collector.
    """
    java = shutil.which("java")
    if java is None:
        return ""
    digest = hashlib.sha256(f"{ray.__version__}|{collector(options)}".encode())
    jars = [Path(each) for each in Path(class_path(ray)).parent.glob("*.jar")]
    for file in (Path(java).resolve(), *sorted(jars)):
        stat = file.stat()
        digest.update(f"{file}|{stat.st_size}|{stat.st_mtime_ns}\n".encode())
    directory = cache_dir()
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return ""
    return str(directory / f"ray-{digest.hexdigest()[:16]}.jsa")
