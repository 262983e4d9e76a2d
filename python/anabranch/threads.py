"""Blocking calls beside an event loop, also after the end of the main script."""

from __future__ import annotations

import asyncio
import atexit
import concurrent.futures.thread  # noqa: F401 - its own hook is registered before ours, which then runs first
import contextlib
import threading
from collections.abc import Callable
from typing import ParamSpec, TypeVar

_P = ParamSpec("_P")
_T = TypeVar("_T")


async def in_thread(call: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """Makes a blocking call on a daemon thread of its own; returns what it returns, or raises what it raises.

    In place of `asyncio.to_thread`, whose pool is shut down when the main thread ends, while a job may run on, and
    whose threads hold up the end of the process: a call that hangs must not.
    """
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[_T] = loop.create_future()

    def run() -> None:
        try:
            result = call(*args, **kwargs)
        except BaseException as error:  # noqa: BLE001 - whoever awaits the call gets it
            tell(_fail, outcome, error)
        else:
            tell(_succeed, outcome, result)

    def tell(*what: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(*what)  # type: ignore[arg-type]

    threading.Thread(target=run, name=f"anabranch-{getattr(call, '__name__', 'call')}", daemon=True).start()
    return await outcome


def at_main_thread_end(callback: Callable[[], object]) -> None:
    """Has the main thread call something when it has run the script, while threads can still be started.

    At that point a function of `atexit` comes too late: executors are shut down then, also those that a file system of
    the checkpoints has, and from Python 3.12 on no thread can be started any more.
    """
    register = getattr(threading, "_register_atexit", atexit.register)  # what concurrent.futures uses itself
    try:
        register(callback)
    except RuntimeError:  # the main thread has ended
        atexit.register(callback)


def _succeed(outcome: asyncio.Future[_T], result: _T) -> None:
    if not outcome.done():
        outcome.set_result(result)


def _fail(outcome: asyncio.Future[_T], error: BaseException) -> None:
    if not outcome.done():
        if isinstance(error, StopIteration):  # which no future takes
            error = RuntimeError(repr(error))
        outcome.set_exception(error)
