"""The frames that a channel keeps for consumers that must read them again."""

import errno
import os
import subprocess
import sys
import tempfile
from itertools import islice

import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from anabranch.replay.inflight_log import InFlightLog, SpillBudget
from anabranch.v1.record_pb2 import Barrier, Determinant, FrameHeader, LogDelta

EVERYTHING = 1 << 40


def header(seq: int, epoch: int = 0, **more) -> FrameHeader:
    return FrameHeader(channel=3, seq=seq, epoch=epoch, **more)


def fill(log: InFlightLog, n: int, *, epoch: int = 0, size: int = 100) -> None:
    for seq in range(log.next_seq, log.next_seq + n):
        log.append(header(seq, epoch), bytes([seq % 256]) * size)


def seqs(frames) -> list[int]:
    return [header.seq for header, _ in frames]


@pytest.fixture
def budget(tmp_path):
    return SpillBudget(EVERYTHING, str(tmp_path))


@pytest.fixture
def tight(tmp_path):
    return SpillBudget(0, str(tmp_path))


def test_frames_come_back_whole_without_their_determinants(budget):
    log = InFlightLog(budget, first_seq=5)
    sent = header(
        5, n_records=2, has_keys=True, deltas=[LogDelta(task=1, entries=[Determinant(time=Determinant.Time(ms=1))])]
    )
    log.append(sent, b"payload")
    log.append(header(6, barrier=Barrier(number=1)), b"")

    assert [(header(5, n_records=2, has_keys=True), b"payload"), (header(6, barrier=Barrier(number=1)), b"")] == list(
        log.frames_from(5)
    )
    assert 1 == len(sent.deltas), "the header that is sent must keep them"


def test_a_payload_is_not_copied_while_in_memory(budget):
    log = InFlightLog(budget)
    payload = b"x" * 1000
    log.append(header(0), payload)

    assert next(log.frames_from(0))[1] is payload


@pytest.mark.parametrize("seq", [4, 6])
def test_only_the_next_frame_can_be_appended(budget, seq):
    log = InFlightLog(budget, first_seq=5)

    with pytest.raises(ValueError, match="continues with 5"):
        log.append(header(seq), b"")
    assert (5, 5) == (log.first_seq, log.next_seq)


def test_epochs_do_not_go_back(budget):
    log = InFlightLog(budget)
    log.append(header(0, epoch=2), b"")

    with pytest.raises(ValueError, match="epoch 1"):
        log.append(header(1, epoch=1), b"")
    assert [0] == seqs(log.frames_from(0))


@pytest.mark.parametrize("limit", [EVERYTHING, 0])
def test_what_was_dropped_or_never_sent_cannot_be_read(tmp_path, limit):
    log = InFlightLog(SpillBudget(limit, str(tmp_path)))
    fill(log, 3, epoch=0)
    fill(log, 2, epoch=4)
    log.drop_before(4)

    assert (3, 5) == (log.first_seq, log.next_seq)
    assert [3, 4] == seqs(log.frames_from(3))
    assert [] == seqs(log.frames_from(5))
    for seq in (2, 6):
        with pytest.raises(LookupError, match=f"frame {seq} "):
            log.frames_from(seq)


@pytest.mark.parametrize("limit", [EVERYTHING, 0])
def test_a_frame_dropped_before_its_turn_is_never_skipped(tmp_path, limit):
    log = InFlightLog(SpillBudget(limit, str(tmp_path)))
    fill(log, 3, epoch=0)
    fill(log, 1, epoch=1)
    frames = log.frames_from(0)
    assert 0 == next(frames)[0].seq

    log.drop_before(1)

    with pytest.raises(LookupError):
        next(frames)


def test_a_reader_sees_what_is_appended_and_spilled_meanwhile(tmp_path):
    budget = SpillBudget(1000, str(tmp_path))
    log = InFlightLog(budget)
    fill(log, 5)
    frames = log.frames_from(1)

    assert [1, 2] == seqs(islice(frames, 2))
    fill(log, 50)
    log.drop_before(0)
    assert log.spilled_bytes > 0
    assert list(range(3, 55)) == seqs(frames)


def test_the_log_with_most_bytes_spills_first_and_the_limit_holds(tmp_path):
    budget = SpillBudget(10_000, str(tmp_path))
    small, large = InFlightLog(budget), InFlightLog(budget)
    fill(small, 10)
    fill(large, 200)

    assert budget.held_bytes <= 10_000
    assert 0 == small.spilled_bytes < large.spilled_bytes
    assert small.held_bytes + large.held_bytes == budget.held_bytes
    assert list(range(200)) == seqs(large.frames_from(0))


def test_spilling_goes_on_where_it_stopped_and_leaves_the_newest_in_memory(tmp_path):
    budget = SpillBudget(3 << 20, str(tmp_path))
    log = InFlightLog(budget)
    fill(log, 100, size=100_000)

    assert (2 << 20) < log.held_bytes <= 3 << 20
    assert [bytes([seq]) * 100_000 for seq in range(100)] == [payload for _, payload in log.frames_from(0)]


def test_dropping_an_epoch_and_closing_free_memory_and_disk(tmp_path):
    budget = SpillBudget(500, str(tmp_path))
    log, other = InFlightLog(budget), InFlightLog(budget)
    fill(log, 20, epoch=0)
    fill(log, 20, epoch=1)
    fill(other, 1)
    before = psutil.Process().num_fds()
    log.drop_before(1)
    assert psutil.Process().num_fds() == before - 1

    log.close()
    log.close()

    assert (0, 0) == (log.held_bytes, log.spilled_bytes)
    assert other.held_bytes == budget.held_bytes
    assert [] == list(tmp_path.iterdir())
    other.close()


def test_nothing_is_made_on_disk_before_it_is_needed(tmp_path):
    directory = tmp_path / "not" / "yet"
    budget = SpillBudget(1000, str(directory))
    log = InFlightLog(budget)
    fill(log, 5)
    assert not directory.exists()

    fill(log, 50)

    assert 0o700 == directory.stat().st_mode & 0o777
    assert 0o600 == os.fstat(log._segments[0].file.fileno()).st_mode & 0o777


def test_a_killed_process_leaves_no_files(tmp_path):
    code = """if True:
        import os, signal, sys
        from anabranch.replay.inflight_log import InFlightLog, SpillBudget
        from anabranch.v1.record_pb2 import FrameHeader
        log = InFlightLog(SpillBudget(0, sys.argv[1]))
        log.append(FrameHeader(n_records=1), bytes(1000))
        assert log.spilled_bytes > 1000
        os.kill(os.getpid(), signal.SIGKILL)
    """
    assert -9 == subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False).returncode
    assert [] == list(tmp_path.iterdir())


def test_a_directory_that_cannot_be_used_is_named_with_its_option(tmp_path):
    (tmp_path / "file").touch()
    log = InFlightLog(SpillBudget(0, str(tmp_path / "file" / "spill")))

    with pytest.raises(OSError, match=r"file/spill.*anabranch\.inflight\.spill-dir"):
        fill(log, 1)


def test_a_full_disk_loses_nothing(tight, tmp_path, monkeypatch):
    log = InFlightLog(tight)
    fill(log, 3)
    room = 50
    write = os.pwrite

    def full(fd, data, offset):
        nonlocal room
        if not room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        n = write(fd, data[:room], offset)
        room -= n
        return n

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)
        with pytest.raises(OSError, match=r"No space left.*anabranch\.inflight\.spill-dir") as caught:
            fill(log, 1)
    assert errno.ENOSPC == caught.value.errno
    assert str(tmp_path) in str(caught.value)
    assert [0, 1, 2, 3] == seqs(log.frames_from(0)), "the frame whose spilling failed is kept in memory"

    fill(log, 2)
    assert 0 == log.held_bytes
    assert [(seq, bytes([seq]) * 100) for seq in range(6)] == [(h.seq, payload) for h, payload in log.frames_from(0)]


@settings(max_examples=30)
@given(st.integers(0, 2000), st.lists(st.integers(0, 300), max_size=60))
def test_short_writes_are_completed(tmp_path_factory, limit, sizes):
    log = InFlightLog(SpillBudget(limit, str(tmp_path_factory.mktemp("spill"))))
    write = os.pwrite
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "pwrite", lambda fd, data, offset: write(fd, data[:7], offset))
        for seq, size in enumerate(sizes):
            log.append(header(seq), bytes([seq]) * size)

    assert [bytes([seq]) * size for seq, size in enumerate(sizes)] == [payload for _, payload in log.frames_from(0)]
    log.close()


class LogsMachine(RuleBasedStateMachine):
    """Two logs that share a budget, beside plain lists; readers begin and go on at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.budget = SpillBudget(700, tempfile.gettempdir())
        self.logs = [InFlightLog(self.budget), InFlightLog(self.budget)]
        self.expected: list[list[tuple[int, bytes]]] = [[], []]  # (epoch, payload) by seq
        self.kept = [0, 0]
        self.epoch = 0
        self.readers: list[tuple[int, int, object]] = []

    @rule(which=st.integers(0, 1), sizes=st.lists(st.integers(0, 400), min_size=1, max_size=5))
    def append(self, which, sizes):
        for size in sizes:
            seq = len(self.expected[which])
            payload = bytes([seq % 256]) * size
            self.logs[which].append(header(seq, self.epoch), payload)
            self.expected[which].append((self.epoch, payload))

    @rule(step=st.integers(1, 3))
    def begin_epoch(self, step):
        self.epoch += step

    @rule(which=st.integers(0, 1), back=st.integers(0, 3))
    def drop(self, which, back):
        first = self.epoch - back
        self.logs[which].drop_before(first)
        while self.kept[which] < len(self.expected[which]) and self.expected[which][self.kept[which]][0] < first:
            self.kept[which] += 1

    @rule(which=st.integers(0, 1), data=st.data())
    def begin_reading(self, which, data):
        seq = data.draw(st.integers(self.kept[which], len(self.expected[which])))
        self.readers.append((which, seq, self.logs[which].frames_from(seq)))

    @precondition(lambda self: self.readers)
    @rule(data=st.data(), n=st.integers(1, 4))
    def read_on(self, data, n):
        which, seq, frames = self.readers.pop(data.draw(st.integers(0, len(self.readers) - 1)))
        for _ in range(n):
            if seq == len(self.expected[which]):
                assert next(frames, None) is None
                return
            if seq < self.kept[which]:
                with pytest.raises(LookupError):
                    next(frames)
                return
            epoch, payload = self.expected[which][seq]
            assert (header(seq, epoch), payload) == next(frames)
            seq += 1
        self.readers.append((which, seq, frames))

    @invariant()
    def counts_agree(self):
        assert self.budget.held_bytes == sum(log.held_bytes for log in self.logs) <= 700
        for log, expected, kept in zip(self.logs, self.expected, self.kept, strict=True):
            assert (kept, len(expected)) == (log.first_seq, log.next_seq)

    def teardown(self):
        for log in self.logs:
            log.close()
        assert 0 == self.budget.held_bytes


TestLogs = LogsMachine.TestCase
TestLogs.settings = settings(deadline=None, max_examples=60)
