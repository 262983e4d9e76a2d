import asyncio
import subprocess
import sys
import threading

import pytest

from anabranch.threads import in_thread


def test_a_blocking_call_runs_on_a_thread_of_its_own():
    name = asyncio.run(in_thread(lambda: threading.current_thread().name))

    assert name != threading.current_thread().name


def test_what_the_call_raises_is_raised():
    def fail(message: str) -> None:
        raise LookupError(message)

    with pytest.raises(LookupError, match="nothing there"):
        asyncio.run(in_thread(fail, "nothing there"))


def test_any_number_of_calls_block_at_once():
    everybody = threading.Barrier(50)

    async def meet() -> None:
        await asyncio.gather(*(in_thread(everybody.wait, 60) for _ in range(50)))

    asyncio.run(meet())


LOOP_THAT_OUTLIVES_THE_SCRIPT = """
import asyncio, concurrent.futures, threading
from anabranch.threads import at_main_thread_end, in_thread

async def work():
    await asyncio.to_thread(script_ended.wait)
    print(await in_thread(lambda: "called"))
    print(await asyncio.to_thread(lambda: "executors work too"))
    for hangs in range(2):
        asyncio.ensure_future(in_thread(threading.Event().wait))

script_ended = threading.Event()
loop = asyncio.new_event_loop()
threading.Thread(target=loop.run_forever, daemon=True).start()
done = asyncio.run_coroutine_threadsafe(work(), loop)
at_main_thread_end(lambda: (script_ended.set(), done.result(60)))
"""


def test_threads_start_after_the_end_of_the_script_and_do_not_hold_up_the_process():
    ran = subprocess.run(
        [sys.executable, "-c", LOOP_THAT_OUTLIVES_THE_SCRIPT], capture_output=True, text=True, timeout=100, check=False
    )

    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "called\nexecutors work too\n", "")
