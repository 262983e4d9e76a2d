"""An input channel of a job with recovery: knows its position, and resumes from there with any incarnation."""

from __future__ import annotations

from anabranch.errors import ExchangeError
from anabranch.exchange.event_loop import EventLoop
from anabranch.exchange.input.channel import ChannelHost, InputChannel
from anabranch.exchange.wire.demand import encode_demand
from anabranch.exchange.wire.frames import Frame
from anabranch.exchange.wire.log_transfer import log_messages
from anabranch.replay.determinants import HeldLogs
from anabranch.v1.control_pb2 import ChannelPosition, UnreadFrame
from anabranch.v1.record_pb2 import ConnectReply, ConnectRequest


class LoggedInputChannel(InputChannel):
    """Receives each record and control frame once, whichever incarnation of the producer sends it."""

    def __init__(self, position: ChannelPosition, edge: int, max_frame_bytes: int, held: HeldLogs) -> None:
        """Creates a channel that resumes from a position.

        Args:
            position: What was received before.
            edge: The edge that the channel belongs to.
            max_frame_bytes: Bytes of a frame, at most.
            held: Takes the determinants that come with a frame, before the frame is handed out; and gives them back
                to a producer that has lost them.
        """
        super().__init__(position.channel, edge, max_frame_bytes)
        self.ended = position.ended
        self._records = position.records
        self._controls = position.controls
        self._held = held
        self._next_seq = -1

    @property
    def received(self) -> int:  # noqa: D102
        return self._records

    def end(self, event_loop: EventLoop) -> None:  # noqa: D102
        self.ended = True
        self.close(event_loop)

    def restore(self, unread: UnreadFrame) -> None:  # noqa: D102
        super().restore(unread)
        self._records += unread.header.n_records - unread.skip
        self._controls += 0 if unread.header.WhichOneof("control") is None else 1

    def _resume_at(self, request: ConnectRequest) -> None:
        self._next_seq = -1
        request.next_record_seq = self._records
        request.next_control_seq = self._controls

    def _on_refusal(self, gate: ChannelHost, reply: ConnectReply) -> None:
        if reply.status != ConnectReply.STATUS_FENCED:
            super()._on_refusal(gate, reply)
        self.close(gate.event_loop)  # one of the two is about to be replaced; the master says by whom

    def _on_admission(self, gate: ChannelHost, reply: ConnectReply) -> None:
        if not reply.wants_logs:
            super()._on_admission(gate, reply)
            return
        messages = log_messages(self._held, reply.wanted_tasks, self._max_frame_bytes)

        def send_next() -> None:
            message = next(messages, None)
            if message is None:
                super(LoggedInputChannel, self)._on_admission(gate, reply)
                self._send_demand(gate, encode_demand(self._until, gate.rate.frame_records))  # it may have changed
            else:
                self._send(gate, message, send_next)

        send_next()

    def _accept(self, frame: Frame) -> bool:
        header = frame.header
        if header.channel != self.channel:
            raise ExchangeError(f"channel {self.channel}: got a frame of channel {header.channel}")
        if self._next_seq not in (-1, header.seq):
            raise ExchangeError(f"channel {self.channel}: expected frame {self._next_seq}, got {header.seq}")
        is_control = header.WhichOneof("control") is not None
        if not header.n_records and not is_control:
            self._merge(frame)
            return False
        self.skip = self._records - header.first_record_seq
        if not 0 <= self.skip <= header.n_records or header.first_control_seq != self._controls:
            raise ExchangeError(
                f"channel {self.channel}: expected record {self._records} and control frame {self._controls}, "
                f"got {header.first_record_seq} and {header.first_control_seq}"
            )
        self._merge(frame)
        self._next_seq = header.seq + 1
        self._records += header.n_records - self.skip
        self._controls += is_control
        return True

    def _merge(self, frame: Frame) -> None:
        for delta in frame.header.deltas:
            self._held.merge(delta)
