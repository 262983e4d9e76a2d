"""The code of a job as packages that travel through Ray's object store, named by the hash of their content."""

from __future__ import annotations

import hashlib
import io
import os
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path

from anabranch.errors import ConfigError
from anabranch.v1.graph_pb2 import Artifact, JobGraph

_LARGEST_SCRIPT_DIRECTORY = 20 << 20
_NO_CODE = {"node_modules", "__pycache__", "site-packages", "venv", "build", "target"}


def package(graph: JobGraph) -> dict[str, tuple[str, bytes]]:
    """Reads the graph's artifacts, and adds the main script's modules; each artifact gets its content hash.

    Args:
        graph: Its artifacts lose their paths: these mean nothing elsewhere.

    Returns:
        By content hash the file name, which ends in `/` for a zipped directory, and the content.
    """
    contents = {}
    script = _main_script_directory()
    if script is not None:
        graph.artifacts.add(kind=Artifact.KIND_PYTHON, path=str(script))
    for artifact in list(graph.artifacts):
        path = Path(artifact.path)
        is_script = script is not None and path == script and artifact is graph.artifacts[-1]
        if path.is_dir():
            content = _zipped(_modules(path) if is_script else _files(path), path)
            # A Python directory is unzipped on the nodes: it may hold data, and modules that no zip file can.
            name = f"{path.name or 'root'}{'.jar' if artifact.kind == Artifact.KIND_JAVA else '/'}"
        else:
            content, name = path.read_bytes(), path.name
        artifact.content_hash = hashlib.sha256(content).hexdigest()
        artifact.path = ""
        contents[artifact.content_hash] = (name, content)
    return contents


def _main_script_directory() -> Path | None:
    """Returns the directory of the main script, whose modules a worker must be able to import; None if there is none.

    (In a notebook or under `python -c` it would be whatever directory the user happens to be in.)
    """
    main = getattr(sys.modules.get("__main__"), "__file__", None)
    if main is None or not sys.path or not sys.path[0]:
        return None
    directory = Path(main).resolve().parent
    return directory if Path(sys.path[0]).resolve() == directory else None


def _modules(directory: Path) -> list[Path]:
    """Returns the Python files below a directory; none if they are so many that this can be no script's directory."""
    found, size = [], 0
    for parent, directories, files in os.walk(directory):
        directories[:] = sorted(each for each in directories if each not in _NO_CODE and not each.startswith("."))
        for name in sorted(files):
            if name.endswith(".py"):
                path = Path(parent, name)
                size += path.stat().st_size
                if size > _LARGEST_SCRIPT_DIRECTORY:
                    return []
                found.append(path)
    return found


def _files(directory: Path) -> list[Path]:
    return sorted(path for path in directory.rglob("*") if path.is_file() and "__pycache__" not in path.parts)


def _zipped(files: Iterable[Path], root: Path) -> bytes:
    """Returns the files as a zip file, always the same for the same files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            try:
                content = file.read_bytes()
            except OSError as error:
                raise ConfigError(f"{file} cannot be brought to the cluster: {error}") from error
            archive.writestr(zipfile.ZipInfo(str(file.relative_to(root))), content)
    return buffer.getvalue()
