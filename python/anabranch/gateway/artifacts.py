"""Code that clients have uploaded, by the hash of its content."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path

from anabranch.errors import JobGraphError
from anabranch.v1.graph_pb2 import JobGraph

_HASH_LENGTH = 64


class ArtifactStore:
    """Keeps each content once, in a private directory that is made for the first and that `close` removes."""

    def __init__(self) -> None:
        self._directory: Path | None = None

    def path(self, content_hash: str) -> Path | None:
        """Returns where the content is, or None if it is not here.

        Raises:
            JobGraphError: This is no SHA-256 in hex.
        """
        if len(content_hash) != _HASH_LENGTH or not set(content_hash) <= set("0123456789abcdef"):
            raise JobGraphError(f"{content_hash!r} is no SHA-256 in hex")
        found = [] if self._directory is None else list(self._directory.glob(f"{content_hash}/*"))
        return found[0] if found else None

    def begin(self, content_hash: str, file_name: str) -> Upload:
        """Begins to take a content.

        Raises:
            JobGraphError: The hash or the file name is none.
        """
        self.path(content_hash)
        if not file_name or Path(file_name).name != file_name:
            raise JobGraphError(f"{file_name!r} is no file name")
        if self._directory is None:
            self._directory = Path(tempfile.mkdtemp(prefix="anabranch-artifacts-"))
        return Upload(self._directory, content_hash, file_name)

    def resolve(self, graph: JobGraph) -> None:
        """Fills in the paths of the graph's uploaded artifacts.

        Raises:
            JobGraphError: One was not uploaded, or is said to be at a path where nothing is.
        """
        for artifact in graph.artifacts:
            if artifact.content_hash:
                path = self.path(artifact.content_hash)
                if path is None:
                    raise JobGraphError(f"artifact {artifact.content_hash} was not uploaded")
                artifact.path = str(path)
            elif not Path(artifact.path).exists():
                raise JobGraphError(f"artifact {artifact.path!r} does not exist on the gateway's host")

    def close(self) -> None:
        """Removes everything."""
        if self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)


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
