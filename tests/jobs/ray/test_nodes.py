"""Jobs over several nodes, each with a network and a temporary directory of its own."""

from __future__ import annotations

import sys

from .hosts import NETWORK

SCRIPT = """
import sys
from collections import Counter
from anabranch import StreamingContext

strategy, jar, cpus = sys.argv[1], sys.argv[2], float(sys.argv[3])
builder = StreamingContext.Builder().option("anabranch.launcher", "ray").option("anabranch.ray.address", "auto")
builder.option("anabranch.ray.strategy", strategy).option("anabranch.java.tasks-per-worker", 1)
ctx = builder.build().add_jar(jar).set_parallelism(3)
numbers = ctx.from_collection(range(30_000)).with_resource(num_cpus=cpus)
tripled = numbers.as_java_stream().map("com.acme.Functions$TripleAndOne").with_resource(num_cpus=cpus)
counted = tripled.as_python_stream().key_by(lambda x: x % 10).map(lambda x: x).collect()
job = ctx.submit("nodes")
from anabranch.client.ray.jobs import ClusterJobs
while job.status().state.name in ("CREATED", "DEPLOYING"):
    pass
plan = ClusterJobs("auto").explain(job.id)
for worker in plan.workers:
    print("worker", worker.worker_id, worker.host, "|".join(worker.tasks))
assert sorted(counted.get(120)) == [3 * x + 1 for x in range(30_000)]
print("right")
"""


def hosts(out: str) -> dict[str, str]:
    return dict(line.split()[1:3] for line in out.splitlines() if line.startswith("worker "))


def test_a_job_of_both_languages_is_spread_over_three_nodes(nodes, on_all_nodes):
    main, jar = on_all_nodes(SCRIPT)

    done = nodes.on_head(sys.executable, main, "spread", jar, "0.1")

    assert done.stdout.splitlines()[-1:] == ["right"], done.stdout + done.stderr
    assert set(hosts(done.stdout).values()) == {f"{NETWORK}.{n}" for n in (1, 2, 3)}


def test_the_neighbours_of_a_pipeline_are_on_one_node(nodes, on_all_nodes):
    main, jar = on_all_nodes(SCRIPT)

    done = nodes.on_head(sys.executable, main, "pipeline", jar, "0.9")

    assert done.stdout.splitlines()[-1:] == ["right"], done.stdout + done.stderr
    host_of = hosts(done.stdout)
    assert len(set(host_of.values())) == 3
    by_task = {}
    for line in done.stdout.splitlines():
        if line.startswith("worker "):
            tasks = line.split(maxsplit=3)[3]
            by_task.setdefault(tasks[tasks.index("(") :], set()).add(line.split()[2])
    assert all(len(each) == 1 for each in by_task.values()), by_task
