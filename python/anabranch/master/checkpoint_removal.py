"""What becomes of the checkpoints of a job that has ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from anabranch.checkpoint.errors import CheckpointError
from anabranch.checkpoint.store import CheckpointStore
from anabranch.config import Options
from anabranch.job import JobState
from anabranch.threads import in_thread

# By value of the option: the ends that need them no more. A failed job's are kept whatever it says.
_ENDS = {
    "keep": (),
    "remove": (JobState.FINISHED,),
    "remove-cancelled": (JobState.FINISHED, JobState.CANCELLED),
}


async def remove_checkpoints(options: Options, job_id: str, end: JobState, warn: Callable[[str], None]) -> None:
    """Removes all checkpoints of a job that has ended so, if option anabranch.checkpoint.on-end says it.

    To be called when none of its workers is left. The job has ended as it has: what cannot be removed is a warning.
    """
    if options.mode == "none" or end not in _ENDS[options.text("anabranch.checkpoint.on-end")]:
        return
    timeout = options.integer("anabranch.checkpoint.timeout-ms") / 1000
    try:
        store = CheckpointStore(options.text("anabranch.checkpoint.dir"), job_id, warn=warn)
        await asyncio.wait_for(in_thread(store.remove_all), timeout)
    except asyncio.TimeoutError:
        limit = f"{timeout:g} s (option anabranch.checkpoint.timeout-ms)"
        warn(f"the checkpoints of {job_id} could not be removed within {limit}")
    except CheckpointError as error:
        warn(str(error))
