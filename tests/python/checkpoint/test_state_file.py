"""State files: what was written is what is read, and nothing else is."""

import hmac
import json
import re
from pathlib import Path

import pytest

from anabranch.checkpoint.errors import CheckpointError, DamagedError
from anabranch.checkpoint.numbers import FINAL
from anabranch.checkpoint.snapshot import NewSnapshot
from anabranch.checkpoint.state_file import StateFiles
from anabranch.derived_keys import derive_key
from anabranch.v1.control_pb2 import Snapshot

KEY = b"k" * 32
VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "state_files.json").read_text())
FILE = "chk-3/task-5-2.state"


def new_snapshot(number=3):
    """A snapshot with values everywhere."""
    snapshot = NewSnapshot(number)
    state = snapshot.message.operators.add(operator_id=1, uid="op")
    snapshot.put(state.keyed.add(name="s").groups.add(key_group=9).entries, 4, b"of a group", [])
    snapshot.put(state.engine, 1, b"of the engine", [])
    snapshot.put(state.function, 1, b"", [])
    snapshot.put(snapshot.message.function_of_edge[7], 1, b"of an edge" * 1000, [])
    return snapshot


def payloads_of(message, read):
    (state,) = message.operators
    values = state.keyed[0].groups[0].entries, state.engine, state.function, message.function_of_edge[7]
    return [read(each) for each in values]


def written(directory, number=3):
    files = StateFiles(str(directory), "job-1", KEY)
    snapshot = new_snapshot(number)
    files.move_payloads(snapshot, task=5, incarnation=2)
    return files, Snapshot.FromString(snapshot.message.SerializeToString())


PAYLOADS = [b"of a group", b"of the engine", b"", b"of an edge" * 1000]


def test_what_was_moved_into_a_file_is_read_from_it(tmp_path):
    files, message = written(tmp_path)

    assert message.state_file == FILE
    assert message.state_file_length == (tmp_path / "job-1" / FILE).stat().st_size
    assert payloads_of(message, lambda values: values.payload) == [b""] * 4
    assert payloads_of(message, files.reader(message)) == PAYLOADS
    assert payloads_of(message, files.reader(message))[::-1] == PAYLOADS[::-1]


def test_the_bytes_of_a_file_are_those_of_the_format(tmp_path):
    _, message = written(tmp_path)
    entries = message.operators[0].keyed[0].groups[0].entries

    data = (tmp_path / "job-1" / FILE).read_bytes()

    assert data == b"ABSF\x00\x01" + b"".join(PAYLOADS)
    assert (entries.part.offset, entries.part.length) == (6, 10)
    covered = b"job-1/chk-3/task-5-2.state\x00" + bytes([0] * 7 + [6]) + b"of a group"
    assert entries.part.code == hmac.digest(KEY, covered, "sha256")[:16]


def test_a_payload_in_the_message_is_read_from_there(tmp_path):
    snapshot = new_snapshot()
    snapshot.put_payloads_into_message()

    assert payloads_of(snapshot.message, StateFiles(str(tmp_path), "job-1", KEY).reader(snapshot.message)) == PAYLOADS
    assert list(tmp_path.iterdir()) == []


def change(data, message):
    data[-1] ^= 1


def cut(data, message):
    del data[-1]


def other_magic(data, message):
    data[0] ^= 1


def other_version(data, message):
    data[5] = 2


def swap(data, message):
    """Has a part pass for another one, which has the same length then."""
    state = message.operators[0]
    state.engine.part.CopyFrom(state.keyed[0].groups[0].entries.part)
    state.engine.part.offset += 1


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (change, "corrupt: the code"),
        (cut, "torn"),
        (other_magic, "corrupt: it begins"),
        (other_version, "format version 2"),
        (swap, "corrupt: the code"),
    ],
)
def test_a_damaged_file_is_refused_with_its_name_and_what_to_do(tmp_path, damage, why):
    files, message = written(tmp_path)
    path = tmp_path / "job-1" / FILE
    data = bytearray(path.read_bytes())
    damage(data, message)
    path.write_bytes(data)

    with pytest.raises(DamagedError, match=why):
        files.verify(message)
    with pytest.raises(CheckpointError, match=rf"{FILE} of checkpoint 3 .*{why}.*the same one on every host"):
        payloads_of(message, files.reader(message))


def test_a_missing_file_and_one_of_another_name_or_key_are_refused(tmp_path):
    files, message = written(tmp_path)
    with pytest.raises(DamagedError, match="corrupt"):
        StateFiles(str(tmp_path), "job-1", b"another").verify(message)

    renamed = tmp_path / "job-1" / "chk-3" / "task-6-2.state"
    (tmp_path / "job-1" / FILE).rename(renamed)
    with pytest.raises(DamagedError, match="missing"):
        files.verify(message)
    message.state_file = "chk-3/task-6-2.state"
    with pytest.raises(DamagedError, match="corrupt"):
        files.verify(message)
    message.state_file = "../elsewhere"
    with pytest.raises(DamagedError, match="not the name"):
        files.verify(message)


def test_a_master_requires_every_file_in_its_full_length(tmp_path):
    files, message = written(tmp_path)
    _, ended = written(tmp_path, FINAL)
    files.require([message, ended, Snapshot(number=3)])

    path = tmp_path / "job-1" / ended.state_file
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(CheckpointError, match="bytes in place of"):
        files.require([message, ended])
    path.unlink()
    with pytest.raises(CheckpointError, match=r"is missing\. Does every worker write to the same place"):
        files.require([message, ended])


def test_a_place_that_cannot_be_written_to_is_an_error_that_says_which(tmp_path):
    (tmp_path / "job-1").write_text("")
    files = StateFiles(str(tmp_path), "job-1", KEY)
    snapshot = new_snapshot()

    with pytest.raises(CheckpointError, match=rf"{FILE} cannot be written to .*job-1"):
        files.move_payloads(snapshot, 5, 2)

    assert snapshot.payload_bytes == sum(map(len, PAYLOADS))
    assert not snapshot.message.state_file


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["label"])
def test_both_languages_write_the_same_bytes_and_codes(tmp_path, vector):
    directory, task = re.fullmatch(r"chk-(\d+)/task-(.*)\.state", vector["name"]).groups()
    task_id, incarnation = map(int, task.split("-"))
    files = StateFiles(str(tmp_path), vector["job_id"], derive_key(bytes.fromhex(vector["secret"]), "checkpoint"))
    snapshot = NewSnapshot(int(directory))
    groups = snapshot.message.operators.add().keyed.add().groups
    for part in vector["parts"]:
        snapshot.put(groups.add().entries, 1, bytes.fromhex(part["bytes"]), [])

    files.move_payloads(snapshot, task_id, incarnation)

    message = snapshot.message
    assert (tmp_path / vector["job_id"] / vector["name"]).read_bytes() == bytes.fromhex(vector["file"])
    assert (message.state_file, message.state_file_length) == (vector["name"], vector["length"])
    parts = [group.entries.part for group in groups]
    assert [(part.offset, part.length, part.code.hex()) for part in parts] == [
        (part["offset"], part["length"], part["code"]) for part in vector["parts"]
    ]
    files.verify(message)
