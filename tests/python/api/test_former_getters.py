from __future__ import annotations

import dataclasses

from anabranch import RuntimeContext
from anabranch.api.former_getters import FormerGetters


def test_each_getter_returns_the_attribute_of_its_name():
    context = RuntimeContext(
        task_id=1,
        task_index=2,
        parallelism=3,
        operator_id=4,
        operator_name="map",
        config={"mine": "a"},
        job_config={"of the job": "b"},
        job_id="job-1",
        incarnation=5,
    )

    getters = [name for name in vars(FormerGetters) if name.startswith("get_")]
    found = {name.removeprefix("get_"): getattr(context, name)() for name in getters}

    told = {each.name: getattr(context, each.name) for each in dataclasses.fields(context)}
    del told["answers"]  # which the methods of the context give
    assert told == found
