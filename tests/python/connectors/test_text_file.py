"""A source of the lines of a file."""

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anabranch import JobGraphError
from anabranch.connectors.text_file import TextFileSource
from tests.python.connectors.reading import read_all, read_part

LINES = st.lists(st.text(alphabet="aä🌊 \t", max_size=30), max_size=40)


@settings(deadline=None)
@given(LINES, st.sampled_from(["\n", "\r\n"]), st.booleans(), st.integers(1, 9))
def test_every_line_comes_once_and_whole_at_any_parallelism(tmp_path_factory, lines, end, last_ends, parallelism):
    path = tmp_path_factory.getbasetemp() / "lines.txt"
    text = end.join(lines) + (end if last_ends and lines else "")
    path.write_bytes(text.encode())
    expected = text.split(end)
    if expected[-1] == "":
        expected.pop()

    assert expected == read_all(lambda: TextFileSource(path), parallelism)


def test_a_line_longer_than_the_ranges_comes_once(tmp_path):
    path = tmp_path / "long.txt"
    path.write_text("short\n" + "x" * 100_000 + "\nend")

    assert ["short", "x" * 100_000, "end"] == read_all(lambda: TextFileSource(path), 5)


def test_a_file_of_many_chunks_is_read_whole(tmp_path):
    path = tmp_path / "big.txt"
    lines = [f"line {n} {'y' * 40}" for n in range(30_000)]
    path.write_text("\n".join(lines))

    assert lines == read_all(lambda: TextFileSource(path), 2)


def test_bytes_that_are_no_utf8_are_reported_with_file_and_position(tmp_path):
    path = tmp_path / "latin.txt"
    path.write_bytes(b"good\nb\xe4d\n")

    with pytest.raises(ValueError, match=r"latin\.txt, byte 6: not UTF-8"):
        read_all(lambda: TextFileSource(path), 1)


def test_a_missing_file_is_reported_when_the_job_is_built():
    with pytest.raises(JobGraphError, match=r"no file 'nowhere\.txt'"):
        TextFileSource("nowhere.txt")


def test_the_subtasks_agree_on_the_ranges_of_a_file_that_grows(tmp_path):
    path = tmp_path / "log.txt"
    lines = [f"line {n}" for n in range(100)]
    path.write_text("\n".join(lines) + "\n")
    source = TextFileSource(path)

    read = []
    for index in range(3):
        read += read_part(source, 3, index)
        with path.open("a") as file:
            file.write("added later\n" * 50)

    assert lines == read


def test_a_file_that_has_shrunk_is_reported(tmp_path):
    path = tmp_path / "log.txt"
    path.write_text("one\ntwo\n")
    source = TextFileSource(path)
    path.write_text("one\n")

    with pytest.raises(OSError, match=r"log\.txt has shrunk from 8 to 4 bytes since the job was built"):
        read_part(source, 1, 0)


def test_an_empty_file_has_no_lines(tmp_path):
    path = tmp_path / "empty.txt"
    path.touch()

    assert [] == read_all(lambda: TextFileSource(path), 3)


@pytest.mark.parametrize("text", ["name,age\nann,3", "x\n", "\nx", "", "\n"])
@pytest.mark.parametrize("parallelism", [1, 3, 9])
def test_a_byte_order_mark_is_no_part_of_a_line(tmp_path, text, parallelism):
    path = tmp_path / "marked.txt"
    path.write_text(text, encoding="utf-8-sig")

    with path.open(encoding="utf-8-sig") as file:
        expected = [line.removesuffix("\n") for line in file]
    assert expected == read_all(lambda: TextFileSource(path), parallelism)


def test_bytes_that_are_no_utf8_after_a_byte_order_mark_are_found_at_their_place(tmp_path):
    path = tmp_path / "latin.txt"
    path.write_bytes(b"\xef\xbb\xbfgood\xe4\n")

    with pytest.raises(ValueError, match=r"latin\.txt, byte 7: not UTF-8"):
        read_all(lambda: TextFileSource(path), 1)


def test_what_has_no_lines_to_share_out_is_refused_for_what_it_is(tmp_path):
    os.mkfifo(tmp_path / "fifo")

    for path, problem in (
        (tmp_path, "is a directory"),
        (tmp_path / "fifo", "is not a regular file"),
        ("/proc/self/status", "has no size, so its lines cannot be shared out"),
    ):
        with pytest.raises(JobGraphError, match=problem):
            TextFileSource(path)
