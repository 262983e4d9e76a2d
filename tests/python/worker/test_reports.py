"""What a worker tells its master of its tasks, and when."""

import threading
from itertools import count
from types import SimpleNamespace

from anabranch.task.busy_watch import BusyWatch
from anabranch.worker.reports import Reports, report_of


def a_task(**more):
    operator = SimpleNamespace(operator_id=3, records_in=5, records_out=7)
    return SimpleNamespace(
        descriptor=SimpleNamespace(task_id=1),
        work=SimpleNamespace(
            chain=SimpleNamespace(operators=[operator]),
            busy_since=None,
            input=SimpleNamespace(waiting=2),
            output=SimpleNamespace(queued_frames=4, full=True),
        ),
        busy=BusyWatch(10),
        thread=threading.current_thread(),
        log_bytes=7,
        **more,
    )


def test_a_report_tells_what_moves_and_what_waits():
    (said,) = report_of(0, [a_task()]).tasks

    assert (1, 2, 4, True, 0, "") == (
        said.task_id, said.queued_input_frames, said.queued_output_frames, said.backpressured, said.busy_ms,
        said.busy_at,
    )  # fmt: skip
    assert [(3, 5, 7)] == [(each.operator_id, each.records_in, each.records_out) for each in said.operators]


class Moving:
    """An operator, and all before it, that have handled another record whenever one of them is looked at."""

    def __init__(self, operator_id, handled):
        self.operator_id = operator_id
        self._handled = handled

    def __getattribute__(self, name):
        return next(self._handled) if name.startswith("records_") else object.__getattribute__(self, name)


def test_nothing_seems_to_take_more_than_was_emitted_though_tasks_run_on_meanwhile():
    handled = count(100)
    tasks = [a_task(), a_task()]
    for number, task in enumerate(tasks, 1):
        task.descriptor = SimpleNamespace(task_id=number)
        task.work.chain.operators = [Moving(10 * number + operator, handled) for operator in (1, 2)]

    report = report_of(0, tasks)

    said = {each.operator_id: (each.records_in, each.records_out) for task in report.tasks for each in task.operators}
    downstream = [n for operator in sorted(said) for n in said[operator]]
    assert downstream == sorted(downstream, reverse=True)


def test_a_task_whose_functions_are_being_loaded_has_no_counters():
    task = a_task()
    task.work = None

    assert [] == list(report_of(0, [task]).tasks[0].operators)


def test_the_same_is_said_again_only_after_a_while():
    task, reports = a_task(), Reports(silence=5)

    assert reports.due(10, [task]) is not None
    assert reports.due(14, [task]) is None
    assert reports.due(15, [task]) is not None
    assert reports.due(16, [task]) is None
    task.work.chain.operators[0].records_in += 1
    assert reports.due(17, [task]) is not None


def test_a_source_that_waits_for_ever_says_so_more_and_more_rarely():
    task, reports = a_task(), Reports(silence=1000)
    task.work.busy_since = 10.0
    reports.due(10.0, [task])

    said = [reports.due(10 + half / 2, [task]) for half in range(1, 65)]

    assert [2000, 4000, 8000, 16000, 32000] == [report.tasks[0].busy_ms for report in said if report is not None]


def test_a_busy_task_is_looked_at_in_time_for_a_warning_of_a_stall():
    here = threading.get_ident()

    assert (0, "") == BusyWatch(10).look(11.9, 10.0, here)
    assert BusyWatch(10).look(12.0, 10.0, here)[0] == 2000
    assert BusyWatch(1).look(10.5, 10.0, here)[0] == 500
    assert BusyWatch(0).look(12.0, 10.0, here)[0] == 2000
    assert "test_reports.py" in BusyWatch(10).look(12.0, 10.0, here)[1]


def test_another_batch_is_another_look():
    watch = BusyWatch(10)

    assert 5000 == watch.look(15, 10, None)[0]
    assert 5000 == watch.look(19, 10, None)[0]
    assert 3000 == watch.look(23, 20, None)[0]
    assert (0, "") == watch.look(24, None, None)
