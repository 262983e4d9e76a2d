"""Checkpoints that read right or not at all."""

import hashlib
import os
import random
import signal
import struct
import subprocess
import sys
import time
import uuid

import fsspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anabranch.checkpoint.errors import CheckpointError
from anabranch.checkpoint.files import Files
from anabranch.checkpoint.store import CheckpointStore

TASKS = (0, 1, 12)


class Place:
    """A store, and its files."""

    def __init__(self, url: str, retained: int = 2) -> None:
        self.warnings: list[str] = []
        self.url = url
        self.store = CheckpointStore(url, "job-1", retained, warn=self.warnings.append)
        self.files = Files(f"{url}/job-1")

    def write(self, number: int, tasks=TASKS) -> None:
        for task in tasks:
            self.store.write_snapshot(number, task, snapshot(number, task))
        self.store.complete(number, metadata(number))

    def check_latest(self, number: int | None) -> None:
        latest = self.store.latest()
        assert number == (latest and latest.number)
        if latest is not None:
            assert (metadata(number), set(TASKS)) == (latest.metadata, latest.tasks)
            assert [snapshot(number, task) for task in TASKS] == [latest.snapshot(task) for task in TASKS]

    def names(self, directory: str = "") -> list[str]:
        return sorted(self.files.sizes(directory))


def snapshot(number: int, task: int) -> bytes:
    return bytes([number, task]) * task


def metadata(number: int) -> bytes:
    return b"metadata of %d" % number


def new_url(kind: str, tmp_path) -> str:
    return str(tmp_path / "checkpoints") if kind == "local" else f"memory://{uuid.uuid4().hex}"


@pytest.fixture(params=["local", "memory"])
def place(request, tmp_path):
    return Place(new_url(request.param, tmp_path))


def test_a_complete_checkpoint_is_found_again(place):
    place.check_latest(None)
    place.write(1)
    place.check_latest(1)

    assert ["MANIFEST", "task-0.snapshot", "task-1.snapshot", "task-12.snapshot"] == place.names("chk-1")
    with pytest.raises(LookupError, match="checkpoint 1 has no snapshot of task 5"):
        place.store.latest().snapshot(5)
    assert [] == place.warnings


def test_an_incomplete_checkpoint_is_passed_over(place):
    place.write(1)
    place.store.write_snapshot(2, 0, b"data")

    place.check_latest(1)
    assert "checkpoint 2" in place.warnings[0]
    assert "MANIFEST is missing" in place.warnings[0]


def test_all_checkpoints_can_be_removed_and_those_of_other_jobs_stay(place):
    other = Files(f"{place.url}/job-10")
    other.write("chk-1/MANIFEST", [b"theirs"])
    place.write(1)
    place.store.write_snapshot(2, 0, b"data")

    place.store.remove_all()
    place.store.remove_all()

    assert [] == place.names()
    assert ["chk-1"] == list(other.sizes(""))
    assert "job-1" not in Files(place.url).sizes("")


def test_the_newest_complete_ones_are_retained_and_incomplete_older_ones_are_not(place):
    place.write(2)
    place.store.write_snapshot(3, 0, b"data")
    place.write(9)
    place.store.write_snapshot(11, 0, b"data")
    place.write(10)

    assert ["chk-10", "chk-11", "chk-9"] == place.names()
    place.check_latest(10)


def test_a_checkpoint_without_tasks_or_metadata_is_one_too(place):
    place.store.complete(1, b"")

    assert (b"", frozenset()) == (place.store.latest().metadata, place.store.latest().tasks)


def test_only_the_tasks_that_are_named_belong_to_it(place):
    place.store.write_snapshot(1, 3, b"left by an attempt that failed")
    place.store.write_snapshot(1, 4, b"data")
    place.store.complete(1, b"", [4])

    assert {4} == place.store.latest().tasks


def test_a_checkpoint_whose_snapshot_is_missing_is_not_completed(place):
    place.write(1)
    place.store.write_snapshot(2, 4, b"data")

    with pytest.raises(CheckpointError, match=r"checkpoint 2 .*task 5 is missing"):
        place.store.complete(2, b"", [4, 5])
    place.check_latest(1)


@pytest.mark.parametrize("size", [0, 5, 31])
def test_a_checkpoint_whose_snapshot_is_torn_is_not_completed(place, size):
    place.write(1)
    place.store.write_snapshot(2, 4, b"data")
    place.files.write("chk-2/task-4.snapshot", [place.files.read("chk-2/task-4.snapshot")[:size]])

    with pytest.raises(CheckpointError, match="task 4 is torn"):
        place.store.complete(2, b"")


def test_discarding(place):
    place.write(1)
    place.write(2)
    place.store.discard(2)
    place.store.discard(7)

    place.check_latest(1)
    assert ["chk-1"] == place.names()


def test_a_snapshot_written_again_after_completion_is_not_taken_for_the_one_in_the_manifest(place):
    place.write(1)
    place.write(2)
    latest = place.store.latest()
    place.store.write_snapshot(2, 12, b"by a zombie")

    with pytest.raises(CheckpointError, match=r"task-12\.snapshot is not the one"):
        latest.snapshot(12)
    place.check_latest(1)


def test_a_manifest_of_another_checkpoint_is_not_believed(place):
    place.write(1)
    place.write(2)
    place.files.write("chk-2/MANIFEST", [place.files.read("chk-1/MANIFEST")])

    place.check_latest(1)
    assert "that of checkpoint 1" in place.warnings[0]


@pytest.mark.parametrize("kind", ["local", "memory"])
def test_every_way_to_damage_every_byte_is_noticed(kind, tmp_path):
    place = Place(new_url(kind, tmp_path))
    place.write(1)
    place.write(2)
    for name in place.names("chk-2"):
        path = f"chk-2/{name}"
        whole = place.files.read(path)
        damaged = [whole[:size] for size in range(len(whole))]
        damaged += [whole[:i] + bytes([whole[i] ^ 0x10]) + whole[i + 1 :] for i in range(len(whole))]
        damaged += [whole + b"x", bytes(len(whole))]
        for data in damaged:
            place.files.write(path, [data])
            place.warnings.clear()
            place.check_latest(1)
            assert "checkpoint 2" in place.warnings[0]
            assert name in place.warnings[0]
        place.files.remove(path)
        place.check_latest(1)
        assert f"{name} is missing" in place.warnings[-1]
        place.files.write(path, [whole])
        place.check_latest(2)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_the_newest_undamaged_checkpoint_is_found(data):
    place = Place(new_url("memory", None), retained=4)
    for number in range(4):
        place.write(number)
    good = set(range(4))
    for _ in range(data.draw(st.integers(0, 5))):
        number = data.draw(st.sampled_from(range(4)))
        path = f"chk-{number}/" + data.draw(st.sampled_from(["MANIFEST", *(f"task-{task}.snapshot" for task in TASKS)]))
        try:
            before = place.files.read(path)
        except FileNotFoundError:
            continue
        good.discard(number)
        damage = data.draw(st.sampled_from(["remove", "truncate", "change"]))
        if damage == "remove" or not before:
            place.files.remove(path)
        elif damage == "truncate":
            place.files.write(path, [before[: data.draw(st.integers(0, len(before) - 1))]])
        else:
            # Only ever away from what was written: two changes must not undo each other.
            offset = data.draw(st.integers(0, len(before) - 1))
            place.files.write(path, [before[:offset] + b"??" + before[offset:]])

    place.check_latest(max(good, default=None))
    assert len(place.warnings) == (3 - max(good, default=-1))


# places that do not work


def test_a_place_that_is_not_writable_is_named(tmp_path):
    (tmp_path / "file").touch()
    store = CheckpointStore(str(tmp_path / "file"), "job-1")

    for write in (
        store.check_writable,
        lambda: store.write_snapshot(1, 2, b""),
        lambda: store.complete(1, b""),
    ):
        with pytest.raises(CheckpointError, match=r"cannot be written to .*file/job-1: .*[Nn]ot a directory.*choose"):
            write()


def test_a_writable_place_is_left_empty(place):
    place.store.check_writable()

    assert [] == place.names()


def test_an_unknown_protocol_is_explained():
    with pytest.raises(CheckpointError, match=r"nosuch://here/job-1.*Install the package"):
        CheckpointStore("nosuch://here", "job-1")


def test_at_least_one_checkpoint_is_retained(tmp_path):
    with pytest.raises(ValueError, match="at least one"):
        CheckpointStore(str(tmp_path), "job-1", 0)


def test_a_place_that_cannot_be_read_is_no_reason_to_fall_back(place, monkeypatch):
    place.write(1)
    place.write(2)

    def unreachable(path):
        raise ConnectionError("no route")

    monkeypatch.setattr(place.store._files, "read", unreachable)
    with pytest.raises(CheckpointError, match=r"cannot be read from .*no route"):
        place.store.latest()
    assert [] == place.warnings


def test_what_cannot_be_removed_does_not_fail_the_checkpoint(place, monkeypatch):
    place.write(1)
    place.write(2)

    def fail(path):
        raise PermissionError("not yours")

    monkeypatch.setattr(place.store._files, "remove", fail)
    place.write(3)

    assert "not yours" in place.warnings[0]
    place.check_latest(3)


def test_a_store_sees_what_others_write(tmp_path):
    place = Place(str(tmp_path))
    place.check_latest(None)
    Place(str(tmp_path)).write(1)

    place.check_latest(1)


def test_urls_with_a_protocol_are_local_too(tmp_path):
    Place(f"file://{tmp_path}/").write(1)

    Place(str(tmp_path)).check_latest(1)
    assert fsspec.filesystem("file").exists(f"{tmp_path}/job-1/chk-1/MANIFEST")


# kill -9

WRITER = """if True:
    import sys
    from anabranch.checkpoint.store import CheckpointStore
    store = CheckpointStore(sys.argv[1], "job-1")
    number = int(sys.argv[2])
    print("begin", flush=True)
    while True:
        for task in range(3):
            store.write_snapshot(number, task, b"%d-%d " % (number, task) * 20_000)
        store.complete(number, b"%d" % number)
        print(number, flush=True)
        number += 1
"""


def test_a_writer_killed_at_any_time_leaves_a_checkpoint_that_reads_right(tmp_path):
    warnings: list[str] = []
    number = 0
    for _ in range(10):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path), str(number + 1)], stdout=subprocess.PIPE, text=True
        ) as writer:
            assert "begin\n" == writer.stdout.readline()
            time.sleep(random.uniform(0, 0.1))
            os.kill(writer.pid, signal.SIGKILL)
            completed = [int(line) for line in writer.stdout.read().splitlines()]

        latest = CheckpointStore(str(tmp_path), "job-1", warn=warnings.append).latest()

        if latest is None:
            assert not completed
            assert 0 == number
            continue
        assert latest.number >= max(completed, default=number), "what was reported complete is complete"
        number = latest.number
        assert b"%d" % number == latest.metadata
        for task in range(3):
            assert b"%d-%d " % (number, task) * 20_000 == latest.snapshot(task)
    assert number > 0
    assert all("MANIFEST is missing" in warning for warning in warnings), "no file may ever be torn"


@pytest.mark.parametrize("protocol", ["nosuch", "memory"])
def test_errors_do_not_show_the_password_of_the_place(protocol, monkeypatch):
    url = f"{protocol}://me:pa55word@host/jobs"

    def refuse(*_):
        raise OSError(f"no room at {url}")

    monkeypatch.setattr(Files, "write", refuse)

    with pytest.raises(CheckpointError) as caught:
        CheckpointStore(url, "job").check_writable()

    assert "***@host" in str(caught.value)
    assert "pa55word" not in str(caught.value)


# who may write


def forged(body: bytes, magic: bytes) -> bytes:
    """A file as somebody makes it who knows the format and not the key."""
    code = hashlib.blake2b(body, digest_size=16, person=magic).digest()
    return struct.pack(">4sHQ16s", magic, 2, len(body), code) + body


@pytest.mark.parametrize("name", ["MANIFEST", "task-1.snapshot"])
def test_what_somebody_without_the_key_has_written_is_passed_over_with_the_reason(tmp_path, name):
    warnings: list[str] = []
    store = CheckpointStore(str(tmp_path), "job-1", key=b"k" * 32, warn=warnings.append)
    for number in (1, 2):
        for task in TASKS:
            store.write_snapshot(number, task, snapshot(number, task))
        store.complete(number, b"")
    file = tmp_path / "job-1" / "chk-2" / name
    written = file.read_bytes()
    file.write_bytes(forged(written[30:], written[:4]))

    latest = store.latest()

    assert latest is not None
    assert latest.number == 1
    assert f"{name} is corrupt: its checksum does not match" in warnings[0]
    assert "was not written by this job" in warnings[0]


def test_a_checkpoint_is_read_with_the_key_it_was_written_with(tmp_path):
    written = CheckpointStore(str(tmp_path), "job-1", key=b"k" * 32)
    written.write_snapshot(1, 0, b"state")
    written.complete(1, b"")

    again = CheckpointStore(str(tmp_path), "job-1", key=b"k" * 32).latest()
    assert again is not None
    assert again.snapshot(0) == b"state"
    assert CheckpointStore(str(tmp_path), "job-1", key=b"other", warn=[].append).latest() is None
    assert CheckpointStore(str(tmp_path), "job-1", warn=[].append).latest() is None


def test_directories_are_for_the_user_alone(tmp_path):
    store = CheckpointStore(str(tmp_path / "checkpoints"), "job-1")
    store.write_snapshot(1, 0, b"state")

    for directory in (tmp_path / "checkpoints", tmp_path / "checkpoints/job-1", tmp_path / "checkpoints/job-1/chk-1"):
        assert directory.stat().st_mode & 0o777 == 0o700
