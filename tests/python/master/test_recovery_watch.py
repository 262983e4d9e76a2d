import time

from anabranch.master.recovery_watch import RecoveryWatch


def test_a_task_that_is_not_deployed_in_time_is_late_whatever_others_do():
    watch = RecoveryWatch(timeout=20)
    watch.deploys({1, 2})
    watch.deployed(2)
    watch.moved()

    assert watch.late({1, 2}, time.monotonic() + 19) == set()
    assert watch.late({1, 2}, time.monotonic() + 21) == {1}


def test_tasks_that_are_deployed_may_take_as_long_as_they_get_on():
    watch = RecoveryWatch(timeout=20)
    watch.deploys({1, 2})
    watch.deployed(1)
    watch.deployed(2)
    watch.excuse(15)

    assert watch.late({1, 2}, time.monotonic() + 30) == set()
    assert watch.late({1, 2}, time.monotonic() + 36) == {1, 2}


def test_the_time_begins_when_the_worker_is_there():
    watch = RecoveryWatch(timeout=0.05)
    watch.deploys({1})
    time.sleep(0.06)
    assert watch.late({1}, time.monotonic()) == {1}

    watch.worker_started({1})

    assert watch.late({1}, time.monotonic()) == set()


def test_a_long_recovery_is_warned_of_less_and_less_often():
    watch = RecoveryWatch(timeout=60)
    watch.deploys({1})
    began = time.monotonic()

    warned = [seconds for seconds in range(100) if watch.seconds_to_warn_of(began + seconds) is not None]

    assert len(warned) == 4
    assert warned[0] in (10, 11)
