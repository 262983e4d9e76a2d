"""Every error has a code, every code a section of docs/errors.md; Java has the codes of Python."""

import importlib
import pickle
import pkgutil
import re
import sys
import traceback
from pathlib import Path

import pytest

import anabranch
from anabranch.errors import AnabranchError, ConfigError, JobCancelledError, JobFailedError, JobGraphError, RecordError
from anabranch.v1.control_pb2 import TaskError

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "errors.md").read_text()
SECTIONS = dict(re.findall(r"^## (AB\d{3})\n\n((?:(?!^## ).)*)", PAGE, re.MULTILINE | re.DOTALL))
NONDETERMINISM = TaskError(kind=TaskError.KIND_NONDETERMINISM)


def classes(base: type[AnabranchError]) -> set[type[AnabranchError]]:
    return {base, *(each for derived in base.__subclasses__() for each in classes(derived))}


def all_classes() -> set[type[AnabranchError]]:
    for module in pkgutil.walk_packages(anabranch.__path__, "anabranch."):
        if "ray" not in module.name and module.name.endswith(("errors", "client_authentication")):
            importlib.import_module(module.name)
    return classes(AnabranchError)


def codes() -> set[str]:
    failed = {JobFailedError("", error=error).code for error in (None, TaskError(), NONDETERMINISM)}
    of_ray = {"AB106"}  # Ray may be missing
    return {each.code for each in all_classes()} | failed | of_ray


def test_every_code_has_a_section_and_every_section_a_code():
    assert codes() == SECTIONS.keys()


def test_a_section_names_its_classes():
    for each in all_classes():
        if "code" in vars(each):
            assert f"`{each.__name__}`" in SECTIONS[each.code]
    assert all(f"`{JobFailedError.__name__}`" in SECTIONS[code] for code in ("AB301", "AB303"))


def test_a_section_tells_causes_and_cures():
    for text in SECTIONS.values():
        assert text.count("* *Usual causes*: ") == text.count("* *What helps*: ") == 1


def test_no_two_kinds_have_one_code_unless_they_mean_the_same():
    own = [each for each in all_classes() if "code" in vars(each) and each is not JobFailedError]

    assert len({each.code for each in own}) == len(own)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigError("x"), "AB101"),
        (JobGraphError("x"), "AB102"),
        (RecordError("x", index=1, path=".a"), "AB201"),
        (JobFailedError("x", error=TaskError(summary="ValueError: x")), "AB301"),
        (JobFailedError("x", error=NONDETERMINISM), "AB302"),
        (JobFailedError("x"), "AB303"),
        (JobCancelledError("x"), "AB304"),
    ],
)
def test_the_message_stays_and_the_code_follows_it_in_the_traceback(error, code):
    shown = "".join(traceback.format_exception_only(error))

    assert (str(error), error.code) == ("x", code)
    assert f"error code {code}: see docs/errors.md" in shown or sys.version_info < (3, 11)
    assert pickle.loads(pickle.dumps(error)).__notes__ == error.__notes__


def test_java_has_the_codes_of_python():
    java = ROOT / "java" / "anabranch-api" / "src" / "main" / "java" / "org" / "anabranch" / "api"
    constants = dict(re.findall(r"String (\w+) = \"(AB\d{3})\"", (java / "ErrorCode.java").read_text()))

    assert constants == {
        "JOB_GRAPH": JobGraphError("").code,
        "FUNCTION_FAILED": JobFailedError("", error=TaskError()).code,
        "REPLAY_DIVERGED": JobFailedError("", error=NONDETERMINISM).code,
        "JOB_FAILED": JobFailedError("").code,
        "JOB_CANCELLED": JobCancelledError("").code,
    }
    for name in ("JobGraphException", "JobFailedException", "JobCancelledException"):
        assert f"`{name}`" in PAGE
