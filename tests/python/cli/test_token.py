"""The secret of a gateway: who may know it, and what is one at all."""

import os
import stat
import subprocess
import sys

import pytest

from anabranch.cli.token import TOKEN_VARIABLE, gateway_token
from anabranch.errors import AnabranchError


def test_a_file_is_made_for_the_user_alone(tmp_path):
    file = tmp_path / "token"

    token = gateway_token(file)

    assert 64 == len(token)
    assert token == gateway_token(file)
    assert 0o600 == stat.S_IMODE(file.stat().st_mode)
    assert [file] == list(tmp_path.iterdir())


def test_gateways_that_start_at_once_have_the_same_token(tmp_path):
    script = (
        "import sys; from pathlib import Path; from anabranch.cli.token import gateway_token;"
        "sys.stdin.read(); print(gateway_token(Path(sys.argv[1])))"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", script, tmp_path / "token"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(6)
    ]
    for process in started:
        process.stdin.close()
    tokens = {process.stdout.read().strip() for process in started}
    for process in started:
        process.wait()
        process.stdout.close()

    assert 1 == len(tokens)
    assert 64 == len(tokens.pop())


@pytest.mark.parametrize("content", ["", "\n", "x", "secret", "1" * 31])
def test_a_token_that_can_be_guessed_is_refused(tmp_path, monkeypatch, content):
    file = tmp_path / "token"
    file.write_text(content)
    file.chmod(0o600)
    monkeypatch.setenv(TOKEN_VARIABLE, content)

    for source in (file, None):
        with pytest.raises(AnabranchError, match=r"fewer than 32|a token is needed"):
            gateway_token(source)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620, 0o602])
def test_a_file_that_others_may_use_is_refused(tmp_path, mode):
    file = tmp_path / "token"
    file.write_text("1" * 64)
    file.chmod(mode)

    with pytest.raises(AnabranchError, match=rf"is open to others \(mode {mode:o}\).*chmod 600"):
        gateway_token(file)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_is_refused(tmp_path):
    file = tmp_path / "token"
    file.write_text("1" * 64)
    file.chmod(0o600)
    os.chown(file, 65534, 65534)

    with pytest.raises(AnabranchError, match="belongs to user 65534"):
        gateway_token(file)


def test_what_is_not_a_regular_file_is_refused(tmp_path):
    for file in (tmp_path, tmp_path / "no" / "directory"):
        with pytest.raises(AnabranchError, match="cannot be used"):
            gateway_token(file)
