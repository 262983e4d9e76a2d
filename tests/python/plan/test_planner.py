"""From a job graph to tasks, channels and workers."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from anabranch.config import Options
from anabranch.plan import ExecutionPlan, plan_job
from anabranch.v1 import graph_pb2 as pb

PYTHON = pb.FunctionDescriptor(display_name="f", python_object=pb.PythonObject(pickled=b"f"))
JAVA = pb.FunctionDescriptor(display_name="J", java_reference=pb.JavaReference(class_name="J"))


class Graph:
    """Builds job graphs in a line."""

    def __init__(self) -> None:
        self.graph = pb.JobGraph(name="job")

    def add(self, kind: str, *inputs: int, java: bool = False, parallelism: int = 1, how: str = "AUTO", **more) -> int:
        number = len(self.graph.operators) + 1
        self.graph.operators.add(
            id=number,
            name=f"op-{number}",
            kind=pb.OperatorKind.Value(f"OPERATOR_KIND_{kind}"),
            language=pb.LANGUAGE_JAVA if java else pb.LANGUAGE_PYTHON,
            parallelism=parallelism,
            function=JAVA if java else PYTHON,
            **{"chainable": True, **more},
        )
        for source in inputs:
            by_key = self.graph.operators[source - 1].kind == pb.OPERATOR_KIND_KEY_BY and how == "AUTO"
            partitioning = pb.Partitioning(kind=pb.Partitioning.Kind.Value("KIND_KEY" if by_key else f"KIND_{how}"))
            self.graph.edges.add(id=len(self.graph.edges) + 1, source=source, target=number, partitioning=partitioning)
        return number

    def plan(self, **options) -> ExecutionPlan:
        return plan_job(self.graph, Options({f"anabranch.{k.replace('__', '.')}": v for k, v in options.items()}))


def chain_names(plan: ExecutionPlan) -> list[list[str]]:
    return [[operator.name for operator in chain[0].chain] for chain in plan.chains]


def word_count(parallelism: int) -> Graph:
    graph = Graph()
    source = graph.add("SOURCE", parallelism=parallelism)
    key_by = graph.add("KEY_BY", graph.add("MAP", source, parallelism=parallelism), parallelism=parallelism)
    graph.add("SINK", graph.add("REDUCE", key_by, parallelism=parallelism), parallelism=parallelism)
    return graph


def test_at_parallelism_one_a_line_of_python_is_one_task():
    plan = word_count(1).plan()

    assert [["op-1", "op-2", "op-3", "op-4", "op-5"]] == chain_names(plan)
    assert not plan.tasks[0].inputs


def test_a_shuffle_by_key_splits_the_chain():
    plan = word_count(3).plan()

    assert [["op-1", "op-2", "op-3"], ["op-4", "op-5"]] == chain_names(plan)
    assert 6 == len(plan.tasks)
    assert all(3 == len(task.outputs[0].channels) for task in plan.chains[0])
    assert all(3 == len(task.inputs[0].channels) for task in plan.chains[1])


def test_a_keyed_consumer_of_the_same_language_computes_the_key_itself():
    consumer = word_count(2).plan().chains[1][0]

    assert consumer.inputs[0].key_function == PYTHON
    assert not consumer.inputs[0].carries_keys


def test_a_keyed_consumer_of_the_other_language_is_sent_the_key():
    graph = Graph()
    key_by = graph.add("KEY_BY", graph.add("SOURCE"))
    graph.add("SINK", graph.add("REDUCE", key_by, java=True), java=True)

    producer, consumer = graph.plan().tasks

    assert producer.outputs[0].carries_keys
    assert consumer.inputs[0].carries_keys
    assert not consumer.inputs[0].HasField("key_function")
    assert pb.LANGUAGE_PYTHON == consumer.inputs[0].producer_language
    assert pb.LANGUAGE_JAVA == producer.outputs[0].consumer_language


def test_fan_out_is_not_chained_and_each_branch_gets_an_edge():
    graph = Graph()
    source = graph.add("SOURCE")
    graph.add("SINK", source)
    graph.add("SINK", source)

    plan = graph.plan()

    assert [["op-1"], ["op-2"], ["op-3"]] == chain_names(plan)
    assert 2 == len(plan.tasks[0].outputs)


def test_disable_chain_keeps_an_operator_alone():
    graph = Graph()
    middle = graph.add("MAP", graph.add("SOURCE"), chainable=False)
    graph.add("SINK", middle)

    assert [["op-1"], ["op-2"], ["op-3"]] == chain_names(graph.plan())


def test_unequal_parallelism_rebalances():
    graph = Graph()
    graph.add("SINK", graph.add("SOURCE", parallelism=2), parallelism=3)

    plan = graph.plan()

    assert pb.Partitioning.KIND_REBALANCE == plan.tasks[0].outputs[0].partitioning.kind
    assert 3 == len(plan.tasks[0].outputs[0].channels)


def test_forward_between_tasks_connects_equal_indexes_only():
    graph = Graph()
    graph.add("SINK", graph.add("SOURCE", parallelism=2), parallelism=2, java=True)

    sources, sinks = graph.plan().chains

    assert [[sink.task_id] for sink in sinks] == [[c.peer_task for c in t.outputs[0].channels] for t in sources]


def test_python_tasks_have_a_process_each_and_java_tasks_one_jvm():
    graph = Graph()
    graph.add("SINK", graph.add("SOURCE", parallelism=2), parallelism=2, java=True)

    assert [("python-1", 1), ("python-2", 1), ("java-1", 2)] == [
        (worker.worker_id, len(worker.task_ids)) for worker in graph.plan().workers
    ]


def test_tasks_per_worker_is_an_option():
    graph = word_count(3)

    assert [4, 2] == [len(w.task_ids) for w in graph.plan(**{"python__tasks-per-worker": 4}).workers]
    assert [6] == [len(w.task_ids) for w in graph.plan(**{"python__tasks-per-worker": 0}).workers]


def test_a_task_knows_all_that_is_upstream_where_logs_travel_any_distance():
    graph = Graph()
    source = graph.add("SOURCE")
    twice = graph.add("MAP", source, how="REBALANCE", parallelism=2)
    graph.add("SINK", graph.add("UNION", twice, source, how="REBALANCE"))
    exactly_once = {"checkpoint__dir": "here", "recovery__sharing-depth": 0}

    assert [[], [1], [1], [1, 2, 3]] == [list(task.upstream_tasks) for task in graph.plan(**exactly_once).tasks]
    assert not any(task.upstream_tasks for task in graph.plan(**{**exactly_once, "recovery__sharing-depth": 2}).tasks)


def test_the_description_shows_chains_borders_and_workers():
    graph = Graph()
    key_by = graph.add("KEY_BY", graph.add("SOURCE", parallelism=2), parallelism=2)
    graph.add("SINK", graph.add("REDUCE", key_by, java=True, parallelism=2), java=True, parallelism=2)

    assert graph.plan().describe().splitlines() == [
        "job job: 2 chains, 4 tasks, 3 workers",
        "",
        "chain 1: Python, parallelism 2",
        "  op-1: source f",
        "  op-2: key_by f",
        "  => chain 2 (key, Python to Java, carries keys)",
        "",
        "chain 2: Java, parallelism 2",
        "  op-3: reduce J",
        "  op-4: sink J",
        "",
        "worker python-1:",
        "  task 1: op-1 -> op-2 (1/2)",
        "worker python-2:",
        "  task 2: op-1 -> op-2 (2/2)",
        "worker java-1:",
        "  task 3: op-3 -> op-4 (1/2)",
        "  task 4: op-3 -> op-4 (2/2)",
    ]


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    graph = Graph()
    for _ in range(draw(st.integers(1, 8))):
        existing = list(range(1, len(graph.graph.operators) + 1))
        settings = {
            "java": draw(st.booleans()),
            "parallelism": draw(st.integers(1, 4)),
            "chainable": draw(st.booleans()),
        }
        kind = draw(st.sampled_from(["SOURCE", "MAP", "KEY_BY", "UNION"])) if existing else "SOURCE"
        how = draw(st.sampled_from(["AUTO", "REBALANCE", "BROADCAST"]))
        if kind == "SOURCE":
            graph.add(kind, **settings)
        elif kind == "UNION":
            graph.add(kind, *draw(st.lists(st.sampled_from(existing), min_size=1, max_size=3)), how=how, **settings)
        else:
            graph.add(kind, draw(st.sampled_from(existing)), how=how, **settings)
    used = {edge.source for edge in graph.graph.edges}
    for operator in list(graph.graph.operators):
        if operator.id not in used:
            graph.add("SINK", operator.id, parallelism=draw(st.integers(1, 4)))
    return graph


@given(graphs())
def test_every_plan_is_consistent(graph):
    plan = graph.plan()
    operators = {operator.id: operator for operator in graph.graph.operators}

    placed = Counter((operator.id, task.subtask) for task in plan.tasks for operator in task.chain)
    assert placed == Counter((o.id, subtask) for o in operators.values() for subtask in range(o.parallelism))

    ids = [task.task_id for task in plan.tasks]
    assert len(set(ids)) == len(ids)
    assert sorted(ids) == sorted(task for worker in plan.workers for task in worker.task_ids)

    out_ends = {(c.channel, t.task_id, c.peer_task) for t in plan.tasks for e in t.outputs for c in e.channels}
    in_ends = {(c.channel, c.peer_task, t.task_id) for t in plan.tasks for e in t.inputs for c in e.channels}
    assert out_ends == in_ends
    assert len({channel for channel, _, _ in out_ends}) == len(out_ends)

    tasks = {task.task_id: task for task in plan.tasks}
    for task in plan.tasks:
        assert len({operator.language for operator in task.chain}) == 1
        for edge in task.outputs:
            peers = [tasks[channel.peer_task] for channel in edge.channels]
            if edge.partitioning.kind == pb.Partitioning.KIND_FORWARD:
                assert [task.subtask] == [peer.subtask for peer in peers]
            else:
                assert list(range(peers[0].parallelism)) == [peer.subtask for peer in peers]
