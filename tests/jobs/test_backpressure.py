"""A slow sink and many records: memory stays bounded, nothing is lost."""

from __future__ import annotations

import pytest

# Ten million small records, a sink that sleeps; prints the peak memory of each worker process.
SLOW_SINK = """
import os, sys, threading, time
from anabranch import EndOfData, SinkFunction, SourceFunction, StreamingContext

TOTAL = int(sys.argv[1])

class Numbers(SourceFunction):
    def init(self, parallelism, index):
        self.next = 0
    def fetch(self, ctx):
        if self.next >= TOTAL:
            raise EndOfData
        ctx.collect_many(range(self.next, min(self.next + 1000, TOTAL)))
        self.next += 1000
    def close(self):
        pass

class Slow(SinkFunction):
    def open(self, ctx):
        self.n = self.total = 0
    def sink(self, value):
        self.n += 1
        self.total += value
        if self.n % 20_000 == 0:
            time.sleep(0.01)
    def close(self):
        print("sum", self.n, self.total)

ctx = StreamingContext.Builder().build()
ctx.add_jar(sys.argv[2])
(ctx.source(Numbers())
    .as_java_stream().map("com.acme.Functions$Identity")
    .as_python_stream().map(lambda x: x).disable_chain().sink(Slow()))
job = ctx.submit("slow")

import psutil
peak = {}
while not job.ended:
    for process in psutil.Process().children(recursive=True):
        try:
            key = (process.pid, "java" in process.name())
            peak[key] = max(peak.get(key, 0), process.memory_info().rss)
        except psutil.Error:
            pass
    time.sleep(0.1)
job.wait()
print("python", max(rss for (_, java), rss in peak.items() if not java) >> 20)
print("java", max(rss for (_, java), rss in peak.items() if java) >> 20)
"""


def run(drive, total: int, jar: str) -> dict[str, list[int]]:
    code, out, err = drive(SLOW_SINK, str(total), jar, ANABRANCH_JAVA_OPTIONS="-Xmx96m").finish(timeout=300)
    assert 0 == code, err
    return {line.split()[0]: [int(word) for word in line.split()[1:]] for line in out.splitlines()}


def check(result: dict[str, list[int]], total: int) -> None:
    assert result["sum"] == [total, total * (total - 1) // 2]
    # A Python worker is about 60 MiB when it has imported all it needs; a channel adds at most
    # a frame, the send queue and two kernel buffers, together well under 2 MiB.
    assert result["python"][0] < 100
    # The JVM's heap is limited to 96 MiB here; code, metaspace and buffers come on top.
    assert result["java"][0] < 300


@pytest.mark.local
def test_memory_does_not_grow_with_what_waits(drive, acme_jar):
    check(run(drive, 1_000_000, acme_jar), 1_000_000)


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_memory_stays_bounded_over_ten_million_records(drive, acme_jar):
    check(run(drive, 10_000_000, acme_jar), 10_000_000)


# While the task in the middle waits for room, having taken all its input, more input comes: the source is a little
# faster than the sink.
ALWAYS_FULL = """
import time
from anabranch import EndOfData, SourceFunction, StreamingContext

class Ticks(SourceFunction):
    def init(self, parallelism, index):
        self.left = 30
    def fetch(self, ctx):
        if not self.left:
            raise EndOfData
        time.sleep(0.02)
        self.left -= 1
        ctx.collect(self.left)

ctx = StreamingContext.Builder().option("anabranch.exchange.send-queue-bytes", 1).build()
ctx.option("anabranch.exchange.socket-buffer-bytes", 4096)
ctx.option("anabranch.exchange.handshake-timeout-ms", 90000)  # the end of a deadline would wake the task
large = ctx.source(Ticks()).map(lambda i: "x" * 20_000).disable_chain()
large.disable_chain().sink(lambda value: time.sleep(0.03))
ctx.submit("full").wait(timeout=30)
"""


def test_input_that_comes_while_the_last_flush_waits_for_room_is_taken(drive):
    code, _, err = drive(ALWAYS_FULL).finish(timeout=60)

    assert code == 0, err
