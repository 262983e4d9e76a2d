"""When checkpoints begin, and when they are complete, without workers."""

import asyncio
import threading
import time
from collections.abc import Callable, Mapping
from unittest.mock import Mock

from anabranch.checkpoint.numbers import FINAL
from anabranch.checkpoint.store import CheckpointStore
from anabranch.config import Options
from anabranch.job import CompletedCheckpoint
from anabranch.master import checkpoint_coordinator
from anabranch.master.assignment import Assignment
from anabranch.master.checkpoint_coordinator import CheckpointCoordinator
from anabranch.master.checkpoint_writer import CheckpointWriter
from anabranch.master.handover import Handover
from anabranch.master.job_life import Phase
from anabranch.master.no_checkpoints import NoCheckpoints
from anabranch.master.results import Results
from anabranch.plan import ExecutionPlan, WorkerPlan
from anabranch.v1 import control_pb2 as control
from anabranch.v1.graph_pb2 import LANGUAGE_PYTHON
from anabranch.v1.master_pb2 import MasterState

SOURCE, OTHER_SOURCE, MAP, SINK = 1, 2, 3, 4
GRAPH = {SOURCE: frozenset({MAP}), OTHER_SOURCE: frozenset({MAP}), MAP: frozenset({SINK}), SINK: frozenset[int]()}


def assignment_of(graph: Mapping[int, frozenset[int]], send: Callable[[control.MasterMessage], None]) -> Assignment:
    """One worker has all tasks, and is connected."""
    tasks = []
    for task_id, consumers in graph.items():
        task = control.TaskDescriptor(task_id=task_id)
        task.outputs.add().channels.extend(control.Channel(peer_task=consumer) for consumer in consumers)
        tasks.append(task)
    worker = WorkerPlan("python-1", LANGUAGE_PYTHON, tuple(graph))
    assignment = Assignment(ExecutionPlan("job", tuple((task,) for task in tasks), (worker,)))
    assignment.workers["python-1"].stream = Mock(send=send)
    return assignment


class Job:
    """A job whose only worker keeps what it is sent."""

    def __init__(self, directory, graph: Mapping[int, frozenset[int]] = GRAPH, **options: str) -> None:
        self.sent: list[control.MasterMessage] = []
        self.warnings: list[str] = []
        self.failures: list[BaseException] = []
        self.now = time.monotonic()
        settings = {"anabranch.checkpoint.dir": str(directory), "anabranch.checkpoint.interval-ms": "10", **options}
        self.assignment = assignment_of(graph, self.sent.append)
        self.life = Mock(phase=Phase.RUNNING, warn=self.warnings.append, fail_by=self.failures.append)
        self.life.enter = lambda phase: setattr(self.life, "phase", phase)
        self.checkpoints = CheckpointCoordinator(
            Options(settings),
            self.assignment,
            CheckpointWriter(Options(settings), "job-1", secret=bytes(32), warn=self.warnings.append),
            results=Results(self.assignment, self.life, kept_by_workers=False),
            handover=Handover(None),
            life=self.life,
        )

    async def begin(self) -> None:
        self.now += 1  # another interval is over, however quick the test is
        await self.checkpoints.begin_if_due(self.now)

    def triggers(self) -> list[tuple[int, set[int]]]:
        messages = [sent.trigger_checkpoint for sent in self.sent if sent.HasField("trigger_checkpoint")]
        return [(message.number, set(message.task_ids)) for message in messages]

    def ends(self, task: int) -> None:
        self.checkpoints.take(task, control.Snapshot(number=FINAL))

    def takes(self, number: int, *tasks: int) -> None:
        for task in tasks:
            self.checkpoints.take(task, control.Snapshot(number=number))

    async def settle(self) -> None:
        await self.checkpoints.settle()


def test_sources_are_told_to_take_a_checkpoint(tmp_path):
    job = Job(tmp_path)

    asyncio.run(job.begin())

    assert job.triggers() == [(1, {SOURCE, OTHER_SOURCE})]


def test_a_task_whose_producers_have_all_ended_takes_it_itself(tmp_path):
    job = Job(tmp_path)
    job.ends(SOURCE)
    job.ends(OTHER_SOURCE)

    asyncio.run(job.begin())

    assert job.triggers() == [(1, {MAP})]


def test_the_last_producer_may_end_while_the_checkpoint_is_pending(tmp_path):
    job = Job(tmp_path)

    asyncio.run(job.begin())
    job.ends(SOURCE)
    job.ends(OTHER_SOURCE)

    assert job.triggers() == [(1, {SOURCE, OTHER_SOURCE}), (1, {MAP})]


def test_the_barrier_of_one_producer_and_the_end_of_another_make_way_for_the_next_checkpoint(tmp_path):
    job = Job(tmp_path)

    async def run() -> None:
        await job.begin()
        job.takes(1, SOURCE)
        job.ends(SOURCE)
        job.ends(OTHER_SOURCE)
        await job.begin()

    asyncio.run(run())

    assert job.triggers() == [(1, {SOURCE, OTHER_SOURCE}), (2, {MAP})]


def test_a_producer_that_begins_again_lives(tmp_path):
    job = Job(tmp_path)
    job.ends(SOURCE)
    job.ends(OTHER_SOURCE)
    job.checkpoints.forget({SOURCE})

    asyncio.run(job.begin())

    assert job.triggers() == [(1, {SOURCE})]


def test_parts_and_ends_together_complete_a_checkpoint(tmp_path):
    job = Job(tmp_path)

    async def run() -> None:
        job.ends(SOURCE)
        job.ends(OTHER_SOURCE)
        await job.begin()
        job.takes(1, MAP, SINK)
        await job.settle()

    asyncio.run(run())

    assert job.checkpoints.last == 1
    assert {task: part.number for task, part in job.checkpoints.snapshots.items()} == {1: FINAL, 2: FINAL, 3: 1, 4: 1}
    assert job.sent[-1].checkpoint_completed.number == 1


def fill(job: Job) -> None:
    """All tasks send their parts of the pending checkpoint."""
    assert job.checkpoints.pending is not None
    job.takes(job.checkpoints.pending, *GRAPH)


class Broken(Job):
    """A job whose store cannot be written to until it is mended."""

    def __init__(self, directory, monkeypatch, **options: str) -> None:
        super().__init__(directory, **options)
        self.broken = True
        write = CheckpointStore.write_snapshot

        def write_or_not(store: CheckpointStore, number: int, task: int, data: bytes) -> None:
            if self.broken and task == SINK:
                self.fail_to_write()
            write(store, number, task, data)

        monkeypatch.setattr(CheckpointStore, "write_snapshot", write_or_not)

    def fail_to_write(self) -> None:
        raise OSError("no space left")


def test_a_checkpoint_that_cannot_be_written_is_a_warning_and_leaves_nothing(tmp_path, monkeypatch):
    job = Broken(tmp_path, monkeypatch)

    async def run() -> None:
        await job.begin()
        fill(job)
        await job.settle()
        job.broken = False
        await job.begin()
        fill(job)
        await job.settle()

    asyncio.run(run())

    assert len(job.warnings) == 1
    assert "checkpoint 1 could not be written" in job.warnings[0]
    assert "no space left" in job.warnings[0]
    assert [path.name for path in (tmp_path / "job-1").iterdir()] == ["chk-2"]
    assert job.checkpoints.last == 2
    assert job.failures == []


def test_a_checkpoint_that_a_worker_could_not_write_is_given_up_as_if_the_master_could_not(tmp_path):
    job = Job(tmp_path, **{"anabranch.checkpoint.max-failures": "2"})

    async def run() -> None:
        await job.begin()
        job.takes(1, SOURCE)
        job.checkpoints.give_up(1, "task-3-0.state cannot be written")
        job.checkpoints.give_up(1, "task-4-0.state cannot be written")
        job.takes(1, OTHER_SOURCE, MAP, SINK)  # too late
        await job.settle()
        assert (job.checkpoints.pending, job.checkpoints.failures, job.checkpoints.last) == (None, 1, 0)
        await job.begin()
        fill(job)
        await job.settle()
        assert (job.checkpoints.failures, job.checkpoints.last) == (0, 2)
        for number in (3, 4):
            await job.begin()
            job.checkpoints.give_up(number, "no space left")
            await job.settle()

    asyncio.run(run())

    assert "checkpoint 1 could not be written: task-3-0.state cannot be written" in job.warnings[0]
    assert "checkpoint 3" in job.warnings[1]
    (failure,) = job.failures
    assert "checkpoint 4 could not be written: no space left" in str(failure)


def test_the_snapshot_after_the_end_that_a_worker_could_not_write_fails_the_job(tmp_path):
    job = Job(tmp_path)

    job.checkpoints.give_up(FINAL, "no space left")

    (failure,) = job.failures
    assert "the checkpoint at the end could not be written: no space left" in str(failure)


def test_as_many_failed_checkpoints_in_a_row_as_the_option_says_end_the_job(tmp_path, monkeypatch):
    job = Broken(tmp_path, monkeypatch, **{"anabranch.checkpoint.max-failures": "3"})

    async def run() -> None:
        for _ in range(3):
            await job.begin()
            fill(job)
            await job.settle()

    asyncio.run(run())

    assert len(job.warnings) == 2
    (failure,) = job.failures
    assert "checkpoint 3 could not be written" in str(failure)


def test_failed_checkpoints_are_reported_ever_more_rarely_until_one_completes(tmp_path, monkeypatch):
    job = Broken(tmp_path, monkeypatch)

    async def run(times: int) -> None:
        for _ in range(times):
            await job.begin()
            fill(job)
            await job.settle()

    async def fail_and_recover() -> None:
        await run(9)
        assert job.checkpoints.failures == 9
        job.broken = False
        await run(1)
        assert job.checkpoints.failures == 0
        job.broken = True
        await run(1)

    asyncio.run(fail_and_recover())

    numbers = [warning.split()[1] for warning in job.warnings]
    assert numbers == ["1", "2", "4", "8", "11"]
    assert "8 in a row have failed by now" in job.warnings[3]


def test_what_is_known_of_a_checkpoint_while_it_is_pending_written_and_complete(tmp_path):
    job = Job(tmp_path)
    seen: list[tuple[int, float] | None] = []
    write = job.checkpoints._writer._store.write_snapshot

    def write_and_look(number: int, task: int, data: bytes) -> None:
        seen.append(job.checkpoints.begun)
        write(number, task, data)

    job.checkpoints._writer._store.write_snapshot = write_and_look  # type: ignore[method-assign]

    async def run() -> None:
        before = time.time()
        assert job.checkpoints.begun is None
        assert job.checkpoints.last_completed is None
        await job.begin()
        begun = job.checkpoints.begun
        assert begun is not None
        assert begun[0] == 1
        assert before <= begun[1] <= time.time()
        job.takes(1, SOURCE, MAP)
        assert job.checkpoints.missing == {OTHER_SOURCE, SINK}
        fill(job)
        await job.settle()
        assert set(seen) == {begun}
        assert job.checkpoints.begun is None
        last = job.checkpoints.last_completed
        assert last is not None
        assert last.number == 1
        assert begun[1] <= last.completed_at <= time.time()
        assert 0 <= last.duration <= time.time() - before

    asyncio.run(run())


def test_the_checkpoint_at_the_end_has_no_number(tmp_path, monkeypatch):
    job = Broken(tmp_path, monkeypatch)
    monkeypatch.setattr(checkpoint_coordinator, "DELAYS_OF_LAST", (0.0, 0.0))
    fail = job.fail_to_write

    def fail_once() -> None:
        job.broken = False
        fail()

    job.fail_to_write = fail_once  # type: ignore[method-assign]
    for task in GRAPH:
        job.ends(task)

    asyncio.run(job.checkpoints.complete_last())

    assert job.checkpoints.last_completed is not None
    assert job.checkpoints.last_completed.number is None
    assert (tmp_path / "job-1" / f"chk-{FINAL}" / "MANIFEST").exists()
    assert str(FINAL) not in "".join(job.warnings)


class Hanging(Broken):
    """A job whose store does not answer."""

    def fail_to_write(self) -> None:
        threading.Event().wait()


def test_a_store_that_hangs_holds_up_nothing_for_longer_than_the_timeout(tmp_path, monkeypatch):
    job = Hanging(tmp_path, monkeypatch, **{"anabranch.checkpoint.timeout-ms": "100"})

    async def run() -> None:
        await job.begin()
        fill(job)
        await job.settle()

    asyncio.run(run())

    assert "checkpoint 1 could not be written within 0.1 s" in job.warnings[0]


def test_the_checkpoint_at_the_end_is_tried_again(tmp_path, monkeypatch):
    job = Broken(tmp_path, monkeypatch)
    monkeypatch.setattr(checkpoint_coordinator, "DELAYS_OF_LAST", (0.0, 0.0))
    fail = job.fail_to_write

    def fail_once() -> None:
        job.broken = False
        fail()

    job.fail_to_write = fail_once  # type: ignore[method-assign]
    for task in GRAPH:
        job.ends(task)

    asyncio.run(job.checkpoints.complete_last())

    assert "the checkpoint at the end could not be written" in job.warnings[0]
    assert job.checkpoints.last == FINAL


def test_a_master_that_finds_less_than_was_complete_knows_it(tmp_path):
    first = Job(tmp_path)

    async def run() -> None:
        for _ in range(2):
            await first.begin()
            fill(first)
            await first.settle()

    asyncio.run(run())
    newest = next((tmp_path / "job-1" / "chk-2").glob("*.snapshot"))
    newest.write_bytes(newest.read_bytes()[:-1])
    second, third = Job(tmp_path), Job(tmp_path)
    known = MasterState(begun_checkpoint=2, completed_checkpoint=1, completed_at=1.0, checkpoint_duration=2.0)

    asyncio.run(second.checkpoints.load_from(MasterState(begun_checkpoint=2, completed_checkpoint=2)))
    asyncio.run(third.checkpoints.load_from(known))

    assert second.checkpoints.last == third.checkpoints.last == 1
    assert second.checkpoints.is_behind_tasks
    assert not third.checkpoints.is_behind_tasks
    assert second.checkpoints.last_completed is not None
    assert second.checkpoints.last_completed.number == 1
    assert third.checkpoints.last_completed == CompletedCheckpoint(1, completed_at=1.0, duration=2.0)


def test_logs_that_take_too_much_memory_are_a_reason_for_a_checkpoint_before_it_is_due(tmp_path):
    limit = 1 << 20
    options = {"anabranch.checkpoint.interval-ms": "60000", "anabranch.inflight.memory-bytes": str(limit)}
    job = Job(tmp_path, **options)

    job.checkpoints.note_logs(limit)
    asyncio.run(job.begin())
    assert job.triggers() == []

    job.checkpoints.note_logs(limit + 1)
    asyncio.run(job.begin())
    assert job.triggers() == [(1, {SOURCE, OTHER_SOURCE})]

    job.checkpoints.note_logs(limit + 1)
    asyncio.run(job.begin())
    assert len(job.triggers()) == 1, "one at a time"


def test_once_all_tasks_have_finished_the_checkpoint_at_the_end_is_completed_and_all_commit(tmp_path):
    job = Job(tmp_path)

    async def run() -> None:
        for task in GRAPH:
            job.ends(task)
        job.checkpoints.commit_if_finished()
        assert job.life.phase is Phase.RUNNING, "they have not said that they have finished"
        for task in job.assignment.tasks.values():
            task.state = control.TASK_STATE_FINISHED
        job.checkpoints.commit_if_finished()
        job.checkpoints.commit_if_finished()
        await job.settle()

    asyncio.run(run())

    assert job.life.phase is Phase.COMMITTING
    assert [sent.checkpoint_completed.number for sent in job.sent] == [FINAL]
    for task in job.assignment.tasks.values():
        job.life.succeed.assert_not_called()
        job.checkpoints.committed(task, FINAL)
    job.life.succeed.assert_called_once()


def test_a_job_that_is_being_cancelled_completes_no_checkpoint_at_the_end(tmp_path):
    job = Job(tmp_path)
    job.life.phase = Phase.CANCELLING

    async def run() -> None:
        for task in job.assignment.tasks.values():
            task.state = control.TASK_STATE_FINISHED
            job.ends(task.task_id)
        await job.settle()

    asyncio.run(run())

    assert job.checkpoints.last == 0
    assert job.sent == []


def test_a_new_incarnation_takes_part_in_the_pending_checkpoint(tmp_path):
    job = Job(tmp_path)
    asyncio.run(job.begin())

    job.checkpoints.task_is_live_again(job.assignment.tasks[SOURCE])

    assert job.triggers()[1:] == [(1, {SOURCE})]


def test_a_new_incarnation_at_the_end_commits(tmp_path):
    job = Job(tmp_path)
    job.checkpoints.last = FINAL

    job.checkpoints.task_is_live_again(job.assignment.tasks[SINK])

    assert [sent.checkpoint_completed.number for sent in job.sent] == [FINAL]


def test_what_one_master_saves_of_checkpoints_another_one_loads(tmp_path):
    first, second, state = Job(tmp_path), Job(tmp_path), MasterState()

    async def run() -> None:
        await first.begin()
        fill(first)
        await first.settle()
        await first.begin()
        first.checkpoints.save_to(state)
        await second.checkpoints.load_from(MasterState.FromString(state.SerializeToString()))
        await second.begin()

    asyncio.run(run())

    assert second.checkpoints.last_completed == first.checkpoints.last_completed
    assert second.checkpoints.snapshots == first.checkpoints.snapshots
    assert second.triggers() == [(3, {SOURCE, OTHER_SOURCE})], "number 2 was used"
    assert not second.checkpoints.is_behind_tasks


def test_a_job_without_checkpoints_is_asked_the_same():
    def doors(cls: type) -> set[str]:
        return {name for name in vars(cls) if not name.startswith("_")}

    made_in_init = {"last", "snapshots", "failures", "last_completed"}

    assert doors(CheckpointCoordinator) | made_in_init == doors(NoCheckpoints)


def test_a_job_without_checkpoints_is_done_once_its_tasks_have_finished():
    assignment, life = assignment_of(GRAPH, print), Mock()
    checkpoints = NoCheckpoints(assignment, life)
    checkpoints.commit_if_finished()
    life.succeed.assert_not_called()

    for task in assignment.tasks.values():
        task.state = control.TASK_STATE_FINISHED
    checkpoints.commit_if_finished()

    life.succeed.assert_called_once()
