"""No secret of the engine is written down: whoever reads the sources could use it."""

import re
from pathlib import Path

import pytest

from anabranch.client.ray.job_spec import JobSpec
from anabranch.job import hash_seed
from anabranch.launch.environment import inherited
from anabranch.launch.launcher import WorkerSpec
from anabranch.v1.graph_pb2 import LANGUAGE_PYTHON

ROOT = Path(__file__).parents[2]
SOURCES = [*ROOT.glob("python/anabranch/**/*.py"), *ROOT.glob("java/*/src/main/**/*.java"), *ROOT.glob("docs/**/*.md")]
# A name that means a secret, beside a literal: assigned, repeated, or given as an argument.
_NAME = r"\b\w*(?:token|secret|password|passphrase)\w*"
_LITERAL = re.compile(
    _NAME + r"(?::\s*\w+)?(?:\(\))?\s*=\s*[bru]?(\"[^\"\n]*\"|'[^'\n]*'|[A-Za-z0-9_-]+(?=\s+anabranch))", re.IGNORECASE
)
# The names of an environment variable, a metadata entry, an option: what secrets are called, not what they are.
_NAMES = re.compile(r"[\"'](|ANABRANCH_[A-Z_]+|anabranch[-.][a-z.-]+)[\"']")


def literals(text: str) -> list[str]:
    return [found[0] for found in _LITERAL.finditer(text) if not _NAMES.fullmatch(found[1])]


@pytest.mark.parametrize(
    "line",
    [
        'String token = "warm-up";',
        'static final String TOKEN = "00".repeat(32);',
        'byte[] workerSecret = "abc".getBytes()',
        "_TOKEN: str = 'secret'",
        'auth_token="py4j"',
        "ANABRANCH_GATEWAY_TOKEN=secret anabranch gateway",
    ],
)
def test_a_secret_that_is_written_down_is_found(line):
    assert literals(line)


@pytest.mark.parametrize(
    "line",
    [
        'TOKEN = "ANABRANCH_GATEWAY_TOKEN"',
        'static final String TOKEN = "anabranch.gateway.token";',
        "token = secrets.token_hex(32)",
        "String token = Tokens.draw();",
        'ANABRANCH_GATEWAY_TOKEN="$(openssl rand -hex 32)" anabranch gateway'.replace('"', ""),
    ],
)
def test_the_name_of_a_secret_is_not_one(line):
    assert [] == literals(line)


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_source_holds_a_secret(source):
    assert [] == literals(source.read_text())


def test_no_secret_is_shown_where_it_is_printed():
    token = "1" * 64
    worker = WorkerSpec("w1", LANGUAGE_PYTHON, "127.0.0.1:1", token)
    job = JobSpec(job_id="j", token=token, graph=b"", detached=False, paths=(), directory="d", started_ms=0)

    assert token not in f"{worker!r} {job!r}"


def test_what_a_process_starts_does_not_inherit_secrets(monkeypatch):
    for name in ("ANABRANCH_GATEWAY_TOKEN", "ANABRANCH_TOKEN", "HARMLESS"):
        monkeypatch.setenv(name, "x")

    assert ["HARMLESS"] == [name for name in inherited() if name == "HARMLESS" or name.endswith("TOKEN")]


def test_a_hash_seed_is_drawn_for_each_job(monkeypatch):
    monkeypatch.delenv("PYTHONHASHSEED", raising=False)

    seeds = {hash_seed() for _ in range(100)}

    assert len(seeds) > 90
    assert all(0 < seed < 1 << 32 for seed in seeds)
