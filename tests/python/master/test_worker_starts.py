from anabranch.master.worker_starts import WorkerStarts


def delays_of(starts: WorkerStarts) -> tuple[float, float]:
    """Returns the delays of a worker that tasks wait for and of a standby."""
    return starts.delay(is_standby=False), starts.delay(is_standby=True)


def test_processes_that_do_not_come_up_are_started_later_each_time_until_one_connects():
    starts = WorkerStarts()
    delays = []
    for _ in range(8):
        starts.failed(has_connected=False, is_standby=False, age=0.1)
        delays.append(delays_of(starts))

    assert delays == [(n, n) for n in (1, 2, 4, 8, 16, 32, 60, 60)]

    starts.connected()
    assert delays_of(starts) == (0, 0)


def test_workers_that_are_killed_once_they_have_connected_delay_nothing():
    starts = WorkerStarts()
    for _ in range(100):
        starts.connected()
        starts.failed(has_connected=True, is_standby=False, age=0.1)

    assert delays_of(starts) == (0, 0)


def test_standbys_that_do_not_last_delay_other_standbys_alone():
    starts = WorkerStarts()
    for _ in range(3):
        starts.connected()
        starts.failed(has_connected=True, is_standby=True, age=0.1)

    assert delays_of(starts) == (0, 4)

    starts.standby_was_used()
    assert delays_of(starts) == (0, 0)


def test_a_standby_that_has_lasted_for_a_while_delays_nothing():
    starts = WorkerStarts()
    starts.failed(has_connected=True, is_standby=True, age=0.1)
    starts.connected()
    starts.failed(has_connected=True, is_standby=True, age=3600)

    assert delays_of(starts) == (0, 0)
