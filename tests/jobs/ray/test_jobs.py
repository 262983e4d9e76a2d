"""Jobs on Ray give what they give anywhere, and leave nothing behind."""

import pytest

from anabranch import JobFailedError, StreamingContext

pytestmark = pytest.mark.usefixtures("leaves_nothing")


@pytest.mark.smoke
@pytest.mark.parametrize("host", ["ray", "py4j"])
def test_a_hybrid_job_gives_the_same_result(ctx, host):
    ctx.option("anabranch.java-host", host)
    stream = ctx.from_collection(range(1000)).as_java_stream().map("com.acme.Functions$TripleAndOne")
    reduced = stream.as_python_stream().key_by(lambda x: x % 5).reduce(max)

    result = reduced.execute_and_collect("hybrid")

    assert len(result) == 1000
    assert {2998, 2995, 2992, 2989, 2986} <= set(result)


def test_tcp_between_workers(ctx):
    ctx.option("anabranch.exchange.transport", "tcp")
    stream = ctx.from_collection(range(1000)).as_java_stream().map("com.acme.Functions$Identity")

    assert list(range(1000)) == sorted(stream.as_python_stream().rebalance().map(lambda x: x).execute_and_collect())


@pytest.mark.parametrize("host", ["ray", "py4j"])
def test_printed_lines_reach_the_driver_whole_behind_operator_and_subtask(ctx, capfd, host):
    ctx.option("anabranch.log.prefix", "auto")
    ctx.option("anabranch.java-host", host)
    numbers = ctx.from_values(1, 2, 3).set_parallelism(1)
    numbers.disable_chain().map(lambda x: x).disable_chain().sink(lambda x: print("python", x)).with_name("shows")
    numbers.as_java_stream().sink("com.acme.Functions$Print").with_name("prints")

    ctx.execute("prints")

    expected = [f"[shows (1/1)] python {x}" for x in (1, 2, 3)] + [f"[prints (1/1)] java {x}" for x in (1, 2, 3)]
    assert sorted(expected) == sorted(capfd.readouterr().out.splitlines())


def test_a_failing_function_names_operator_and_record(ctx):
    ctx.from_values(1, 0).set_parallelism(1).map(lambda x: 1 // x).with_name("divides").sink(print)

    with pytest.raises(JobFailedError, match=r"operator 'divides' failed, subtask 0, Python, record 1: 0"):
        ctx.execute("fails")


def test_two_jobs_at_once_do_not_meet(ctx, ray_cluster):
    one = ctx.from_collection(range(2000)).map(lambda x: ("one", x)).collect()
    first = ctx.submit("one")
    two = ctx.from_collection(range(2000)).as_java_stream().map("com.acme.Functions$Identity").as_python_stream()
    collected = two.map(lambda x: ("two", x)).collect()
    second = ctx.submit("two")
    first.wait(120)
    second.wait(120)

    assert sorted(one.get()) == [("one", x) for x in range(2000)]
    assert sorted(collected.get()) == [("two", x) for x in range(2000)]


def test_modules_and_data_of_a_python_path_are_brought_to_the_workers(ctx, tmp_path):
    (tmp_path / "brought").mkdir()
    (tmp_path / "brought" / "__init__.py").write_text("")
    (tmp_path / "brought" / "words.txt").write_text("from the data")
    source = """
from pathlib import Path
def say(x):
    return Path(__file__).with_name('words.txt').read_text(), __file__
"""
    (tmp_path / "brought" / "talk.py").write_text(source)
    ctx.add_python_path(tmp_path)

    def say(x):
        from brought.talk import say

        return say(x)

    ((text, where),) = ctx.from_values(1).map(say).execute_and_collect("path")

    assert text == "from the data"
    assert not where.startswith(str(tmp_path))


def test_the_runtime_env_of_a_job_is_set_in_its_workers(ctx):
    ctx.option("anabranch.ray.runtime-env", {"env_vars": {"GREETING": "hello"}})

    result = ctx.from_values("world").map(lambda x: (__import__("os").environ["GREETING"], x)).execute_and_collect()

    assert result == [("hello", "world")]


def test_the_heap_of_a_java_actor_can_be_set(ctx):
    ctx.option("anabranch.java.max-heap", "123m")

    result = ctx.from_values(1).as_java_stream().map("com.acme.Functions$MaxHeap").as_python_stream()

    assert 110 <= result.execute_and_collect("heap")[0] <= 123


def test_ray_is_chosen_once_ray_init_was_called(ray_cluster, monkeypatch):
    monkeypatch.delenv("ANABRANCH_LAUNCHER")
    ctx = StreamingContext.Builder().build()

    result = ctx.from_values(1).map(lambda x: __import__("sys").argv[0]).execute_and_collect("where")

    assert "default_worker.py" in result[0]
