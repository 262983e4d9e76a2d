"""What makes changes of a directory survive a loss of power."""

from __future__ import annotations

import errno
import os
from pathlib import Path


def sync_directory(path: Path) -> None:
    """Waits until the entries of a directory are on the disk: files that were made, renamed or removed in it.

    Raises:
        OSError: They cannot be written.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in {errno.EINVAL, errno.ENOTSUP}:  # some network file systems have no such thing
            raise
    finally:
        os.close(descriptor)
