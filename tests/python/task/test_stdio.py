"""Standard output of a worker: whole lines only."""

import io
import os
import threading

import pytest

from anabranch.task.stdio import LineBuffer, line_stream


@pytest.fixture
def target():
    return io.BytesIO()


@pytest.fixture
def stream(target):
    return line_stream(target.write, 1, "<stdout>")


def on_a_thread(function, *arguments) -> None:
    thread = threading.Thread(target=function, args=arguments)
    thread.start()
    thread.join(60)


def test_lines_of_several_threads_never_mix(stream, target):
    barrier = threading.Barrier(4)

    def talk(name: str) -> None:
        barrier.wait(60)
        for turn in range(200):
            print(name, name, turn, file=stream)

    threads = [threading.Thread(target=talk, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert sorted(f"{name} {name} {turn}" for name in "abcd" for turn in range(200)) == sorted(
        target.getvalue().decode().splitlines()
    )


def test_an_unfinished_line_waits_for_its_end_or_for_finish(stream, target):
    print("a", end="", flush=True, file=stream)
    assert target.getvalue() == b""

    stream.write("b\nc")
    assert target.getvalue() == b"ab\n"

    stream.buffer.finish()
    stream.buffer.finish()
    assert target.getvalue() == b"ab\nc\n"


def test_a_progress_bar_is_shown_while_it_grows(stream, target):
    for percent in (10, 20, 30):
        stream.write(f"\r{percent} %")
        stream.flush()

    assert target.getvalue() == b"10 %\n20 %\n"
    stream.buffer.finish()
    assert target.getvalue() == b"10 %\n20 %\n30 %\n"


def test_it_can_do_what_standard_output_can(stream, target):
    stream.reconfigure(line_buffering=True)
    stream.buffer.write(b"bytes\n")
    stream.writelines(["a\n", "b\n"])

    assert target.getvalue() == b"bytes\na\nb\n"
    assert ("<stdout>", "utf-8", "strict", "w") == (stream.name, stream.encoding, stream.errors, stream.mode)
    assert (1, False, True, False) == (stream.fileno(), stream.isatty(), stream.writable(), stream.closed)


def test_text_and_bytes_keep_their_order(stream, target):
    stream.write("text ")
    stream.buffer.write(b"bytes ")
    stream.write("text\n")

    assert target.getvalue() == b"text bytes text\n"


def test_text_without_an_end_is_not_held_for_ever(stream, target):
    for _ in range(200_000):
        stream.write(".")

    assert len(target.getvalue()) > 100_000


def test_what_other_threads_have_not_finished_is_finished_at_the_end(stream, target):
    for name in ("first", "second"):
        on_a_thread(stream.write, name)
    stream.write("own")

    stream.buffer.finish_all()

    assert sorted(target.getvalue().decode().splitlines()) == ["first", "own", "second"]


def test_a_forked_process_passes_on_what_it_flushes_and_nothing_of_its_parent(tmp_path):
    with (tmp_path / "lines").open("wb", buffering=0) as file:
        stream = line_stream(file.write, 1, "<stdout>")
        stream.write("parent ")
        pid = os.fork()
        if pid == 0:
            stream.buffer.forked()
            stream.write("child")
            stream.flush()
            os._exit(0)
        os.waitpid(pid, 0)
        stream.write("too\n")

    assert (tmp_path / "lines").read_bytes() == b"childparent too\n"


def test_one_thread_at_a_time_passes_lines_on():
    inside = []

    def pass_on(_data: bytes) -> None:
        inside.append(1)
        assert len(inside) == 1
        inside.pop()

    buffer = LineBuffer(pass_on, 1, "<stdout>")
    threads = [threading.Thread(target=lambda: [buffer.write(b"line\n") for _ in range(1000)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert inside == []
