"""FileSink: what appears in its directory, and when."""

import os
from dataclasses import replace

import pytest

from anabranch import FileSink
from tests.python.operators.making import CONTEXT

END = 2**63 - 1


def sink(directory, incarnation=0, **place):
    made = FileSink(directory)
    made.open(replace(CONTEXT, **{"job_id": "job-1", "incarnation": incarnation, **place}))
    return made


def lines(directory):
    """What a consumer finds."""
    return [line for file in sorted(directory.glob("[!.]*")) for line in file.read_text().split()]


def hidden(directory):
    return sorted(file.name for file in directory.glob(".*"))


def test_records_appear_with_their_commit_and_nothing_else_stays(tmp_path):
    file_sink = sink(tmp_path)
    file_sink.begin_transaction()
    file_sink.sink("a")
    first = file_sink.pre_commit(1)
    file_sink.begin_transaction()
    file_sink.sink("b")
    assert [] == lines(tmp_path)

    file_sink.commit(first)
    assert ["a"] == lines(tmp_path)
    file_sink.commit(file_sink.pre_commit(END))
    file_sink.close()

    assert ["a", "b"] == lines(tmp_path)
    assert [] == hidden(tmp_path)
    assert ["part-job-1-1-00000-0-1", "part-job-1-1-00000-0-2"] == sorted(os.listdir(tmp_path))


def test_without_records_no_file_is_made(tmp_path):
    file_sink = sink(tmp_path)
    file_sink.begin_transaction()
    file_sink.commit(file_sink.pre_commit(END))
    file_sink.close()

    assert [] == os.listdir(tmp_path)


def test_a_context_made_for_a_test_need_not_tell_all(tmp_path):
    class Third:
        task_index = 2

    file_sink = FileSink(tmp_path)
    file_sink.open(Third())
    file_sink.begin_transaction()
    file_sink.sink("a")
    file_sink.commit(file_sink.pre_commit(END))
    file_sink.close()

    assert ["part-job-0-00002-0-1"] == os.listdir(tmp_path)
    assert ["a"] == lines(tmp_path)


OTHERS = [{"job_id": "job-2"}, {"operator_id": 2}, {"task_index": 1}, {"job_id": "job-1-1"}, {"operator_id": 11}]


@pytest.mark.parametrize("other", OTHERS)
def test_sinks_that_share_a_directory_leave_each_other_alone(tmp_path, other):
    first, second = sink(tmp_path), sink(tmp_path, incarnation=7, **other)
    first.begin_transaction()
    first.sink("a")
    open_file = hidden(tmp_path)
    second.begin_transaction()
    assert open_file == hidden(tmp_path)
    second.sink("b")

    for each in (first, second):
        each.commit(each.pre_commit(END))
        each.close()

    assert ["a", "b"] == sorted(lines(tmp_path))


def test_what_an_incarnation_before_has_not_committed_is_removed_and_what_a_later_one_writes_is_not(tmp_path):
    killed, late = sink(tmp_path, 3), sink(tmp_path, 5)
    killed.begin_transaction()
    killed.sink("not counted")
    killed.pre_commit(8)
    late.begin_transaction()
    late.sink("later")
    zombie = sink(tmp_path, 4)

    zombie.begin_transaction()

    assert [".part-job-1-1-00000-5-1.in-progress"] == hidden(tmp_path)


def test_a_transaction_that_was_never_closed_goes_with_its_sink(tmp_path):
    file_sink = sink(tmp_path)
    file_sink.begin_transaction()
    file_sink.sink("a")

    file_sink.close()

    assert [] == os.listdir(tmp_path)


def test_a_file_that_has_appeared_may_be_moved_away_before_it_is_committed_again(tmp_path):
    killed = sink(tmp_path)
    handles = []
    for record in ("a", "b"):
        killed.begin_transaction()
        killed.sink(record)
        handles.append(killed.pre_commit(len(handles) + 1))
        killed.commit(handles[-1])
    for file in tmp_path.glob("part-*"):
        file.unlink()

    restored = sink(tmp_path, 1)
    for handle in handles:
        restored.commit(handle)

    assert [] == lines(tmp_path)


def test_a_file_that_was_lost_before_it_has_appeared_is_an_error(tmp_path):
    file_sink = sink(tmp_path)
    handles = []
    for record in ("a", "b"):
        file_sink.begin_transaction()
        file_sink.sink(record)
        handles.append(file_sink.pre_commit(len(handles) + 1))
    file_sink.commit(handles[0])
    for file in tmp_path.glob(".part-*"):
        file.unlink()

    with pytest.raises(
        FileNotFoundError, match="part-job-1-1-00000-0-2 was written before a checkpoint and no longer exists"
    ):
        file_sink.commit(handles[1])


def test_another_job_can_commit_what_a_job_has_left(tmp_path):
    left = sink(tmp_path)
    left.begin_transaction()
    left.sink("a")
    handle = left.pre_commit(4)

    for _ in range(2):
        sink(tmp_path, job_id="job-2", operator_id=9, task_index=5).commit(handle)

    assert ["a"] == lines(tmp_path)


def test_names_are_names_whatever_the_job_is_called(tmp_path):
    file_sink = sink(tmp_path, job_id="../" + "long/" * 100 + "ä-0badc0de")
    file_sink.begin_transaction()
    file_sink.sink("a")
    file_sink.commit(file_sink.pre_commit(1))

    [file] = tmp_path.glob("part-*")
    assert "-0badc0de-1-00000-0-1" in file.name


def test_files_and_their_names_are_durable_before_they_count(tmp_path, monkeypatch):
    steps = []
    sync, rename = os.fsync, type(tmp_path).rename

    def fsync(descriptor):
        steps.append(os.path.basename(os.readlink(f"/proc/self/fd/{descriptor}")))
        sync(descriptor)

    def renamed(path, target):
        steps.append("appears")
        return rename(path, target)

    monkeypatch.setattr("os.fsync", fsync)
    monkeypatch.setattr(type(tmp_path), "rename", renamed)
    directory, name = tmp_path / "out", "part-job-1-1-00000-0-1"
    file_sink = sink(directory)
    file_sink.begin_transaction()
    file_sink.sink("a")
    handle = file_sink.pre_commit(1)
    assert [tmp_path.name, f".{name}.in-progress", "out"] == steps

    steps.clear()
    file_sink.commit(handle)
    assert [".committed-job-1-1-00000.new", "out", "appears", "out"] == steps

    steps.clear()
    file_sink.commit(handle)
    assert ["out"] == steps
