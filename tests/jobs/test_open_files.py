"""Channels take files, and a process has no more than it may have: that is said before any record flows."""

import pytest

pytestmark = pytest.mark.local  # the limit is the driver's, and its children's

# 12 subtasks, each connected to 12: 288 ends of channels.
MANY_CHANNELS = """
import resource, sys
from anabranch import StreamingContext

resource.setrlimit(resource.RLIMIT_NOFILE, (200, 300))
language, option, value = sys.argv[1:]
ctx = StreamingContext.Builder().option(option, value).build().set_parallelism(12)
numbers = ctx.from_collection(range(1000))
if language == "java":
    numbers = numbers.as_java_stream()
    numbers = numbers.map("java.lang.String::valueOf").rebalance().map("java.lang.String::valueOf")
    numbers = numbers.as_python_stream()
else:
    numbers = numbers.map(str).rebalance().map(str)
result = numbers.collect()
ctx.execute("many")
print(len(result.get()))
"""

# What loads the function takes every file that is left, before the task listens.
HOG = """
import os
from anabranch import StreamingContext

class Hog:
    def __reduce__(self):
        return hog, ()

    def __call__(self, value):
        return value

def hog():
    import resource
    resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))
    try:
        while True:
            os.open(os.devnull, os.O_RDONLY)
    except OSError:
        return Hog()

ctx = StreamingContext.Builder().build()
ctx.from_values(1, 2).map(Hog()).with_name("hog").disable_chain().sink(print)
ctx.execute("hungry")
"""

JAVA_HOG = """
import resource, sys
from anabranch import StreamingContext

resource.setrlimit(resource.RLIMIT_NOFILE, (300, 300))
ctx = StreamingContext.Builder().build()
ctx.add_jar(sys.argv[1])
ctx.from_values(1, 2).as_java_stream().map("com.acme.Hog").with_name("hog").as_python_stream().sink(print)
ctx.execute("hungry")
"""


@pytest.mark.parametrize("language", ["python", "java"])
def test_a_worker_with_too_many_channels_fails_the_job_with_its_limit(drive, language):
    option = f"anabranch.{language}.tasks-per-worker"
    code, out, err = drive(MANY_CHANNELS, language, option, "0").finish()

    assert (1, "") == (code, out)
    message = err.strip().splitlines()[-3:]  # and the code of the error
    assert f"job many: worker {language}-1 would exceed its limit of open files: its " in message[0]
    assert "its process may have 300 (ulimit -n)" in message[0]
    assert f"have fewer tasks share a worker (option {option})" in message[1]
    assert "not deployed" not in err


def test_the_soft_limit_does_not_count(drive):
    code, out, err = drive(MANY_CHANNELS, "python", "anabranch.python.tasks-per-worker", "12").finish()

    assert (0, "1000\n", "") == (code, out, err)


def test_a_task_without_files_is_not_the_fault_of_its_function(drive):
    code, out, err = drive(HOG).finish()

    assert (1, "") == (code, out)
    assert "ran out of file descriptors for its channels: OSError: [Errno 24] Too many open files" in err
    assert "the process may have 100 files open (ulimit -n)" in err
    assert "operator 'hog' failed" not in err


def test_neither_is_a_task_in_java(drive, acme_jar):
    code, out, err = drive(JAVA_HOG, acme_jar).finish()

    assert (1, "") == (code, out)
    assert "ran out of file descriptors for its channels: java.net.SocketException: Too many open files" in err
    assert "the process may have 300 files open (ulimit -n)" in err
    assert "operator 'hog' failed" not in err
