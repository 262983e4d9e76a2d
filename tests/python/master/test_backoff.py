from anabranch.master.backoff import Backoff


def test_delays_double_up_to_a_limit_and_begin_anew_after_a_success():
    backoff = Backoff(longest=5)
    delays = []
    for _ in range(6):
        delays.append(backoff.delay)
        backoff.failed()

    assert delays == [0, 1, 2, 4, 5, 5]

    backoff.succeeded()
    assert backoff.delay == 0
