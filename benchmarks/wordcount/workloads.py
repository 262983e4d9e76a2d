"""Two million words, in one language and split at each place."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.harness import Contender, Workload
from benchmarks.measure import OUT
from benchmarks.peers import flink
from benchmarks.wordcount.words import reference, write_page

WORDS = 2_000_000
_PAGE = OUT / "page.txt"
SPLITS = {
    "pppp": "all in Python",
    "jppp": "source in Java, the rest in Python",
    "jjpp": "source and map in Java, reduce and sink in Python",
    "jjjp": "source, map and reduce in Java, sink in Python",
    "jjjj": "all in Java",
    "pjjj": "source in Python, the rest in Java",
    "ppjj": "source and map in Python, reduce and sink in Java",
    "pppj": "source, map and reduce in Python, sink in Java",
}
_PATHWAY_NOTE = (
    "Pathway merges the updates of a key that fall into one of its commits; the others emit a count for each word."
)


def workloads() -> Iterator[Workload]:
    """Creates the workloads: Python, Java, each at parallelism 1 and 2, and split."""
    for parallelism in (1, 2):
        yield _python(parallelism)
    for parallelism in (1, 2):
        yield _java(parallelism)
    for parallelism in (1, 2):
        yield _split(parallelism)


def _engine(languages: str, parallelism: int, name: str = "anabranch", title: str = "Anabranch") -> Contender:
    command = ["{python}", "-m", "benchmarks.wordcount.engine", "{records}", languages, str(parallelism)]
    return Contender(name, title, command)


def _loop() -> Contender:
    command = ["{python}", "-m", "benchmarks.wordcount.loop", "{records}"]
    return Contender("loop", "a loop by hand, one process", command)


def _peer(
    name: str, title: str, parallelism: int, records: int = 0, *more: str, module: str = "", in_bench: bool = True
) -> Contender:
    environment = module or name
    command = ["{python}", "-m", f"benchmarks.peers.{environment}.wordcount", "{records}", str(parallelism), *more]
    return Contender(name, title, command, environment, records, in_bench=in_bench)


def _python(parallelism: int) -> Workload:
    return Workload(
        "wordcount" if parallelism == 1 else "wordcount-2",
        f"Word count in Python, parallelism {parallelism}",
        WORDS,
        [
            _engine("pppp", parallelism),
            _loop(),
            _peer("bytewax", "Bytewax", parallelism, 1_000_000),
            _peer("pathway", "Pathway", parallelism, 500_000),
            _peer(
                "pyflink-thread",
                "PyFlink, thread mode",
                parallelism,
                200_000,
                "thread",
                module="pyflink",
                in_bench=False,
            ),
            _peer(
                "pyflink-process",
                "PyFlink, process mode",
                parallelism,
                100_000,
                "process",
                module="pyflink",
                in_bench=False,
            ),
        ],
        reference,
        "words",
        in_bench=parallelism == 1,
        notes=[_PATHWAY_NOTE],
    )


def _java(parallelism: int) -> Workload:
    command = flink.command("WordCount", "{records}", str(parallelism), str(_PAGE))
    return Workload(
        "wordcount-java" if parallelism == 1 else "wordcount-java-2",
        f"Word count in Java, parallelism {parallelism}",
        10 * WORDS,
        [_engine("jjjj", parallelism), Contender("flink", "Flink, in Java", command, "flink")],
        reference,
        "words",
        prepare=lambda: write_page(_PAGE),
    )


def _split(parallelism: int) -> Workload:
    names = {languages: "anabranch" if languages == "pppp" else f"anabranch-{languages}" for languages in SPLITS}
    return Workload(
        "wordcount-split" if parallelism == 1 else "wordcount-split-2",
        f"Word count, each part in Python or in Java, parallelism {parallelism}",
        WORDS,
        [
            *(_engine(languages, parallelism, names[languages], title) for languages, title in SPLITS.items()),
            _loop(),
        ],
        reference,
        "words",
    )
