"""A slow sink and many records: memory stays bounded, nothing is lost."""

from __future__ import annotations

import time

import pytest

from anabranch import EndOfData, SourceFunction, StreamingContext

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


class Large(SourceFunction):
    """Emits records of 20,000 bytes one by one."""

    def __init__(self, records: int = 300) -> None:
        self.records = records

    def init(self, parallelism: int, index: int) -> None:
        self.emitted = 0

    def fetch(self, ctx) -> None:
        if self.emitted == self.records:
            raise EndOfData
        ctx.collect(b"x" * 20_000)
        self.emitted += 1


def test_a_task_that_has_waited_for_room_while_its_input_was_drained_goes_on():
    builder = StreamingContext.Builder().option("anabranch.exchange.send-queue-bytes", 1)
    ctx = builder.option("anabranch.exchange.socket-buffer-bytes", 4096).build()
    sizes = ctx.source(Large()).map(lambda x: x).disable_chain().map(lambda x: time.sleep(0.001) or len(x))

    collected = sizes.disable_chain().collect()
    ctx.submit("large").wait(60)

    assert collected.get() == [20_000] * 300


def test_java_tasks_that_keep_all_that_they_send_share_a_small_heap(tmp_path, acme_jar):
    builder = StreamingContext.Builder().option("anabranch.checkpoint.dir", str(tmp_path))
    builder.option("anabranch.checkpoint.interval-ms", 3_600_000)  # what was sent is kept until then
    ctx = builder.option("anabranch.java.max-heap", "96m").build().add_jar(acme_jar)
    records = ctx.source(Large(3000)).as_java_stream()
    for _ in range(4):
        records = records.map("com.acme.Functions$Identity").disable_chain()

    collected = records.as_python_stream().map(len).collect()
    ctx.submit("kept").wait(300)

    assert collected.get() == [20_000] * 3000
