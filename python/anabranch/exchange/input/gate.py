"""The input side of a task: one channel per producing task, read in turn."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Collection, Iterable

from anabranch.exchange.event_loop import EventLoop
from anabranch.exchange.input.channel import ConsumerIdentity, InputChannel
from anabranch.exchange.wire.addresses import Transport
from anabranch.exchange.wire.bad_connections import BadConnections
from anabranch.exchange.wire.demand import Rate
from anabranch.exchange.wire.frames import Frame
from anabranch.exchange.wire.shortage import Shortage
from anabranch.v1.control_pb2 import Endpoint, UnreadFrame


class InputGate:
    """All input channels of a task. Frames of one channel keep their order; channels take turns."""

    def __init__(
        self,
        event_loop: EventLoop,
        transport: Transport,
        identity: ConsumerIdentity,
        channels: Iterable[InputChannel],
    ) -> None:
        self.event_loop = event_loop
        self.transport = transport
        self.identity = identity
        self.rate = Rate()
        self.shortage = Shortage()
        self.impostors = BadConnections("gave up")
        self._channels = {channel.channel: channel for channel in channels}
        self._open_channels = sum(not channel.ended for channel in self._channels.values())
        self._ready: deque[InputChannel] = deque()
        self._ready_set: set[int] = set()
        self._paused = False
        self._awaited: InputChannel | None = None  # no other channel is read
        self._unconnected = set(self._channels)

    @property
    def connected(self) -> bool:
        """True once every channel has been open."""
        return not self._unconnected

    @property
    def ended(self) -> bool:
        """True once every channel has ended; at once if there is none."""
        return self._open_channels == 0

    @property
    def waiting(self) -> int:
        """Channels that have something to read."""
        return len(self._ready)

    def connect(self, channel: int, endpoint: Endpoint, producer_incarnation: int) -> None:
        """Dials the producer of a channel, which resumes from the first frame that was not received yet."""
        self._channels[channel].connect(self, endpoint, producer_incarnation)

    def next_frame(self) -> tuple[InputChannel, Frame] | None:
        """Returns the next frame of the next channel that has one, or None if all are drained."""
        self._await(None)
        self.resume()
        while self._ready:
            channel = self._ready[0]
            frame = None if channel.blocked else channel.take(self)
            if frame is not None:
                self._ready.rotate(-1)
                return channel, frame
            self._ready.popleft()
            self._ready_set.discard(channel.channel)
        return None

    def next_frame_of(self, channel: int) -> tuple[InputChannel, Frame] | None:
        """Returns the next frame of this channel, or None if it is drained; no other can then end a wait."""
        self.resume()
        chosen = self._channels[channel]
        frame = chosen.take(self)
        if frame is None:
            self._await(chosen)
            return None
        return chosen, frame

    def channel(self, channel: int) -> InputChannel:
        """Returns a channel by its number."""
        return self._channels[channel]

    @property
    def channels(self) -> Collection[InputChannel]:
        """All channels."""
        return self._channels.values()

    def took(self, channel: InputChannel, records: int, seconds: float) -> None:
        """Takes note of how long the task has taken for records of a channel; the producer is told where it matters."""
        self.rate.took(records, seconds)
        channel.demand(self, self.rate.window(max(1, self._open_channels)))

    def demand_more(self) -> None:
        """Has every producer go further: one channel is waited for, and others are not read meanwhile."""
        for channel in self._channels.values():
            if not channel.ended:
                channel.demand_more(self)

    def block(self, channel: InputChannel) -> None:
        """Takes nothing from the channel until `unblock`."""
        channel.blocked = True
        channel.pause(self.event_loop)

    def unblock(self) -> None:
        """Undoes every `block`."""
        for channel in self._channels.values():
            if channel.blocked:
                channel.blocked = False
                if self._reads(channel):
                    channel.resume(self)
                self.mark_ready(channel)

    def read_ahead(self, most_bytes: int | None) -> bool:
        """Reads what has arrived; returns whether now everything up to the end of input is in memory.

        Args:
            most_bytes: About so many bytes may be in memory; None for any number.
        """
        channels = self._channels.values()
        room = sys.maxsize if most_bytes is None else most_bytes - sum(channel.ahead_bytes for channel in channels)
        for channel in channels:
            if channel.ended or channel.read_to_end:
                continue
            room -= channel.read_ahead(self, room)
            if channel.blocked and room > 0 and not channel.read_to_end:
                channel.resume(self)  # so that what is still to come wakes the task up
            self.mark_ready(channel)
        return all(channel.ended or channel.read_to_end for channel in channels)

    def unread(self) -> list[UnreadFrame]:
        """Returns the frames that were read ahead and not taken yet."""
        return [unread for channel in self._channels.values() for unread in channel.ahead]

    def restore(self, unread: Iterable[UnreadFrame]) -> None:
        """Takes the frames that an incarnation before this one has received and not handled."""
        for frame in unread:
            channel = self._channels[frame.header.channel]
            channel.restore(frame)
            self.mark_ready(channel)

    def barrier_ahead(self, number: int) -> bool:
        """Returns whether the barrier of this checkpoint, or of a later one, was read ahead."""
        return any(channel.barrier_ahead >= number for channel in self._channels.values())

    def end(self, channel: InputChannel) -> None:
        """Takes note of the end of one channel."""
        channel.end(self.event_loop)
        self._open_channels -= 1

    def pause(self) -> None:
        """Leaves input in the sockets, so that waiting for output does not wake up for it."""
        if not self._paused:
            self._paused = True
            for channel in self._channels.values():
                channel.pause(self.event_loop)

    def resume(self) -> None:
        """Undoes `pause`."""
        if self._paused:
            self._paused = False
            self._resume_channels()

    def close(self) -> None:
        """Closes every channel."""
        for channel in self._channels.values():
            channel.close(self.event_loop)

    def opened(self, channel: InputChannel) -> None:
        """Called by a channel whose handshake is done."""
        self._unconnected.discard(channel.channel)
        if channel.ended:  # the producer reconnected only to confirm its end of input
            channel.close(self.event_loop)
        elif self._reads(channel):
            channel.resume(self)
        else:
            channel.pause(self.event_loop)
        self.mark_ready(channel)

    def _await(self, channel: InputChannel | None) -> None:
        """Leaves the input of all other channels in their sockets; None: reads all of them."""
        if channel is self._awaited:
            return
        self._awaited = channel
        for other in self._channels.values() if channel is not None else ():
            if other is not channel:
                other.pause(self.event_loop)
        if not self._paused:
            self._resume_channels()

    def _resume_channels(self) -> None:
        for channel in self._channels.values():
            if self._reads(channel):
                channel.resume(self)

    def _reads(self, channel: InputChannel) -> bool:
        return not self._paused and not channel.blocked and self._awaited in (None, channel)

    def mark_ready(self, channel: InputChannel) -> None:
        """Called when a channel may have something to read."""
        if channel.channel not in self._ready_set:
            self._ready_set.add(channel.channel)
            self._ready.append(channel)
