"""Event loops for functions that ask for the one of their thread, as a script may on its main thread."""

from __future__ import annotations

import asyncio
import sys
import threading

if sys.version_info < (3, 14):

    class _LoopOnEveryThread(asyncio.DefaultEventLoopPolicy):
        """Creates a thread's first event loop when it is asked for, on any thread as Python does on the main one."""

        def __init__(self) -> None:
            super().__init__()
            self._settled = threading.local()  # what has been set once, to None for one, stays: `asyncio.run` does that

        def set_event_loop(self, loop: asyncio.AbstractEventLoop | None) -> None:
            self._settled.here = True
            super().set_event_loop(loop)

        def get_event_loop(self) -> asyncio.AbstractEventLoop:
            if not hasattr(self._settled, "here"):
                self.set_event_loop(self.new_event_loop())
            return super().get_event_loop()


def install() -> None:
    """Lets functions call `asyncio.get_event_loop`. From Python 3.14 on no thread is given a loop, nor are theirs."""
    if sys.version_info < (3, 14):
        asyncio.set_event_loop_policy(_LoopOnEveryThread())
