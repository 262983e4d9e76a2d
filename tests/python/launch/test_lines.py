"""What worker processes print, line by line."""

import os
import threading

import pytest

from anabranch.launch.lines import LinePump


class Reader:
    """Collects the lines of one pipe."""

    def __init__(self, pump: LinePump) -> None:
        read_end, self.write_end = os.pipe()
        self.lines: list[str] = []
        self.ended = threading.Event()
        self.got_line = threading.Event()
        pump.add(os.fdopen(read_end, "rb", buffering=0), self.on_line, self.ended.set)

    def on_line(self, line: str) -> None:
        self.lines.append(line)
        self.got_line.set()

    def finish(self) -> list[str]:
        os.close(self.write_end)
        assert self.ended.wait(20)
        return self.lines


@pytest.fixture
def pump():
    pump = LinePump()
    yield pump
    pump.close()


def test_lines_come_whole_however_the_bytes_arrive(pump):
    reader = Reader(pump)
    for byte in "one\ntwö\n\nfour".encode():
        os.write(reader.write_end, bytes([byte]))

    assert ["one", "twö", "", "four"] == reader.finish()


def test_a_line_is_passed_on_as_it_happens_not_at_the_end(pump):
    reader = Reader(pump)
    os.write(reader.write_end, b"now\nunfinished")

    assert reader.got_line.wait(20)
    assert ["now"] == reader.lines
    assert ["now", "unfinished"] == reader.finish()


def test_a_progress_bar_is_passed_on_while_it_grows(pump):
    reader = Reader(pump)
    os.write(reader.write_end, b"\r10 %\r20 %")

    assert reader.got_line.wait(20)
    assert ["10 %"] == reader.lines
    assert ["10 %", "20 %"] == reader.finish()


def test_several_pipes_do_not_mix(pump):
    readers = [Reader(pump) for _ in range(5)]
    for turn in range(3):
        for number, reader in enumerate(readers):
            os.write(reader.write_end, f"{number}.{turn}\n".encode())

    assert [[f"{n}.{turn}" for turn in range(3)] for n in range(5)] == [reader.finish() for reader in readers]


def test_bytes_that_are_no_utf8_are_shown_and_not_fatal(pump):
    reader = Reader(pump)
    os.write(reader.write_end, b"\xff\xfe\n")

    assert ["��"] == reader.finish()
