"""Clusters that are not there."""

import socket
from unittest.mock import Mock

import pytest

from anabranch import AnabranchError, ConfigError, StreamingContext
from anabranch.client.ray.connection import connect, is_connected, is_meant


def test_an_address_where_nobody_listens_is_an_error_at_once():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    with pytest.raises(ConfigError, match=f"there is no Ray cluster at 127.0.0.1:{port}"):
        connect(f"127.0.0.1:{port}")

    assert not is_connected()


def test_a_driver_outside_of_the_cluster_is_told_what_to_do():
    with pytest.raises(ConfigError, match="run it with `ray job submit`"):
        connect("ray://127.0.0.1:10001")


@pytest.mark.parametrize(
    ("address", "meant"),
    [
        ("", False),
        ("auto", True),
        ("10.0.0.1:6379", True),
        ("ray://10.0.0.1:10001", True),
        ("http://10.0.0.1:8265", False),
    ],
)
def test_jobs_belong_on_the_cluster_that_the_environment_names(address, meant, monkeypatch):
    monkeypatch.setenv("RAY_ADDRESS", address)

    assert meant == is_meant()


def test_a_job_goes_to_the_cluster_that_the_environment_names_or_says_why_it_cannot(monkeypatch):
    monkeypatch.setenv("RAY_ADDRESS", "ray://10.0.0.1:10001")
    monkeypatch.delenv("ANABRANCH_LAUNCHER", raising=False)
    ctx = StreamingContext.Builder().build()
    ctx.from_values(1).sink(print)

    with pytest.raises(ConfigError, match="cannot follow a job; run it with `ray job submit` instead"):
        ctx.execute("outside")


def test_a_job_may_stay_here_whatever_the_environment_names(monkeypatch):
    monkeypatch.setenv("RAY_ADDRESS", "10.0.0.1:6379")
    ctx = StreamingContext.Builder().option("anabranch.launcher", "local").build()

    assert [1] == ctx.from_values(1).execute_and_collect("here")


def test_a_cluster_of_this_machine_that_does_not_start_is_an_error_with_the_words_of_ray(monkeypatch):
    ray = pytest.importorskip("ray")
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setattr(ray, "init", Mock(side_effect=Exception("the current node timed out during startup")))

    with pytest.raises(AnabranchError, match="Ray could not be started on this machine: the current node timed out"):
        connect("")
