"""A worker whose tasks do not fit its limit of open files is known before any of them is deployed."""

import pytest

from anabranch.master.open_files import channel_ends, files_needed, shortage
from anabranch.v1.control_pb2 import Channel, InputEdge, OutputEdge, TaskDescriptor
from anabranch.v1.graph_pb2 import LANGUAGE_JAVA, LANGUAGE_PYTHON


def tasks(n: int) -> list[TaskDescriptor]:
    """n producers, each connected to n consumers."""
    channels = [Channel(channel=number) for number in range(n)]
    return [TaskDescriptor(outputs=[OutputEdge(channels=channels)]) for _ in range(n)] + [
        TaskDescriptor(inputs=[InputEdge(channels=channels)]) for _ in range(n)
    ]


def test_a_channel_takes_a_file_at_either_end():
    assert 2 * 100 * 100 == channel_ends(tasks(100))
    assert 100 == channel_ends(tasks(10)[:10])


def test_a_producer_takes_one_for_each_kind_of_listener():
    assert 10 == files_needed(tasks(10), several_hosts=True) - files_needed(tasks(10), several_hosts=False)


def test_the_message_names_worker_channels_limit_and_what_to_do():
    message = shortage("java-1", LANGUAGE_JAVA, tasks(100), 20_000, several_hosts=False)

    assert message is not None
    assert message.startswith(
        "worker java-1 would exceed its limit of open files: its 200 tasks would have 20,000 ends of"
    )
    assert "would need 20,750 file descriptors; its process may have 20,000 (ulimit -n)" in message
    assert "option anabranch.java.tasks-per-worker" in message
    assert "fewer parallel subtasks" in message


def test_a_worker_with_one_task_cannot_share_it_out():
    message = shortage("python-1", LANGUAGE_PYTHON, tasks(1000)[:1], 1000, several_hosts=False)

    assert message is not None
    assert "its 1 task would" in message
    assert "tasks-per-worker" not in message


@pytest.mark.parametrize("limit", [0, 450, 1 << 62])
def test_tasks_that_fit_are_no_matter(limit):
    assert shortage("python-1", LANGUAGE_PYTHON, tasks(10), limit, several_hosts=False) is None
