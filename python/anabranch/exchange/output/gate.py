"""The output side of a task: all its edges and their channels."""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence

from anabranch.exchange.output.edge_writer import EdgeWriter
from anabranch.v1.record_pb2 import ConnectReply, ConnectRequest


class OutputGate:
    """All output edges of a task."""

    def __init__(self, edges: Sequence[EdgeWriter]) -> None:
        self.edges = edges
        self._channels = {channel.channel: channel for edge in edges for channel in edge.channels}

    @property
    def full(self) -> bool:
        """True while the task may not take more input."""
        return any(edge.full for edge in self.edges)

    @property
    def connected(self) -> bool:
        """True once every consumer has come."""
        return all(channel.connected for channel in self._channels.values())

    @property
    def finished(self) -> bool:
        """True once every consumer has acknowledged the end of input."""
        return all(channel.finished for channel in self._channels.values())

    @property
    def queued_frames(self) -> int:
        """Frames that the sockets have not taken."""
        # Of many channels few have any, and this is asked for often.
        return sum([channel.queued_frames for channel in self._channels.values() if channel.queued_bytes])

    def admit(self, request: ConnectRequest, sock: socket.socket) -> ConnectReply:
        """Hands a consumer's connection to its channel."""
        channel = self._channels.get(request.channel)
        if channel is None:
            return ConnectReply(
                status=ConnectReply.STATUS_UNKNOWN_CHANNEL, message=f"no channel {request.channel} here"
            )
        return channel.admit(request, sock)

    @property
    def next_of_edge(self) -> dict[int, int]:
        """By edge, the channel that a rebalancing edge uses next."""
        return {edge.edge: edge.next_channel for edge in self.edges if edge.next_channel is not None}

    def restore(self, next_of_edge: Mapping[int, int]) -> None:
        """Lets rebalancing edges continue where they were."""
        for edge in self.edges:
            if edge.edge in next_of_edge:
                edge.go_on_with(next_of_edge[edge.edge])

    def flush(self) -> None:
        """Sends everything that is pending."""
        for edge in self.edges:
            edge.flush()

    def end(self) -> None:
        """Sends the end of input to every consumer."""
        for edge in self.edges:
            edge.end()

    def close(self) -> None:
        """Closes every connection."""
        for channel in self._channels.values():
            channel.close()
