"""What a gateway keeps, for however long it lives."""

import hashlib

import pytest

from anabranch.gateway import artifacts as artifacts_module
from anabranch.gateway import hosted_job
from anabranch.gateway.artifacts import ArtifactStore
from anabranch.gateway.hosted_job import LogBuffer
from anabranch.gateway.service import GatewayService
from anabranch.v1 import gateway_pb2 as gateway


def test_old_lines_make_room_for_new_ones_by_number_and_by_length(monkeypatch):
    monkeypatch.setattr(hosted_job, "_KEPT_LINES", 5)
    monkeypatch.setattr(hosted_job, "_KEPT_TEXT", 100)
    monkeypatch.setattr(hosted_job, "_LONGEST_LINE", 60)
    log = LogBuffer()

    for number in range(9):
        log.append("w", "stdout", str(number))
    assert ["4", "5", "6", "7", "8"] == [line.line for line in log.since(0)[0]]

    log.add(gateway.LogLine(worker_id="w", line="x" * 1000, seq=1))
    log.append("w", "stdout", "y" * 50)
    assert ["y" * 50] == [line.line for line in log.since(0)[0]]
    assert 11 == log.count


def upload(store: ArtifactStore, content: bytes) -> str:
    content_hash = hashlib.sha256(content).hexdigest()
    upload = store.begin(content_hash, "a.jar")
    upload.write(content)
    upload.finish()
    return content_hash


def test_code_that_nobody_asks_for_makes_room_but_none_in_use(monkeypatch):
    monkeypatch.setattr(artifacts_module, "_KEPT_BYTES", 250)
    store = ArtifactStore()
    first, second, third = (upload(store, bytes([each]) * 100) for each in range(3))
    store.path(second)
    store.path(third)

    store.drop_unused({first})

    assert [True, False, True] == [store.path(each) is not None for each in (first, second, third)]
    store.close()


class Ended:
    def __init__(self, *, ended: bool) -> None:
        self.ended = ended


@pytest.mark.parametrize("running", [0, 3])
def test_the_last_hundred_that_have_ended_are_kept_and_all_that_run(running):
    import asyncio

    async def main() -> None:
        service = GatewayService("0" * 64)
        for number in range(300):
            service._jobs[str(number)] = Ended(ended=number >= running)
            service._forget_old()
        assert [*map(str, range(running)), *map(str, range(200, 300))] == list(service._jobs)
        service._jobs.clear()
        await service.stop()

    asyncio.run(main())
