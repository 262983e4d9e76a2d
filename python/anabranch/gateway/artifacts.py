"""Code that clients have uploaded, by the hash of its content."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import time
import zipfile
from collections.abc import Collection
from pathlib import Path

from anabranch.errors import JobGraphError
from anabranch.v1.graph_pb2 import Artifact, JobGraph

_HASH_LENGTH = 64
_LONGEST_NAME = 255  # bytes, of any file system
_KEPT_BYTES = 2 << 30
_LONGEST_STEM = 200


class ArtifactStore:
    """Keeps each content once, in a private directory that is made for the first and that `close` removes."""

    def __init__(self) -> None:
        self._directory: Path | None = None
        self._asked: dict[str, float] = {}

    def path(self, content_hash: str) -> Path | None:
        """Returns where the content is, or None if it is not here.

        Raises:
            JobGraphError: This is not a SHA-256 in hex.
        """
        if len(content_hash) != _HASH_LENGTH or not set(content_hash) <= set("0123456789abcdef"):
            raise JobGraphError(f"{content_hash!r} is not a SHA-256 in hex")
        found = next(iter(self._files(content_hash)), None)
        if found is not None:
            self._asked[content_hash] = time.monotonic()
        return found

    def _files(self, content_hash: str = "*") -> list[Path]:
        """Returns the contents, without what was unpacked beside them."""
        found = [] if self._directory is None else self._directory.glob(f"{content_hash}/*")
        return [each for each in found if each.is_file()]

    def begin(self, content_hash: str, file_name: str) -> Upload:
        """Begins to take a content.

        Raises:
            JobGraphError: The hash or the file name is none.
        """
        self.path(content_hash)
        if not _is_file_name(file_name):
            raise JobGraphError(f"{file_name[:_LONGEST_NAME]!r} is not a file name")
        if self._directory is None:
            self._directory = Path(tempfile.mkdtemp(prefix="anabranch-artifacts-"))
        return Upload(self._directory, content_hash, file_name)

    def drop_unused(self, used: Collection[str]) -> None:
        """Removes the contents that were asked for longest ago, as long as there is too much, but none in use."""
        contents = {each: _size(each) for each in self._files()}
        total = sum(contents.values())
        for file in sorted(contents, key=lambda file: self._asked.get(file.parent.name, 0)):
            if total <= _KEPT_BYTES:
                return
            if file.parent.name not in used:
                shutil.rmtree(file.parent, ignore_errors=True)
                self._asked.pop(file.parent.name, None)
                total -= contents[file]

    def resolve(self, graph: JobGraph) -> None:
        """Fills in the paths of the graph's uploaded artifacts.

        Python code becomes a directory: it may hold data, and modules that cannot be imported from a zip file.

        Raises:
            JobGraphError: One was not uploaded, or is said to be at a path where nothing is, or cannot be unpacked.
        """
        for artifact in graph.artifacts:
            if artifact.content_hash:
                path = self.path(artifact.content_hash)
                if path is None:
                    raise JobGraphError(f"artifact {artifact.content_hash} was not uploaded")
                is_python = artifact.kind == Artifact.KIND_PYTHON
                artifact.path = str(_unpacked(path) if is_python else path)
            elif not Path(artifact.path).exists():
                raise JobGraphError(f"artifact {artifact.path!r} does not exist on the gateway's host")

    def close(self) -> None:
        """Removes everything."""
        if self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)


def _is_file_name(name: str) -> bool:
    """Returns whether any file system takes it, in the directory that we choose."""
    try:
        length = len(name.encode())
    except UnicodeEncodeError:
        return False
    return 0 < length <= _LONGEST_NAME and name not in (".", "..") and "/" not in name and name.isprintable()


def _size(file: Path) -> int:
    return file.stat().st_size


def _unpacked(file: Path) -> Path:
    """Returns a directory with what a zip file holds."""
    directory = file.parent / f"{file.stem[:_LONGEST_STEM]}.unpacked"
    if not directory.exists():
        part = Path(tempfile.mkdtemp(dir=file.parent))
        try:
            with zipfile.ZipFile(file) as archive:
                archive.extractall(part)
        except Exception as error:  # zipfile passes on those of zlib, and has several of its own
            shutil.rmtree(part, ignore_errors=True)
            raise JobGraphError(f"{file.name} cannot be unpacked as a zip file: {error}") from error
        part.rename(directory)
    return directory


class Upload:
    """One content on its way in. It appears in the store only once it is whole and has the announced hash."""

    def __init__(self, directory: Path, content_hash: str, file_name: str) -> None:
        self._target = directory / content_hash / file_name
        self._content_hash = content_hash
        self._digest = hashlib.sha256()
        self._file = tempfile.NamedTemporaryFile(dir=directory, delete=False)  # noqa: SIM115 - closed by finish or abort

    def write(self, data: bytes) -> None:
        """Takes the next piece."""
        self._digest.update(data)
        self._file.write(data)

    def finish(self) -> None:
        """Puts the content into the store.

        Raises:
            JobGraphError: It is not what was announced.
        """
        self._file.close()
        if self._digest.hexdigest() != self._content_hash:
            self.abort()
            raise JobGraphError(f"the content of {self._target.name} does not have the hash {self._content_hash}")
        self._target.parent.mkdir(exist_ok=True)
        Path(self._file.name).rename(self._target)

    def abort(self) -> None:
        """Forgets what has come so far."""
        self._file.close()
        Path(self._file.name).unlink(missing_ok=True)
