from anabranch.task.pace import Pace


def test_a_slow_task_takes_few_records_at_once_and_a_fast_one_many():
    pace = Pace()
    assert pace.most == 1

    pace.learn(1, 0.000001)
    assert pace.most > 10_000

    pace.learn(1000, 10)
    assert pace.most == 5

    pace.learn(1, 60)
    assert pace.most == 1
