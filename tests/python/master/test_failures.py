"""The messages of failed jobs."""

from anabranch.launch.launcher import LOST
from anabranch.master.failures import task_failure, worker_death
from anabranch.v1.control_pb2 import TaskError
from anabranch.v1.graph_pb2 import LANGUAGE_JAVA, LANGUAGE_PYTHON


def test_a_task_failure_begins_with_operator_subtask_language_and_record_then_the_users_lines():
    error = TaskError(
        operator="parse",
        language=LANGUAGE_PYTHON,
        subtask=1,
        record_position=17,
        record="('a', 1)",
        summary="ValueError: bad row",
        user_trace='  File "job.py", line 3, in parse\nValueError: bad row\n',
        full_trace="not shown",
        hint="look at the row",
    )

    assert task_failure(error).splitlines() == [
        "operator 'parse' failed, subtask 1, Python, record 17: ('a', 1)",
        '  File "job.py", line 3, in parse',
        "ValueError: bad row",
        "hint: look at the row",
    ]


def test_a_failure_outside_of_a_record_names_none():
    error = TaskError(operator="m", language=LANGUAGE_JAVA, record_position=-1, summary="java.io.IOException: no")

    assert task_failure(error) == "operator 'm' failed, subtask 0, Java\njava.io.IOException: no"


def test_a_failure_that_no_operator_could_have_to_do_with_names_none():
    error = TaskError(record_position=-1, summary="the worker ran out of file descriptors", hint="ulimit -n")

    assert task_failure(error) == "the worker ran out of file descriptors\nhint: ulimit -n"


def test_the_death_of_a_worker_tells_how_it_ended_and_what_it_said_last():
    message = worker_death("python-1", 42, -9, "map (1/2)", ["out of luck"])

    assert message == (
        "worker python-1, process 42, was killed by SIGKILL while it ran map (1/2)\n"
        "its last lines on stderr:\n  out of luck"
    )
    assert "exited with code 3" in worker_death("w", 1, 3, "m", [])
    assert "was lost: it was killed, or its node is gone while it ran m" in worker_death("w", 1, LOST, "m", [])


def test_the_death_of_a_worker_without_tasks_names_none():
    assert worker_death("standby", 42, -9, "", []) == "worker standby, process 42, was killed by SIGKILL"
