"""Files at a URL."""

import os
import uuid
from pathlib import Path

import pytest

from anabranch.checkpoint.files import Files, without_credentials


@pytest.fixture(params=["local", "memory"])
def files(request, tmp_path):
    return Files(str(tmp_path / "new" / "place") if request.param == "local" else f"memory://{uuid.uuid4().hex}")


def test_what_is_written_is_read(files):
    files.write("a/b", [b"one", b"", b"two"])
    files.write("a/b", [b"three"])
    files.write("a/c", [b""])

    assert b"three" == files.read("a/b")
    assert [b"thr", b""] == files.read_heads(["a/b", "a/c"], 3)
    assert {"b": 5, "c": 0} == files.sizes("a")
    assert ["a"] == list(files.sizes(""))


def test_what_is_not_there(files):
    assert {} == files.sizes("a") == files.sizes("")
    with pytest.raises(FileNotFoundError):
        files.read("a")
    with pytest.raises(FileNotFoundError):
        files.read_heads(["a"], 3)
    files.remove("a")


def test_a_directory_is_removed_with_all_that_is_in_it(files):
    files.write("a/b/c", [b"one"])
    files.write("a/d", [b"one"])
    files.remove("a/b")
    assert ["d"] == list(files.sizes("a"))
    files.remove("a/d")
    files.remove("a")

    assert {} == files.sizes("a")


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_failing_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, step):
    files = Files(str(tmp_path))
    files.write("a", [b"old"])

    def fail(*_):
        raise OSError("broken")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail) if step == "fsync" else patch.setattr(Path, "replace", fail)
        with pytest.raises(OSError, match="broken"):
            files.write("a", [b"new"])

    assert b"old" == files.read("a")
    assert ["a"] == os.listdir(tmp_path)


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="names of open files are read from /proc")
def test_everything_is_synced_in_the_order_that_survives_a_loss_of_power(tmp_path, monkeypatch):
    events = []
    fsync, replace = os.fsync, Path.replace
    monkeypatch.setattr(
        os, "fsync", lambda fd: (events.append(os.path.basename(os.readlink(f"/proc/self/fd/{fd}"))), fsync(fd))
    )
    monkeypatch.setattr(Path, "replace", lambda path, to: (events.append("rename"), replace(path, to)))
    Files(str(tmp_path)).write("a/b/file", [b"data"])

    made_a, made_b, file, rename, directory = events
    assert (tmp_path.name, "a", "rename", "b") == (made_a, made_b, rename, directory)
    assert file.startswith("."), "the file is synced before it gets its name"


def test_directories_are_made_where_they_do_not_come_by_themselves(tmp_path, monkeypatch):
    files = Files(str(tmp_path))
    monkeypatch.setattr(files, "_is_local", False)  # take it for SFTP or the like
    files.write("a/b", [b"one", b"two"])

    assert b"onetwo" == files.read("a/b")


def test_an_unknown_protocol_is_refused():
    with pytest.raises(ValueError, match="nosuch"):
        Files("nosuch://place")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("s3://bucket/jobs", "s3://bucket/jobs"),
        ("/data/a@b", "/data/a@b"),
        ("file:///data/a@b", "file:///data/a@b"),
        ("sftp://me:pa55@host:22/jobs", "sftp://***@host:22/jobs"),
        ("sftp://me@host/jobs", "sftp://***@host/jobs"),
        ("s3://KEY:se/cr+et@bucket/jobs", "s3://***@bucket/jobs"),
        ("simplecache::ftp://me:pa@host/x", "simplecache::ftp://***@host/x"),
        ("https://host/jobs?sig=abc&se=1", "https://host/jobs?***"),
        ("cannot reach sftp://me:pa55@host/jobs: timeout", "cannot reach sftp://***@host/jobs: timeout"),
    ],
)
def test_what_opens_a_place_is_not_shown(text, shown):
    assert shown == without_credentials(text)
