"""Clusters that are not there."""

import socket

import pytest

from anabranch import ConfigError
from anabranch.cluster.connection import connect, is_connected


def test_an_address_where_nobody_listens_is_an_error_at_once():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    with pytest.raises(ConfigError, match=f"there is no Ray cluster at 127.0.0.1:{port}"):
        connect(f"127.0.0.1:{port}")

    assert not is_connected()


def test_a_driver_outside_of_the_cluster_is_told_what_to_do():
    with pytest.raises(ConfigError, match="run it with `ray job submit`"):
        connect("ray://127.0.0.1:10001")
