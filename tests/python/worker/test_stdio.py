"""Standard output of a worker: whole lines only."""

import io
import threading

from anabranch.worker.stdio import LineWriter


def test_lines_of_several_threads_never_mix():
    target = io.StringIO()
    writer = LineWriter(target)
    barrier = threading.Barrier(4)

    def talk(name: str) -> None:
        barrier.wait(20)
        for turn in range(200):
            print(name, name, turn, file=writer)

    threads = [threading.Thread(target=talk, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert sorted(f"{name} {name} {turn}" for name in "abcd" for turn in range(200)) == sorted(
        target.getvalue().splitlines()
    )


def test_an_unfinished_line_waits_for_its_end_or_for_finish():
    target = io.StringIO()
    writer = LineWriter(target)
    writer.write("a")
    assert target.getvalue() == ""

    writer.write("b\nc")
    assert target.getvalue() == "ab\n"

    writer.finish()
    assert target.getvalue() == "ab\nc\n"
