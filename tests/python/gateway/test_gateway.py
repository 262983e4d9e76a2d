"""`anabranch gateway`, used as a client of any language would."""

import hashlib
import io
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import cloudpickle
import grpc
import pytest

from anabranch import StreamingContext
from anabranch.control.channel import Channel
from anabranch.v1 import gateway_pb2 as gateway
from anabranch.v1 import graph_pb2 as pb
from anabranch.v1.gateway_pb2_grpc import GatewayStub

TOKEN = secrets.token_hex(32)


class Client:
    """A gateway as a child process, and a stub for it."""

    def __init__(self, directory, *program: str) -> None:
        self.process = subprocess.Popen(
            [*(program or (sys.executable, "-m", "anabranch")), "gateway", "--until-stdin-ends"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=directory,
            env={**os.environ, "ANABRANCH_GATEWAY_TOKEN": TOKEN},
        )
        line = self.process.stdout.readline()
        assert line.startswith("anabranch gateway listens on 127.0.0.1:"), line
        self.address = line.split()[-1]
        self.channel = Channel(self.address, TOKEN)
        self.stub = GatewayStub(self.channel.calls)

    def call(self, method: str, request):
        return getattr(self.stub, method)(request, timeout=60)

    def wait(self, job_id: str) -> gateway.JobStatus:
        return self.call("Wait", gateway.WaitRequest(job_id=job_id, timeout_ms=30_000))

    def close(self) -> int:
        self.channel.close()
        self.process.stdin.close()
        return self.process.wait(20)


@pytest.fixture
def client(tmp_path):
    client = Client(tmp_path)
    yield client
    if client.process.poll() is None:
        assert 0 == client.close()


def graph(name: str, function=lambda x: x * 2) -> pb.JobGraph:
    ctx = StreamingContext.Builder().build()
    ctx.from_values(1, 2, 3).map(function).collect()
    return ctx._graph(name)


SLOW = lambda x: __import__("time").sleep(1000)


def submit(client: Client, job: pb.JobGraph) -> str:
    return client.call("Submit", gateway.SubmitRequest(graph=job)).job_id


def upload(client: Client, file_name: str, content: bytes) -> str:
    content_hash = hashlib.sha256(content).hexdigest()
    chunk = gateway.ArtifactChunk(content_hash=content_hash, file_name=file_name, data=content)
    client.call("UploadArtifact", iter([chunk]))
    return content_hash


def refusal(client: Client, method: str, request) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.RpcError) as caught:
        client.call(method, request)
    return caught.value.code(), caught.value.details()


def test_a_job_runs_and_its_results_and_status_can_be_read(client):
    job_id = submit(client, graph("doubles"))

    status = client.wait(job_id)

    assert gateway.JOB_STATE_FINISHED == status.state
    assert [3, 3, 0] == [operator.records_out for operator in status.operators]
    assert status.started_ms <= status.ended_ms <= time.time() * 1000
    batches = list(client.call("Results", gateway.ResultsRequest(job_id=job_id, operator_id=3)))
    assert 3 == sum(batch.n_records for batch in batches)
    assert [job_id] == [job.job_id for job in client.call("List", gateway.ListRequest()).jobs]


def test_printed_lines_can_be_followed(client):
    job_id = submit(client, graph("prints", lambda x: print("got", x)))

    lines = [line.line for line in client.call("Logs", gateway.LogsRequest(job_id=job_id, follow=True))]

    assert ["got 1", "got 2", "got 3"] == lines


def test_names_that_set_nothing_are_reported_in_the_lines_of_the_job(client):
    job = graph("ported")
    job.config["streaming.checkpoint.interval.secs"] = "5"
    job.config["parallelism"] = "2"
    job_id = submit(client, job)

    lines = client.call("Logs", gateway.LogsRequest(job_id=job_id, follow=True))

    said = "\n".join(line.line for line in lines if line.stream == "stderr")
    assert "its counterpart here is anabranch.checkpoint.interval-ms" in said
    assert "did you mean anabranch.parallelism?" in said


def test_a_failed_job_tells_its_error(client):
    status = client.wait(submit(client, graph("fails", lambda x: 1 // (x - 2))))

    assert gateway.JOB_STATE_FAILED == status.state
    assert "operator 'map-2' failed, subtask 0, Python, record 1: 2" in status.message
    assert "ZeroDivisionError" in status.error.summary


def test_several_jobs_run_at_once_and_one_can_be_cancelled(client):
    endless, short = submit(client, graph("endless", SLOW)), submit(client, graph("short"))

    assert gateway.JOB_STATE_FINISHED == client.wait(short).state
    assert gateway.JOB_STATE_CANCELLED == client.call("Cancel", gateway.CancelRequest(job_id=endless)).state


def test_every_call_needs_the_token(client):
    with grpc.insecure_channel(client.address) as stranger:
        for method, request in [
            ("Submit", gateway.SubmitRequest(graph=graph("no"))),
            ("List", gateway.ListRequest()),
            ("Cancel", gateway.CancelRequest(job_id="x")),
        ]:
            with pytest.raises(grpc.RpcError) as refused:
                getattr(GatewayStub(stranger), method)(request, timeout=60)
            assert grpc.StatusCode.UNAUTHENTICATED == refused.value.code()
    assert not client.call("List", gateway.ListRequest()).jobs


@pytest.mark.parametrize(("config", "code"), [({}, "AB102"), ({"anabranch.parallelism": "two"}, "AB101")])
def test_a_refusal_has_the_code_of_the_error(client, config, code):
    with pytest.raises(grpc.RpcError) as refused:
        client.call("Submit", gateway.SubmitRequest(graph=pb.JobGraph(name="empty", config=config)))

    assert ("anabranch-error-code", code) in refused.value.trailing_metadata()


def test_an_invalid_job_is_refused_with_the_reason(client):
    code, reason = refusal(client, "Submit", gateway.SubmitRequest(graph=pb.JobGraph(name="empty")))

    assert (grpc.StatusCode.INVALID_ARGUMENT, True) == (code, "has no operators" in reason)


def test_an_unknown_job_is_refused_with_those_that_are_known(client):
    code, reason = refusal(client, "GetStatus", gateway.StatusRequest(job_id="nobody"))

    assert (grpc.StatusCode.NOT_FOUND, "there is no job 'nobody'; known: none") == (code, reason)


def named(module: str, name: str) -> pb.JobGraph:
    job = graph("named")
    job.operators[1].function.CopyFrom(
        pb.FunctionDescriptor(display_name=name, python_reference=pb.PythonReference(module=module, name=name))
    )
    return job


def test_python_functions_by_name_are_found_in_the_gateways_directory(client, tmp_path):
    (tmp_path / "my_module.py").write_text("def add(x):\n    print('sum', x + 1)\n")

    job_id = submit(client, named("my_module", "add"))

    lines = client.call("Logs", gateway.LogsRequest(job_id=job_id, follow=True))
    assert ["sum 2", "sum 3", "sum 4"] == [line.line for line in lines]


@pytest.mark.parametrize(
    ("module", "name", "reason"),
    [
        ("no_such_module", "f", "No module named 'no_such_module'; the search path was ["),
        ("os", "no_such_function", "no_such_function"),
        ("os", "sep", "not a function or class"),
    ],
)
def test_a_python_function_that_cannot_be_imported_is_refused_at_submit(client, module, name, reason):
    refused = refusal(client, "Submit", gateway.SubmitRequest(graph=named(module, name)))[1]

    assert reason in refused
    assert "<string>" not in refused


def test_a_module_that_fails_is_refused_with_its_own_lines(client, tmp_path):
    (tmp_path / "fails.py").write_text("import os\n\nos.environ['nothing here']\n")

    refused = refusal(client, "Submit", gateway.SubmitRequest(graph=named("fails", "f")))[1]

    assert 'fails.py", line 3, in <module>' in refused
    assert "KeyError: 'nothing here'" in refused
    assert "<string>" not in refused


def test_artifacts_are_uploaded_once_by_their_content(client, tmp_path):
    (tmp_path / "lib").mkdir()
    code = b"def triple(x):\n    return 3 * x\n"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("shipped.py", code)
    content = packed.getvalue()
    content_hash = hashlib.sha256(content).hexdigest()
    hashes = gateway.ArtifactHashes(content_hashes=[content_hash])
    assert hashes == client.call("FindMissingArtifacts", hashes)

    chunks = [gateway.ArtifactChunk(content_hash=content_hash, file_name="shipped.zip"),
              *(gateway.ArtifactChunk(data=content[i : i + 50]) for i in range(0, len(content), 50))]  # fmt: skip
    client.call("UploadArtifact", iter(chunks))

    assert not client.call("FindMissingArtifacts", hashes).content_hashes
    job = named("shipped", "triple")
    job.artifacts.add(kind=pb.Artifact.KIND_PYTHON, content_hash=content_hash)
    assert gateway.JOB_STATE_FINISHED == client.wait(submit(client, job)).state


def test_uploaded_modules_find_the_data_beside_them(client):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("greets.py", "import pathlib\nGREETING = pathlib.Path(__file__).with_name('greeting.txt')\n"
                                      "def greet(x):\n    print(GREETING.read_text(), x)\n")  # fmt: skip
        archive.writestr("greeting.txt", "hello")
    job = named("greets", "greet")
    for _ in range(2):  # the second time it is there
        del job.artifacts[:]
        job.artifacts.add(kind=pb.Artifact.KIND_PYTHON, content_hash=upload(client, "greets.zip", packed.getvalue()))
        job_id = submit(client, job)

        assert gateway.JOB_STATE_FINISHED == client.wait(job_id).state
        lines = client.call("Logs", gateway.LogsRequest(job_id=job_id))
        assert "hello" in next(iter(lines)).line


def damaged_zip() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("greets.py", "def greet(): pass")
    head = zipfile.sizeFileHeader + len("greets.py")
    return packed.getvalue()[:head] + b"\xff\xff\xff\xff" + packed.getvalue()[head + 4 :]


@pytest.mark.parametrize("content", [b"def greet(): pass", damaged_zip()], ids=["text", "damaged"])
def test_uploaded_modules_that_are_no_zip_file_are_refused(client, content):
    job = named("greets", "greet")
    job.artifacts.add(kind=pb.Artifact.KIND_PYTHON, content_hash=upload(client, "greets.zip", content))

    assert "greets.zip cannot be unpacked" in refusal(client, "Submit", gateway.SubmitRequest(graph=job))[1]


def test_an_upload_that_is_not_what_it_says_is_refused(client):
    chunk = gateway.ArtifactChunk(content_hash="0" * 64, file_name="a.jar", data=b"something else")

    assert "does not have the hash" in refusal(client, "UploadArtifact", iter([chunk]))[1]


@pytest.mark.parametrize(
    "file_name", ["../evil", "", "a/b", ".", "..", "nul\0", "tab\t", "line\n", "\x1b[2J", "é" * 150, "x" * 256]
)
def test_an_upload_cannot_choose_its_place(client, file_name):
    chunk = gateway.ArtifactChunk(content_hash=hashlib.sha256(b"").hexdigest(), file_name=file_name)

    code, reason = refusal(client, "UploadArtifact", iter([chunk]))
    assert (grpc.StatusCode.INVALID_ARGUMENT, True) == (code, "is not a file name" in reason)


def test_a_gateway_that_ends_leaves_no_worker(client, tmp_path):
    import psutil

    job = graph("endless", SLOW)
    submit(client, job)
    deadline = time.monotonic() + 20
    while not (workers := psutil.Process(client.process.pid).children(recursive=True)):
        assert time.monotonic() < deadline

    assert 0 == client.close()

    assert workers
    assert not psutil.wait_procs(workers, timeout=5)[1]


def test_unpickling_happens_in_workers_only(client, tmp_path):
    """A hostile pickle must not run in the gateway, only where user code runs anyway."""

    class Hostile:
        def __reduce__(self):
            return (print, ("unpickled in", os.getpid()))

    job = graph("hostile")
    job.operators[1].function.python_object.pickled = cloudpickle.dumps(Hostile())

    status = client.wait(submit(client, job))

    assert gateway.JOB_STATE_FAILED == status.state


def command(client: Client, *arguments: str, **variables: str) -> tuple[int, str, str]:
    environment = {**os.environ, "ANABRANCH_GATEWAY": client.address, "ANABRANCH_GATEWAY_TOKEN": TOKEN, **variables}
    ran = subprocess.run(
        [sys.executable, "-m", "anabranch", *arguments], capture_output=True, text=True, env=environment, timeout=60,
        check=False,
    )  # fmt: skip
    return ran.returncode, ran.stdout, ran.stderr


def test_jobs_are_listed_shown_followed_and_cancelled_from_the_command_line(client):
    done = submit(client, graph("prints", lambda x: print("got", x)))
    client.wait(done)
    endless = submit(client, graph("endless", SLOW))

    assert (0, "got 1\ngot 2\ngot 3\n", "") == command(client, "logs", "-f", done)
    assert f"{done}  FINISHED" in command(client, "list")[1]
    assert "map-2: 3 in, 3 out, parallelism 1" in command(client, "status", done)[1]
    assert json.loads(command(client, "status", done, "--json")[1])["state"] == "JOB_STATE_FINISHED"
    assert f"{endless}  CANCELLED" in command(client, "cancel", endless)[1]
    assert (1, "", f"anabranch status: there is no job 'nobody'; known: {done}, {endless}\n") == (
        command(client, "status", "nobody")
    )


def test_the_token_may_be_in_a_file(client, tmp_path):
    file = tmp_path / "token"
    file.touch(mode=0o600)
    file.write_text(TOKEN)

    assert (0, "", "") == command(client, "list", "--token-file", str(file), ANABRANCH_GATEWAY_TOKEN="")


def test_a_job_is_watched_until_it_has_ended(client):
    job_id = submit(client, graph("watched", lambda x: __import__("time").sleep(1)))

    code, out, err = command(client, "status", job_id, "--watch", "0.2", "--json")

    states = [json.loads(line)["state"] for line in out.splitlines()]
    assert (0, "") == (code, err)
    assert len(states) > 1
    assert states[-1] == "JOB_STATE_FINISHED"
    assert "JOB_STATE_FINISHED" not in states[:-1]


def test_the_command_finds_functions_where_it_was_started(tmp_path):
    (tmp_path / "here.py").write_text("def add(x):\n    return x + 1\n")
    client = Client(tmp_path, str(Path(sys.executable).with_name("anabranch")))

    try:
        assert gateway.JOB_STATE_FINISHED == client.wait(submit(client, named("here", "add"))).state
    finally:
        assert 0 == client.close()


def test_the_plan_names_the_workers_that_there_are_now(client, tmp_path):
    job = graph("endless", SLOW)
    job.config["anabranch.checkpoint.dir"] = str(tmp_path / "checkpoints")
    job_id = submit(client, job)
    explain = lambda: client.call("Explain", gateway.ExplainRequest(job_id=job_id))
    while not (pids := {each.worker_id: each.pid for each in explain().workers}).get("python-standby-1"):
        time.sleep(0.1)

    os.kill(pids["python-1"], signal.SIGKILL)
    while "worker python-1:" in (plan := explain().plan):
        time.sleep(0.1)

    assert re.search(r"worker python-standby-\d:\n  task 1: source-1", plan)
    assert 1 == client.call("GetStatus", gateway.StatusRequest(job_id=job_id)).recoveries


def test_a_gateway_that_is_not_named_is_asked_for(client):
    environment = {key: value for key, value in os.environ.items() if not key.startswith("ANABRANCH_GATEWAY")}
    ran = subprocess.run(
        [sys.executable, "-m", "anabranch", "list"], capture_output=True, text=True, env=environment, timeout=60,
        check=False,
    )  # fmt: skip

    assert 1 == ran.returncode
    assert "which jobs? Set ANABRANCH_GATEWAY" in ran.stderr


def test_a_proxy_hears_nothing(client):
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        address = f"http://127.0.0.1:{proxy.getsockname()[1]}"
        assert (0, "", "") == command(client, "list", http_proxy=address, https_proxy=address, no_proxy="")

        proxy.setblocking(False)
        with pytest.raises(BlockingIOError):
            proxy.accept()


def test_functions_do_not_see_the_gateways_secrets(client):
    secrets_of = lambda x: print([value for name, value in __import__("os").environ.items() if "TOKEN" in name])

    job_id = submit(client, graph("curious", secrets_of))

    lines = client.call("Logs", gateway.LogsRequest(job_id=job_id, follow=True))
    assert ["[]"] * 3 == [line.line for line in lines]
