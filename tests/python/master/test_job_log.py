"""The name of the job is said once, before what users are told."""

from anabranch.errors import ConfigError, JobFailedError
from anabranch.master.job_log import JobLog


def test_warnings_begin_with_the_name_of_the_job():
    said: list[str] = []

    JobLog("flights", said.append).warn("a worker is slow")

    assert said == ["job flights: a worker is slow"]


def test_errors_of_the_engine_are_shown_by_their_message_and_others_with_their_type():
    log = JobLog("flights", print)

    known, unknown = log.failure_by(ConfigError("no such option")), log.failure_by(OSError("no space"))

    assert str(known) == "job flights: no such option"
    assert str(unknown) == "job flights: OSError: no space"
    assert isinstance(unknown.__cause__, OSError)
    assert unknown.job_name == "flights"


def test_the_failure_of_a_job_is_not_named_twice():
    log = JobLog("flights", print)
    failure = JobFailedError("job flights: it failed")

    assert log.failure_by(failure) is failure
    assert str(log.failure_by(failure)).count("flights") == 1
