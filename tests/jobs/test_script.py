"""Functions and classes of the main script, which no module of a worker has."""

JOB = """
import pickle
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_all_start_methods, get_context
from anabranch import StreamingContext

@dataclass
class Worker:  # the engine has one too
    x: object

class Outer:
    @dataclass
    class Inner:
        x: object

class Refused(Exception):
    pass

def main(value):
    return value

def through_pickle(value):
    assert pickle.loads(pickle.dumps(main)) is main
    return pickle.loads(pickle.dumps(value))

def within(value):
    return pickle.loads(pickle.dumps(Outer.Inner(value.x)))

def through_processes(value):
    for method in get_all_start_methods():
        with ProcessPoolExecutor(1, get_context(method)) as pool:
            value = list(pool.map(main, [value]))[0]
    return value

def nest(value):
    for _ in range(100):
        value = [value]
    return value

def depth(value):
    n = 0
    while isinstance(value, list):
        value, n = value[0], n + 1
    return n, value

ctx = StreamingContext.Builder().build()
stream = ctx.from_values(1).map(Worker)
stream.map(through_pickle).rebalance().map(through_processes).set_parallelism(2).sink(print)
stream.map(within).rebalance().map(through_processes).set_parallelism(2).sink(print)
stream.map(nest).disable_chain().rebalance().map(depth).set_parallelism(2).sink(print)
ctx.execute("script")
"""


def test_functions_may_pickle_what_the_script_defines_and_nest_records_as_they_like(drive):
    code, out, err = drive(JOB).finish(timeout=300)

    assert (0, ["(100, Worker(x=1))", "Outer.Inner(x=1)", "Worker(x=1)"]) == (code, sorted(out.splitlines())), err


CACHES = """
import functools
import pickle
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from anabranch import MapFunction, StreamingContext

@functools.cache
def fibonacci(n):
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)

fibonacci.unit = "rabbits"

@functools.lru_cache(maxsize=7)
def square(n):
    return n * n

def of_a_function():
    @functools.lru_cache
    def local(n):
        return -n
    return local

class Looks(MapFunction):
    @functools.cached_property
    def table(self):
        return {5: "five"}

    @functools.lru_cache(maxsize=None)
    def look_up(self, n):
        return self.table[n]

    def map(self, n):
        return self.look_up(n), self.look_up.__wrapped__.__name__

def look(n):
    assert pickle.loads(pickle.dumps(square)) is square
    assert pickle.loads(pickle.dumps(fibonacci)) is fibonacci
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(square, n).result(), fibonacci(30), fibonacci.unit, square.cache_parameters()["maxsize"]

numbers = StreamingContext.Builder().build().from_values(5)
numbers.map(look).sink(print)
numbers.map(square).sink(print)
numbers.map(of_a_function()).sink(print)
numbers.map(Looks).sink(print)
numbers.get_streaming_context().execute("caches")
"""


def test_functions_and_properties_of_the_script_may_have_caches(drive):
    code, out, err = drive(CACHES).finish(timeout=300)

    assert (0, ["('five', 'look_up')", "(25, 832040, 'rabbits', 7)", "-5", "25"]) == (code, sorted(out.splitlines())), (
        err
    )
