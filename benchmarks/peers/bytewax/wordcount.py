"""Word count on Bytewax: the same functions; a process for each subtask, as its users are told for CPU-bound Python."""

from __future__ import annotations

import multiprocessing
import socket
import sys
import tempfile
import time
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

import bytewax.operators as op
from bytewax.dataflow import Dataflow
from bytewax.inputs import DynamicSource, StatelessSourcePartition
from bytewax.outputs import DynamicSink, StatelessSinkPartition
from bytewax.testing import cluster_main, run_main

from benchmarks.harness.emit import emit
from benchmarks.wordcount.outcome import read, write_counts
from benchmarks.wordcount.words import CHUNK, Count, add, first, lines, pair, split


class Lines(DynamicSource[str]):
    """Emits the lines."""

    def __init__(self, n_words: int, results: Path) -> None:
        self.n_words = n_words
        self.results = results

    def build(self, step_id: str, worker_index: int, worker_count: int) -> LinesOfWorker:
        return LinesOfWorker(self.n_words, self.results, worker_index, worker_count)


class LinesOfWorker(StatelessSourcePartition[str]):
    def __init__(self, n_words: int, results: Path, index: int, count: int) -> None:
        self.lines = lines(n_words, index, count)
        self.started = results / f"started-{index}"

    def next_batch(self) -> Iterable[str]:
        if not self.started.exists():
            self.started.write_text(repr(time.monotonic()))
        if batch := list(islice(self.lines, CHUNK)):
            return batch
        raise StopIteration


class LastCounts(DynamicSink[Count]):
    """Keeps the last count of each word."""

    def __init__(self, results: Path) -> None:
        self.results = results

    def build(self, step_id: str, worker_index: int, worker_count: int) -> CountsOfWorker:
        return CountsOfWorker(self.results, worker_index)


class CountsOfWorker(StatelessSinkPartition[Count]):
    def __init__(self, results: Path, index: int) -> None:
        self.results = results
        self.index = index
        self.counts: dict[str, int] = {}

    def write_batch(self, items: list[Count]) -> None:
        for word, count in items:
            self.counts[word] = count

    def close(self) -> None:
        write_counts(self.results, self.index, time.monotonic(), self.counts)


def running(old: Count | None, new: Count) -> tuple[Count, Count]:
    """The reduce, as Bytewax has it: the new state, and what is emitted."""
    reduced = new if old is None else add(old, new)
    return reduced, reduced


def dataflow(n_words: int, results: Path) -> Dataflow:
    """Describes the job."""
    flow = Dataflow("wordcount")
    words = op.flat_map("split", op.input("source", flow, Lines(n_words, results)), split)
    keyed = op.key_on("key", op.map("pair", words, pair), first)
    counted = op.key_rm("values", op.stateful_map("reduce", keyed, running))
    op.output("sink", counted, LastCounts(results))
    return flow


def run_process(n_words: int, results: Path, addresses: list[str], index: int) -> None:
    """Runs one process of the cluster."""
    cluster_main(dataflow(n_words, results), addresses, index)


def free_addresses(n: int) -> list[str]:
    """Returns so many addresses of this machine on which nobody listens."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(n)]
    addresses = [f"127.0.0.1:{each.getsockname()[1]}" for each in sockets]
    for each in sockets:
        each.close()
    return addresses


def main() -> None:
    n_words, parallelism = int(sys.argv[1]), int(sys.argv[2])
    with tempfile.TemporaryDirectory(prefix="bytewax-bench-") as directory:
        results = Path(directory)
        if parallelism == 1:
            run_main(dataflow(n_words, results))
        else:
            addresses = free_addresses(parallelism)
            spawn = multiprocessing.get_context("spawn")
            processes = [
                spawn.Process(target=run_process, args=(n_words, results, addresses, index))
                for index in range(parallelism)
            ]
            for process in processes:
                process.start()
            for process in processes:
                process.join()
        counted = read(results)
    emit(counted.started_at, counted.ended_at, n_words, counted.check)


if __name__ == "__main__":
    main()
