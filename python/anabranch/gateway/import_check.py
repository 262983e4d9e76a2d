"""Imports the Python functions that a job names, in a process like a worker, before the job starts."""

from __future__ import annotations

import asyncio
import json
import sys

from anabranch.errors import JobGraphError
from anabranch.launch.environment import inherited
from anabranch.launch.search_path import search_path
from anabranch.v1.graph_pb2 import Artifact, FunctionDescriptor, JobGraph

_TIMEOUT = 60.0
_CHECK = """
import importlib, json, os, sys, traceback
answer = open(os.dup(1), "w")
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # a module may print while it is imported
paths, functions = json.load(sys.stdin)
sys.path[:] = paths
failure = None
for module, name in functions:
    try:
        found = importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
        if not callable(found):
            raise TypeError(f"{module}.{name} is a {type(found).__name__}, not a function or class")
    except ModuleNotFoundError as error:
        failure = f"{error}; the search path was {sys.path}"
        break
    except BaseException as error:
        frames = [each for each in traceback.extract_tb(error.__traceback__) if "importlib" not in each.filename][1:]
        told = traceback.format_list(frames[-3:]) + traceback.format_exception_only(type(error), error)
        failure = f"{module}.{name}: " + "".join(told).strip()
        break
json.dump({"failure": failure, "modules": list(sys.modules)}, answer)
answer.close()
"""


async def check_python_functions(graph: JobGraph) -> None:
    """Imports every function that the graph refers to by module and name, and notes in it what modules these need.

    Raises:
        JobGraphError: One cannot be imported: which, why, and where it was looked for.
    """
    functions = [
        (function.python_reference.module, function.python_reference.name)
        for function in _functions(graph)
        if function.WhichOneof("body") == "python_reference"
    ]
    if not functions:
        return
    paths = [artifact.path for artifact in graph.artifacts if artifact.kind == Artifact.KIND_PYTHON]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        _CHECK,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=inherited(),
    )
    question = json.dumps([[*paths, *search_path()], functions]).encode()
    try:
        output, _ = await asyncio.wait_for(process.communicate(question), _TIMEOUT)
    except asyncio.TimeoutError:
        process.kill()
        raise JobGraphError(f"importing {functions} takes longer than {_TIMEOUT:.0f} s") from None
    if not output:
        raise JobGraphError(f"importing {functions} ended the process with exit code {process.returncode}")
    answer = json.loads(output)
    if answer["failure"] is not None:
        raise JobGraphError(f"a Python function of the job cannot be imported: {answer['failure']}")
    graph.python_modules.extend(answer["modules"])


def _functions(graph: JobGraph) -> list[FunctionDescriptor]:
    return [operator.function for operator in graph.operators] + [edge.partitioning.function for edge in graph.edges]
