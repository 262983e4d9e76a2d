"""Kills workers of a job of both languages for ten minutes (or as long as told) and compares whole results.

make soak
.venv/bin/python tests/soak.py --minutes 60
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from anabranch.job import Job  # noqa: E402
from tests.jobs.killing import Numbered, Slowly, assert_numbered_once, context, workers  # noqa: E402

RECORDS = 200_000
# Kills without a checkpoint between; then workers are left alone until one is complete. A machine that is busy with
# other things as well starts no worker in the time that killing all of them takes.
MOST_KILLS = 50
CHECKPOINT_LIMIT = 300.0  # seconds


def run_round(jar: Path, rng: random.Random) -> int:
    """Runs one job to its end and kills all the time; returns how many workers it has survived."""
    killed = 0
    with tempfile.TemporaryDirectory(prefix="anabranch-soak-") as directory:
        options = {
            "java__tasks_per_worker": rng.choice([0, 1]),
            "recovery__sharing_depth": rng.choice([1, 2, 0]),
            "recovery__attempts": 1000,
            "checkpoint__interval_ms": rng.choice([100, 500, 2000]),
        }
        ctx = context(Path(directory), **options).add_jar(jar).set_parallelism(rng.choice([1, 2, 3]))
        numbers = ctx.source(Slowly(RECORDS)).rebalance().map(lambda x: x).disable_chain()
        java = numbers.as_java_stream().map("com.acme.Functions$Identity").rebalance()
        back = java.map("com.acme.Functions$Identity").as_python_stream()
        collected = back.key_by(lambda x: x % 7).process(Numbered()).collect()
        job = ctx.submit("soak")
        while job.status().state.name in ("CREATED", "DEPLOYING"):
            time.sleep(0.05)
        checkpoint, kills = -1, 0
        while not job.ended:
            time.sleep(rng.uniform(0.1, 2.0))
            if last_checkpoint(job) != checkpoint:
                checkpoint, kills = last_checkpoint(job), 0
            elif kills >= MOST_KILLS:
                wait_for(lambda: job.ended or last_checkpoint(job) != checkpoint)  # noqa: B023 - called at once
            there = workers()
            for victim in rng.sample(there, min(rng.choice([1, 1, 1, 2, 3]), len(there))):
                if not job.ended:
                    victim.kill()
                    killed += 1
                    kills += 1
        assert_numbered_once(collected.get(60), list(range(RECORDS)), 7)
    return killed


def last_checkpoint(job: Job) -> int:
    """Returns the number of the last complete checkpoint, or 0."""
    last = job.status().last_checkpoint
    return 0 if last is None else last.number or 0


def wait_for(condition: Callable[[], bool]) -> None:
    """Waits until something is so, or fails."""
    deadline = time.monotonic() + CHECKPOINT_LIMIT
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"no checkpoint was completed in {CHECKPOINT_LIMIT:.0f} s without a kill")
        time.sleep(0.05)


def main() -> None:
    """Goes on until the time is over; any wrong result ends it at once."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    rng = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory(prefix="anabranch-soak-") as directory:
        jar = Path(directory, "acme.jar")
        runtime = ROOT / "python" / "anabranch" / "jars" / "anabranch-runtime.jar"
        sources = [str(path) for path in (ROOT / "tests" / "jobs" / "java").rglob("*.java")]
        subprocess.run(["javac", "-cp", str(runtime), "-d", f"{directory}/classes", *sources], check=True)
        subprocess.run(["jar", "cf", str(jar), "-C", f"{directory}/classes", "."], check=True)
        until = time.monotonic() + arguments.minutes * 60
        killed = rounds = 0
        while time.monotonic() < until:
            killed += run_round(jar, rng)
            rounds += 1
            print(f"{rounds} jobs, {killed} kills survived, {rounds * RECORDS:,} records compared", flush=True)


if __name__ == "__main__":
    main()
