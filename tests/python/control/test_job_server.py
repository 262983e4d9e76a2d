"""The connections of the workers."""

from unittest.mock import Mock

import pytest

from anabranch.control import job_server as control_server
from anabranch.control.channel import patience
from anabranch.control.job_server import ControlServer


@pytest.mark.parametrize("heartbeat_timeout_ms", [0, 3000, 900_000])
def test_a_connection_bears_more_than_the_silence_of_a_worker(monkeypatch, heartbeat_timeout_ms):
    make = Mock()
    monkeypatch.setattr(control_server, "make_server", make)

    ControlServer("00" * 32, Mock(), workers=1, heartbeat_timeout_ms=heartbeat_timeout_ms)

    assert make.call_args.kwargs["keepalive_timeout_ms"] >= max(600_000, 2 * heartbeat_timeout_ms)


def test_every_ping_has_the_same_limit():
    assert [value for _, value in patience(7000)] == [7000, 7000]
