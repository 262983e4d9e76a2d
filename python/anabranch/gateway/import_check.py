"""Imports the Python functions that a job names, in a process like a worker, before the job starts."""

from __future__ import annotations

import asyncio
import json
import os
import sys

from anabranch.errors import JobGraphError
from anabranch.v1.graph_pb2 import Artifact, FunctionDescriptor, JobGraph

_TIMEOUT = 60.0
_CHECK = """
import importlib, json, sys, traceback
paths, functions = json.load(sys.stdin)
sys.path[:1] = paths
for module, name in functions:
    try:
        found = importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
        if not callable(found):
            raise TypeError(f"{module}.{name} is a {type(found).__name__}, not a function or class")
    except ModuleNotFoundError as error:
        print(json.dumps(f"{error}; the search path was {sys.path}"))
        break
    except BaseException:
        print(json.dumps(traceback.format_exc(limit=-3)))
        break
"""


async def check_python_functions(graph: JobGraph) -> None:
    """Imports every function that the graph refers to by module and name.

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
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    question = json.dumps([paths, functions]).encode()
    try:
        output, _ = await asyncio.wait_for(process.communicate(question), _TIMEOUT)
    except asyncio.TimeoutError:
        process.kill()
        raise JobGraphError(f"importing {functions} takes longer than {_TIMEOUT:.0f} s") from None
    answers = [line for line in output.decode(errors="replace").splitlines() if line.startswith('"')]
    if answers:
        raise JobGraphError(f"a Python function of the job cannot be imported: {json.loads(answers[-1])}")
    if process.returncode != 0:
        raise JobGraphError(f"importing {functions} ended the process with exit code {process.returncode}")


def _functions(graph: JobGraph) -> list[FunctionDescriptor]:
    return [operator.function for operator in graph.operators] + [edge.partitioning.function for edge in graph.edges]
