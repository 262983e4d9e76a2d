"""The connection of this process to Ray."""

from __future__ import annotations

import logging
import os
import socket
import sys
import threading
from typing import Any

from anabranch.errors import AnabranchError, ConfigError

NAMESPACE = "anabranch"

_DIAL_TIMEOUT = 10.0


def is_connected() -> bool:
    """Returns whether this process has called `ray.init`; does not import Ray."""
    ray = sys.modules.get("ray")
    return bool(ray is not None and hasattr(ray, "is_initialized") and ray.is_initialized())


def is_meant() -> bool:
    """Returns whether the jobs of this process belong on a cluster if nothing else is said.

    It is connected to one, or RAY_ADDRESS names one, as it does under `ray job submit`. (That of a dashboard,
    `http://…`, is for the commands of Ray alone.)
    """
    address = os.environ.get("RAY_ADDRESS", "")
    return is_connected() or bool(address and not address.startswith(("http://", "https://")))


def connect(address: str) -> Any:
    """Connects to Ray unless that was done before, maybe by the user; returns the module.

    Args:
        address: `auto`, host:port, or empty: the cluster of RAY_ADDRESS, or else one that is started here and ends
            with this process.

    Raises:
        ConfigError: Ray is not installed, or there is no cluster at the address.
        AnabranchError: No cluster could be started here.
    """
    try:
        import ray  # noqa: PLC0415 - an extra, and slow to import
    except ImportError as error:
        raise ConfigError("launcher ray needs Ray: pip install 'ray[default]>=2.54,<3'") from error
    meant = address or os.environ.get("RAY_ADDRESS", "")
    is_outside = ray.util.client.ray.is_connected() if ray.is_initialized() else meant.startswith("ray://")
    if is_outside or address.startswith("ray://"):
        raise ConfigError(
            "a driver outside of the cluster (ray://) cannot follow a job; run it with `ray job submit` instead"
        )
    if not ray.is_initialized():
        _check_reachable(meant)
        # In another thread Ray would warn that it handles no SIGTERM; there it is for the gateway to do so.
        level = logging.WARNING if threading.current_thread() is threading.main_thread() else logging.ERROR
        try:
            ray.init(address=address or None, namespace=NAMESPACE, log_to_driver=False, logging_level=level)
        except Exception as error:  # Ray has no class of its own for a cluster that does not start in time
            if not meant or meant == "local":
                raise AnabranchError(f"Ray could not be started on this machine: {error}") from error
            where = f"at {address!r} (option anabranch.ray.address)" if address else "in RAY_ADDRESS"
            raise ConfigError(f"cannot connect to the Ray cluster {where}: {error}") from error
    return ray


def _check_reachable(address: str) -> None:
    """Raises a ConfigError if nothing listens at host:port: Ray itself would try for minutes."""
    host, colon, port = address.rpartition(":")
    if not (colon and port.isdigit()):
        return  # `auto`, `local`, or none
    try:
        socket.create_connection((host.strip("[]"), int(port)), _DIAL_TIMEOUT).close()
    except OSError as error:
        where = f"{address} (option anabranch.ray.address, or RAY_ADDRESS)"
        raise ConfigError(f"there is no Ray cluster at {where}: {error}") from error


def cluster_address(ray: Any) -> str:
    """Returns the host:port by which other processes of this machine connect to the same cluster."""
    return str(ray.get_runtime_context().gcs_address)
