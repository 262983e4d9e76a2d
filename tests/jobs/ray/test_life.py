"""The life of a job on Ray: its master and its workers are killed, its driver goes away, it is cancelled."""

from __future__ import annotations

import json
import os
import signal
import time
from itertools import pairwise
from pathlib import Path

import psutil
import pytest

from anabranch import EndOfData, JobCancelledError, JobFailedError, SourceFunction

from .conftest import actors, pid_of, wait_until

pytestmark = pytest.mark.usefixtures("leaves_nothing")

TOTAL = 20_000

# A job that never ends by itself.
ENDLESS = """
import sys, time
from anabranch import SourceFunction, StreamingContext

class Ticks(SourceFunction):
    def init(self, parallelism, index):
        self.n = 0
    def fetch(self, ctx):
        ctx.collect(self.n)
        self.n += 1
        time.sleep(0.001)
    def close(self):
        pass

def show(x):
    if x % 100 == 0:
        print("saw", x)

builder = StreamingContext.Builder().option("anabranch.python.tasks-per-worker", 4)
builder.option("anabranch.ray.driver-timeout-ms", 1000)
ctx = builder.build().add_jar(sys.argv[1])
ctx.source(Ticks()).as_java_stream().map("com.acme.Functions$Identity").as_python_stream().sink(show)
"""


class Numbers(SourceFunction):
    """Emits the numbers below TOTAL in a few seconds."""

    def init(self, parallelism: int, index: int) -> None:
        self.next, self.step = index, parallelism

    def fetch(self, ctx) -> None:
        if self.next >= TOTAL:
            raise EndOfData
        for _ in range(10):
            ctx.collect(self.next)
            self.next += self.step
        time.sleep(0.004)

    def close(self) -> None:
        pass


class Appends:
    """Appends each number to a file, with the time at which it came."""

    def __init__(self, directory: str) -> None:
        self.directory = directory

    def __call__(self, value: int) -> int:
        with Path(self.directory, f"{os.getpid()}-{id(self)}").open("a") as file:
            file.write(f"{value} {time.time()}\n")
        return value


def running(ctx, name="endless"):
    slow = ctx.from_collection(range(1_000_000)).map(lambda x: __import__("time").sleep(0.001) or x)
    slow.as_java_stream().map("com.acme.Functions$Identity").as_python_stream().sink(lambda x: None)
    job = ctx.submit(name)
    wait_until(lambda: job.status().state.name == "RUNNING")
    return job


@pytest.mark.parametrize("host", ["ray", "py4j"])
def test_a_killed_master_is_started_again_and_no_record_is_lost_or_duplicated_or_late(ctx, ray_cluster, tmp_path, host):
    ctx.option("anabranch.java-host", host)
    stream = ctx.source(Numbers()).as_java_stream().map("com.acme.Functions$Identity").as_python_stream()
    stream.rebalance().map(Appends(str(tmp_path))).sink(lambda x: None)
    job = ctx.submit("survives")
    wait_until(lambda: sum(file.stat().st_size for file in tmp_path.iterdir()) > 10_000)

    os.kill(pid_of("master"), signal.SIGKILL)

    assert job.wait(120).state.name == "FINISHED"
    lines = [line.split() for file in tmp_path.iterdir() for line in file.read_text().splitlines()]
    assert sorted(int(value) for value, _ in lines) == list(range(TOTAL))
    # The records went on meanwhile: a new master takes longer than that to come up.
    times = sorted(float(when) for _, when in lines)
    assert max(after - before for before, after in pairwise(times)) < 1.0


@pytest.mark.smoke
def test_a_killed_master_loses_no_collected_record(ctx, ray_cluster):
    collected = ctx.source(Numbers()).map(lambda x: x).collect()
    job = ctx.submit("collects")
    wait_until(lambda: job.status().operators[0].records_out > 2000)

    os.kill(pid_of("master"), signal.SIGKILL)

    assert sorted(collected.get(60)) == list(range(TOTAL))


def test_lines_printed_while_the_master_is_away_come_once(ctx, ray_cluster, capfd):
    ctx.option("anabranch.log.prefix", "off")
    numbers = ctx.source(Numbers()).set_parallelism(1).filter(lambda x: x % 20 == 0)
    numbers.as_java_stream().sink("com.acme.Functions$Print")
    numbers.sink(lambda x: print("python", x))
    job = ctx.submit("prints")
    wait_until(lambda: job.status().operators[0].records_out > 1000)

    os.kill(pid_of("master"), signal.SIGKILL)

    job.wait(120)
    lines = capfd.readouterr().out.splitlines()
    for language in ("java", "python"):
        came = [line for line in lines if line.startswith(language)]
        assert came == [f"{language} {x}" for x in range(0, TOTAL, 20)]


def test_a_failure_while_the_master_is_away_is_reported(ctx, ray_cluster, tmp_path):
    path = str(tmp_path / "fail")

    def fails_when_told(x):
        if Path(path).exists():
            raise ValueError("told to")
        return x

    ctx.source(Numbers()).map(fails_when_told).with_name("obeys").sink(lambda x: None)
    job = ctx.submit("fails")
    wait_until(lambda: job.status().operators[0].records_out > 100)
    master = pid_of("master")

    os.kill(master, signal.SIGSTOP)
    Path(path).touch()
    time.sleep(0.5)
    os.kill(master, signal.SIGKILL)

    with pytest.raises(JobFailedError, match="operator 'obeys' failed"):
        job.wait(120)


def test_a_worker_that_dies_while_the_master_is_away_fails_the_job(ctx, ray_cluster):
    job = running(ctx)
    master, worker = pid_of("master"), pid_of("java")

    os.kill(master, signal.SIGSTOP)
    os.kill(worker, signal.SIGKILL)
    os.kill(master, signal.SIGKILL)

    with pytest.raises(JobFailedError, match=r"while the job master was away|while it ran|could not be"):
        job.wait(120)


@pytest.mark.parametrize("language", ["python", "java"])
def test_a_killed_worker_fails_the_job(ctx, ray_cluster, language):
    job = running(ctx)

    os.kill(pid_of(language), signal.SIGKILL)

    with pytest.raises(
        JobFailedError,
        match=f"worker {language}-1, process .* was lost: it was killed, or its node is gone while it ran",
    ):
        job.wait(120)


def test_cancel(ctx, ray_cluster):
    job = running(ctx)
    assert len(actors(ray_cluster)) >= 3

    assert job.cancel().state.name == "CANCELLED"

    with pytest.raises(JobCancelledError):
        job.wait()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_job_ends_with_its_driver(ray_cluster, drive, acme_jar, number):
    driver = drive(ENDLESS + "ctx.execute('endless')\n", acme_jar)
    driver.wait_for_line("saw 100")
    assert actors(ray_cluster)

    driver.process.send_signal(number)

    driver.process.wait(120)


@pytest.mark.smoke
def test_a_detached_job_goes_on_without_its_driver_and_can_be_cancelled(ray_cluster, drive, acme_jar, anabranch):
    script = ENDLESS + "ctx.option('anabranch.detached', True)\nprint(ctx.submit('endless').id)\n"
    code, out, err = drive(script, acme_jar).finish()
    assert (0, "") == (code, err)
    job_id = out.splitlines()[-1]

    wait_until(lambda: f"{job_id}  RUNNING" in anabranch("list"))
    wait_until(lambda: "saw 100" in anabranch("logs", job_id))
    assert '"job_name":"endless"' in anabranch("status", job_id, "--json").replace(" ", "")
    assert "worker java-1: process " in anabranch("explain", job_id)
    assert f"{job_id}  CANCELLED" in anabranch("cancel", job_id)
    assert f"{job_id}  CANCELLED" in anabranch("list")
    assert "saw 100" in anabranch("logs", job_id, "-f")


def test_a_detached_job_that_fails_is_remembered(ray_cluster, drive, anabranch):
    script = """
from anabranch import StreamingContext
ctx = StreamingContext.Builder().option("anabranch.detached", True).build()
ctx.from_values(1).map(lambda x: x / 0).sink(print)
print(ctx.submit("fails").id)
"""
    code, out, err = drive(script).finish()
    assert (0, "") == (code, err)
    job_id = out.splitlines()[-1]

    wait_until(lambda: f"{job_id}  FAILED" in anabranch("list"))
    assert "ZeroDivisionError" in anabranch("status", job_id)
    status = json.loads(anabranch("status", job_id, "--json"))
    assert int(status["started_ms"]) <= int(status["ended_ms"]) <= time.time() * 1000


def test_a_finished_job_has_no_process(ctx, ray_cluster):
    ctx.from_values(1, 2).map(lambda x: x).execute_and_collect("short")

    wait_until(lambda: not actors(ray_cluster))
    commands = [" ".join(process.info["cmdline"] or []) for process in psutil.process_iter(["cmdline"])]
    assert not [command for command in commands if "RayWorker" in command]
