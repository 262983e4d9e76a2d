"""The small units that docs/design/008-scale.md multiplies: `python -m benchmarks.scale`, about two minutes.

Each figure is that of this machine; the page says which code each stands for.
"""

# What is measured has its privates looked at.
# ruff: noqa: SLF001

from __future__ import annotations

import asyncio
import gc
import json
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc.aio
import psutil

from anabranch import SourceFunction, StreamingContext
from anabranch.checkpoint.store import CheckpointStore
from anabranch.config import Options
from anabranch.control.job_server import ControlServer
from anabranch.control.proofs import METADATA, Proofs, new_nonce
from anabranch.exchange.event_loop import EventLoop
from anabranch.exchange.input.channel import ConsumerIdentity, InputChannel
from anabranch.exchange.input.gate import InputGate
from anabranch.exchange.output.channel import OutputChannel
from anabranch.exchange.output.edge_writer import EdgeWriter
from anabranch.exchange.output.gate import OutputGate
from anabranch.exchange.output.logged_channel import LoggedOutputChannel
from anabranch.exchange.wire.acceptor import Acceptor
from anabranch.exchange.wire.addresses import Transport
from anabranch.exchange.wire.frames import FrameReader, frame_head
from anabranch.exchange.wire.handshake import ProducerHandshakes
from anabranch.launch.jvm import JvmBridge
from anabranch.master.job_life import Phase
from anabranch.master.job_master import JobMaster
from anabranch.plan.planner import plan_job
from anabranch.replay.determinants import DeterminantLog, HeldLogs, Piggyback
from anabranch.replay.inflight_log import InFlightLog, SpillBudget
from anabranch.v1 import control_pb2 as control
from anabranch.v1 import graph_pb2 as graph
from anabranch.v1.authentication_pb2_grpc import AuthenticationStub
from anabranch.v1.control_pb2_grpc import ControlStub
from anabranch.v1.record_pb2 import Barrier, Determinant, FrameHeader, LogDelta
from benchmarks.measure import OUT, machine

TOKEN = "00" * 32

MAX_FRAME = 64 << 20
Figures = dict[str, Any]


def rss() -> int:
    """Resident bytes of this process."""
    gc.collect()
    resident: int = psutil.Process().memory_info().rss
    return resident


def bytes_each(make: Callable[[int], Any], n: int) -> int:
    """Bytes that each of n objects adds."""
    gc.collect()
    tracemalloc.start()
    kept = [make(i) for i in range(n)]
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return (grown - sys.getsizeof(kept)) // n


def channels(n: int) -> Figures:
    """Memory of channel objects, in a process that has nothing else; see `in_a_process_of_its_own`."""
    event_loop = EventLoop()
    budget = SpillBudget(80 << 20, tempfile.gettempdir())

    def logged(i: int) -> Any:
        position = control.ChannelPosition(channel=i)
        logs: Any = None  # nothing is sent
        return LoggedOutputChannel(position, event_loop, 0, InFlightLog(budget), logs=logs, max_frame_bytes=MAX_FRAME)

    return {
        "input channel": bytes_each(lambda i: InputChannel(i, 1, MAX_FRAME), n),
        "output channel": bytes_each(lambda i: OutputChannel(i, event_loop, 0), n),
        "output channel with recovery": bytes_each(logged, n),
    }


def connections(n: int) -> Figures:
    """A task that n consumers' channels of one task dial: seconds and descriptors."""
    identity = ConsumerIdentity("job", b"t" * 32, 0)
    with tempfile.TemporaryDirectory() as directory:
        transport = Transport("unix", directory, "", 256 << 10)
        listening, dialling = EventLoop(), EventLoop()
        (listener,), endpoint = transport.listen("t")
        out = [OutputChannel(i, listening, 0) for i in range(n)]
        edge = EdgeWriter.__new__(EdgeWriter)
        edge.channels = out
        gate_out = OutputGate.__new__(OutputGate)
        gate_out.edges, gate_out._channels = [edge], {channel.channel: channel for channel in out}
        handshakes = ProducerHandshakes(b"t" * 32, endpoint.nonce)
        acceptor = Acceptor(listening, listener, transport, handshakes=handshakes, timeout=5, admit=gate_out.admit)
        gate = InputGate(dialling, transport, identity, [InputChannel(i, 1, MAX_FRAME) for i in range(n)])
        before, memory, started = psutil.Process().num_fds(), rss(), time.perf_counter()
        for i in range(n):
            gate.connect(i, endpoint, 0)
        while not gate.connected:
            dialling.poll(0)
            listening.poll(0)
        seconds = time.perf_counter() - started
        fds = psutil.Process().num_fds() - before
        barriers = _barriers(n, out, gate)
        figures = {
            "handshake us": round(seconds / n * 1e6),
            "descriptors of a channel, both ends": fds / n,
            "bytes of a connection, both ends, without the kernel's": (rss() - memory) // n,
            "barrier through a channel us": round(barriers / n * 1e6, 1),
        }
        gate.close()
        gate_out.close()
        acceptor.close()
    return figures


def _barriers(n: int, out: list[OutputChannel], gate: InputGate) -> float:
    """Seconds for one barrier on each of n channels, from send to taken."""
    started = time.perf_counter()
    for channel in out:
        channel.send(FrameHeader(barrier=Barrier(number=1, timestamp_ms=1)), b"")
    taken = 0
    while taken < n:
        while gate.next_frame() is not None:
            taken += 1
        gate.event_loop.poll(0)
    return time.perf_counter() - started


def job_graph(width: int) -> graph.JobGraph:
    """Two operators of this parallelism: each subtask of the first sends to each of the second."""
    job = graph.JobGraph(name="scale")
    for number, kind in enumerate((graph.OPERATOR_KIND_SOURCE, graph.OPERATOR_KIND_SINK), 1):
        operator = job.operators.add(
            id=number, name=f"operator {number}", kind=kind, parallelism=width, language=graph.LANGUAGE_PYTHON
        )
        operator.function.python_object.pickled = b"f" * 500
    job.edges.add(id=1, source=1, target=2).partitioning.kind = graph.Partitioning.KIND_REBALANCE
    return job


def plan(width: int) -> Figures:
    """The plan of `job_graph`, and what the master does with it at the start."""
    options = Options({"anabranch.max-parallelism": 4096})
    job = job_graph(width)
    started = time.perf_counter()
    planned = plan_job(job, options)
    seconds = time.perf_counter() - started
    sizes = [task.ByteSize() for task in planned.tasks]
    n_channels, chain = width * width, planned.chains[0][0].chain[0].ByteSize()
    return {
        "channels": n_channels,
        "planner us per channel": round(seconds / n_channels * 1e6, 2),
        "bytes of a descriptor": max(sizes),
        "of it for each channel": round((max(sizes) - chain) / width, 1),
        **asyncio.run(_start(job, planned, options)),
    }


class _Launcher:
    """A launcher whose workers are all on one host."""

    listen_host = "10.0.0.1"

    def listen_host_of(self, _worker: str) -> str:
        return self.listen_host


async def _start(job: graph.JobGraph, planned: Any, options: Options) -> Figures:
    master = JobMaster("job", job, planned, options, token="00" * 32, launcher=_Launcher(), warn=print)  # type: ignore[arg-type]
    sent = 0

    class Stream:
        def send(self, message: control.MasterMessage) -> None:
            nonlocal sent
            sent += message.ByteSize()

    for worker in master._assignment.workers.values():
        worker.stream = Stream()  # type: ignore[assignment]
    tasks = [task.task_id for task in planned.tasks]
    n_channels = sum(len(edge.channels) for task in planned.tasks for edge in task.inputs)
    master._life.enter(Phase.DEPLOYING)
    started = time.perf_counter()
    for task in tasks:
        endpoint = control.Endpoint(tcp_host="10.0.0.1", tcp_port=40_000 + task)
        master._deployment.deployed(control.TaskDeployed(task_id=task, endpoint=endpoint))
    connected = time.perf_counter() - started
    for task in tasks[:-1]:  # the last one would begin to run the job
        master._on_status(control.TaskStatus(task_id=task, state=control.TASK_STATE_RUNNING))
    entered = time.perf_counter() - started - connected
    for task in tasks:
        master._on_report(control.WorkerReport(tasks=[control.TaskReport(task_id=task)]))
    started = time.perf_counter()
    for _ in range(20):
        master._watch._warn_of_stalls(time.monotonic())
    return {
        "ConnectTask, bytes per channel": round(sent / n_channels, 1),
        "ConnectTask, master's us per channel": round(connected / n_channels * 1e6, 1),
        "a task's RUNNING, master's us": round(entered / len(tasks) * 1e6, 1),
        "look for stalls, us per task": round((time.perf_counter() - started) / 20 / len(tasks) * 1e6, 2),
    }


class _Listener:
    def __init__(self, expected: int) -> None:
        self.streams: list[Any] = []
        self.expected = expected
        self.taken = 0
        self.reports: dict[int, Any] = {}
        self.done = asyncio.Event()

    def connected(self, _hello: Any, stream: Any) -> bool:
        self.streams.append(stream)
        return True

    def received(self, _worker: str, message: Any) -> None:
        for task in message.report.tasks:
            self.reports[task.task_id] = task
        self.taken += 1
        if self.taken == self.expected:
            self.done.set()

    def disconnected(self, _worker: str, _stream: Any) -> None:
        pass


async def _serve(expected: int) -> None:
    """The master's server alone; prints its address, then its CPU time for so many reports."""
    listener = _Listener(expected)
    server = ControlServer(TOKEN, listener, workers=expected)
    print(await server.start("127.0.0.1"), flush=True)
    while listener.taken == 0:
        await asyncio.sleep(0.001)
    already, began, cpu = listener.taken, time.perf_counter(), time.process_time()
    await listener.done.wait()
    taken, busy, seconds = expected - already, time.process_time() - cpu, time.perf_counter() - began
    print(json.dumps({"per CPU": taken / busy, "per second": taken / seconds, "rss": rss()}), flush=True)
    await server.stop()


async def _signed(channel: Any) -> list[tuple[str, str]]:
    """Returns the metadata of a worker that knows the token."""
    nonce = new_nonce()
    answer = await AuthenticationStub(channel).Challenge(iter(()), metadata=[(METADATA, nonce)])
    proof = Proofs(TOKEN).of_client("/anabranch.v1.Control/Connect", answer.challenge, nonce)
    return [(METADATA, f"{answer.challenge}.{nonce}.{proof}")]


async def _report(address: str, workers: int, each: int) -> None:
    operators = [control.OperatorCounters(operator_id=i, records_in=1 << 40, records_out=1 << 40) for i in range(3)]

    async def worker(channel: Any, number: int) -> None:
        stream = ControlStub(channel).Connect(metadata=await _signed(channel))
        await stream.write(control.WorkerMessage(hello=control.WorkerHello(worker_id=f"python-{number}")))
        report = control.WorkerReport(tasks=[control.TaskReport(task_id=number, operators=operators)])
        for _ in range(each):
            await stream.write(control.WorkerMessage(report=report))
        await asyncio.sleep(0.5)

    async with grpc.aio.insecure_channel(address) as channel:
        await asyncio.gather(*(worker(channel, number) for number in range(workers)))


def master(workers: int, each: int) -> Figures:
    """Control messages that a master takes in a second of its own processor time."""
    command = [sys.executable, "-m", "benchmarks.scale", "serve", str(workers * each)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        address = server.stdout.readline().strip()
        asyncio.run(_report(address, workers, each))
        result = json.loads(server.stdout.readline())
    return {
        "streams": workers,
        "messages": workers * each,
        "messages per second of CPU": round(result["per CPU"]),
        "messages per second": round(result["per second"]),
        "master's memory MiB": result["rss"] >> 20,
    }


async def _take_state() -> None:
    """The master's server and what it keeps of a checkpoint; prints its address, then how fast it took the state."""
    taken: dict[int, control.Snapshot] = {}
    size = 0
    ended = asyncio.Event()

    class Listener(_Listener):
        def received(self, _worker: str, message: Any) -> None:
            nonlocal size
            taken[message.checkpoint.task_id] = message.checkpoint.snapshot
            size += message.ByteSize()

        def disconnected(self, _worker: str, _stream: Any) -> None:
            ended.set()

    server = ControlServer(TOKEN, Listener(0), workers=1)
    print(await server.start("127.0.0.1"), flush=True)
    while not taken:
        await asyncio.sleep(0.001)
    already, began, cpu = size, time.perf_counter(), time.process_time()
    await ended.wait()
    seconds, busy = time.perf_counter() - began, time.process_time() - cpu
    mib = (size - already) / (1 << 20)
    print(json.dumps({"MiB/s": round(mib / seconds), "MiB per CPU second": round(mib / busy), "MiB": round(mib)}))
    await server.stop()


def state(mib: int) -> Figures:
    """Snapshots of so many MiB through the control stream into the master."""

    async def send(address: str) -> None:
        snapshot = control.Snapshot(number=1)
        snapshot.operators.add(operator_id=1).engine.payload = bytes(mib << 20)
        async with grpc.aio.insecure_channel(address, options=[("grpc.max_send_message_length", -1)]) as channel:
            stream = ControlStub(channel).Connect(metadata=await _signed(channel))
            await stream.write(control.WorkerMessage(hello=control.WorkerHello(worker_id="python-1")))
            for task in range(256 // mib):
                taken = control.TaskCheckpoint(task_id=task, snapshot=snapshot)
                await stream.write(control.WorkerMessage(checkpoint=taken))
            await stream.done_writing()
            await stream.read()

    command = [sys.executable, "-m", "benchmarks.scale", "take-state", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        asyncio.run(send(server.stdout.readline().strip()))
        result: Figures = json.loads(server.stdout.readline())
    return result


def determinants(width: int) -> Figures:
    """One batch from each of `width` sources to each of `width` tasks; each of these sends a frame to each of `width`.

    The logs that the frames of the second hop carry, with a sharing depth of 2.
    """
    sources = [DeterminantLog() for _ in range(width)]
    for log in sources:
        log.append(Determinant(source_read=Determinant.SourceRead(fetches=1)))
    carried = entries = 0
    for task in range(width):
        own, held = DeterminantLog(), HeldLogs()
        for source, log in enumerate(sources):
            held.merge(LogDelta(task=10_000 + source, entries=log.entries(0)))
            own.append(Determinant(order=Determinant.Order(channel=task * width + source, records=1000, emitted=10**6)))
        for _consumer in range(width):
            piggyback = Piggyback(frozenset(range(10_000, 10_000 + width)))
            deltas, _ = piggyback.deltas(20_000 + task, own, held, MAX_FRAME)
            carried += FrameHeader(deltas=deltas).ByteSize()
            entries += sum(len(delta.entries) for delta in deltas)
    frames = width * width
    return {
        "bytes of logs on a frame": carried // frames,
        "entries on a frame": entries // frames,
        "bytes of an entry": round(carried / entries, 1),
    }


def held_entry_bytes() -> int:
    """Resident bytes of one entry of a log that is held; protobuf's own memory is seen from outside only."""
    before = rss()
    kept = [
        Determinant(order=Determinant.Order(channel=100_000 + i, records=1000, emitted=10**6 + i))
        for i in range(200_000)
    ]
    return (rss() - before) // len(kept)


def checkpoint(n_channels: int, snapshots: int = 200) -> Figures:
    """What the master does with the snapshots of tasks without any state."""
    positions = [control.ChannelPosition(channel=100_000 + i, records=10**9, controls=1000) for i in range(n_channels)]
    snapshot = control.Snapshot(number=1000, inputs=positions, outputs=positions)
    data = snapshot.SerializeToString()
    with tempfile.TemporaryDirectory(dir=Path.home()) as directory:
        store = CheckpointStore(directory, "job", 2, warn=print)
        started = time.perf_counter()
        for task in range(snapshots):
            store.write_snapshot(1, task, data)
        written = time.perf_counter() - started
        store.complete(1, b"", range(snapshots))
        completed = time.perf_counter() - started - written
    return {
        "snapshot, bytes": len(data),
        "written one by one, ms each": round(written / snapshots * 1000, 2),
        "manifest, ms for each": round(completed / snapshots * 1000, 3),
    }


def frame_heads() -> Figures:
    """What a frame costs however few records it has: its head written and read."""
    n = 20_000
    header = FrameHeader(channel=100_000, seq=10**6, first_record_seq=10**9, n_records=10, incarnation=1)
    started = time.perf_counter()
    heads = [frame_head(header, 100) for _ in range(n)]
    reader = FrameReader(MAX_FRAME)
    one = heads[0] + b"x" * 100
    for _ in range(n):
        reader._buffer[: len(one)] = one
        reader._start, reader._end = 0, len(one)
        assert reader.next() is not None
    return {"us per frame, written and read": round((time.perf_counter() - started) / n * 1e6, 2)}


class Endless(SourceFunction[str]):
    """A source that never ends and emits nothing."""

    def init(self, parallelism: int, index: int) -> None: ...

    def fetch(self, _ctx: Any) -> None:
        time.sleep(0.05)


def python_workers(width: int) -> Figures:
    """Workers of a real job, two operators of this parallelism, before a record has come."""
    ctx = StreamingContext.Builder().option("anabranch.launcher", "local").build()
    started = time.monotonic()
    ctx.set_parallelism(width).source(Endless()).rebalance().map(str).disable_chain().sink(print)
    job = ctx.submit("scale")
    while job.status().state.name != "RUNNING":
        time.sleep(0.05)
    seconds = time.monotonic() - started
    time.sleep(1)
    workers = [each for each in psutil.Process().children(recursive=True) if "-c" in each.cmdline()]
    figures = {
        "workers": len(workers),
        "threads": max(each.num_threads() for each in workers),
        "descriptors": max(each.num_fds() for each in workers),
        "RSS MiB": max(each.memory_info().rss for each in workers) >> 20,
        "USS MiB": max(each.memory_full_info().uss for each in workers) >> 20,
        "seconds until all run": round(seconds, 1),
    }
    job.cancel()
    return figures


def jvm(_n: int) -> Figures:
    """A JVM with the runtime in it and nothing to do, started through py4j."""
    started = time.monotonic()
    bridge = JvmBridge(Options())
    bridge.start()
    seconds = time.monotonic() - started
    process = psutil.Process(bridge.pid)
    figures = {
        "RSS MiB": process.memory_info().rss >> 20,
        "threads": process.num_threads(),
        "descriptors": process.num_fds(),
        "seconds": round(seconds, 2),
    }
    bridge.close()
    return figures


def in_a_process_of_its_own(what: str, argument: int) -> Figures:
    """Memory is measured where nothing was freed before."""
    command = [sys.executable, "-m", "benchmarks.scale", what, str(argument)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    result: Figures = json.loads(done.stdout.splitlines()[-1])
    return result


# What is measured in processes of their own, and for how many of it.
ONE: dict[str, Callable[[int], Figures]] = {
    each.__name__: each for each in (channels, connections, plan, determinants, python_workers, jvm)
}
SIZES = {
    "channels": (1, 100, 1000),
    "connections": (1, 100, 400),
    "plan": (10, 100, 316),
    "determinants": (4, 16, 32),
    "python_workers": (1, 2, 4),
    "jvm": (1,),
}


def main() -> None:
    """Measures all, or one thing for another process."""
    if len(sys.argv) > 1:
        what, argument = sys.argv[1], int(sys.argv[2])
        if what == "serve":
            asyncio.run(_serve(argument))
        elif what == "take-state":
            asyncio.run(_take_state())
        else:
            print(json.dumps(ONE[what](argument)))
        return
    result: dict[str, Any] = {"machine": machine()}

    def note(name: str, figures: Any) -> None:
        result[name] = figures
        print(f"{name}: {json.dumps(figures)}", flush=True)

    for what, sizes in SIZES.items():
        for size in sizes:
            note(f"{what} {size}", in_a_process_of_its_own(what, size))
    note("a held entry, bytes", held_entry_bytes())
    note("frame heads", frame_heads())
    for streams in (10, 100, 1000):
        note(f"master, {streams} streams", master(streams, 60_000 // streams))
    for mib in (1, 8):
        note(f"state in snapshots of {mib} MiB", state(mib))
    for n in (1, 100):
        note(f"checkpoint, {n} channels each way", checkpoint(n))
    OUT.mkdir(exist_ok=True)
    (OUT / "scale.json").write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
