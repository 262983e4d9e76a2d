"""A node is lost: its workers, and a job master there, resume elsewhere; no record is lost or duplicated."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from .hosts import NETWORK, Nodes

TOTAL = 30_000

SCRIPT = f"""
import sys, time
from anabranch import EndOfData, SourceFunction, StreamingContext
from anabranch.client.ray.jobs import ClusterJobs

jar, directory = sys.argv[1:]

class Slowly(SourceFunction):
    def init(self, parallelism, index):
        self.next = index * {TOTAL} // parallelism
        self.end = (index + 1) * {TOTAL} // parallelism

    def fetch(self, ctx):
        if self.next >= self.end:
            raise EndOfData
        ctx.collect_many(range(self.next, min(self.end, self.next + 50)))
        self.next += 50
        time.sleep(0.1)

    def save_checkpoint(self):
        return self.next

    def load_checkpoint(self, saved):
        self.next = saved

builder = StreamingContext.Builder().option("anabranch.launcher", "ray").option("anabranch.ray.address", "auto")
builder.option("anabranch.ray.strategy", "spread").option("anabranch.java.tasks-per-worker", 1)
builder.option("anabranch.checkpoint.dir", directory).option("anabranch.checkpoint.interval-ms", 500)
ctx = builder.build().add_jar(jar).set_parallelism(2)
tripled = ctx.source(Slowly()).as_java_stream().map("com.acme.Functions$TripleAndOne")
counted = tripled.as_python_stream().key_by(lambda x: x % 10).map(lambda x: x).collect()
job = ctx.submit("loss")
while job.status().state.name in ("CREATED", "DEPLOYING"):
    time.sleep(0.1)
for worker in ClusterJobs("auto").explain(job.id).workers:
    if worker.tasks:
        print("worker", worker.worker_id, worker.host)
print("running", flush=True)
assert sorted(counted.get(240)) == [3 * x + 1 for x in range({TOTAL})]
print("right")
"""


@pytest.mark.parametrize("how", ["killed", "cut off"])
def test_a_job_goes_on_without_the_node(nodes: Nodes, on_all_nodes: Callable[[str], list[str]], how: str):
    main, jar = on_all_nodes(SCRIPT)
    driver = nodes.start_on_head(sys.executable, main, jar, str(Path(main).parent / "checkpoints"))
    assert driver.stdout is not None
    hosts = set()
    for line in driver.stdout:
        if line.startswith("running"):
            break
        hosts.add(line.split()[-1])
    assert hosts == {f"{NETWORK}.{number}" for number in (1, 2, 3)}

    nodes.lose(3, how)
    try:
        rest = driver.communicate(timeout=600)[0]
    finally:
        driver.kill()
        nodes.bring_back(3)

    assert rest.splitlines()[-1:] == ["right"], rest
