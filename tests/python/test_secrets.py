"""No secret of the engine is written down: whoever reads the sources could use it."""

import re
from pathlib import Path

import pytest

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
