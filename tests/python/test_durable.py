import errno
import os

import pytest

from anabranch.durable import sync_directory


def test_a_directory_that_cannot_be_opened_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        sync_directory(tmp_path / "none")


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP])
def test_a_file_system_that_cannot_sync_directories_is_borne(tmp_path, monkeypatch, number):
    synced = []

    def refuse(descriptor: int) -> None:
        synced.append(descriptor)
        raise OSError(number, "not here")

    monkeypatch.setattr(os, "fsync", refuse)

    sync_directory(tmp_path)

    assert len(synced) == 1


def test_a_disk_that_fails_is_an_error(tmp_path, monkeypatch):
    def fail(_descriptor: int) -> None:
        raise OSError(errno.EIO, "broken")

    monkeypatch.setattr(os, "fsync", fail)

    with pytest.raises(OSError, match="broken"):
        sync_directory(tmp_path)
