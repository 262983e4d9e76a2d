"""Twins: what the table says is in both languages is there, and is tested there."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINES = (ROOT / "tests" / "parity" / "twins.tsv").read_text().splitlines()
TWINS = [line.split("\t") for line in LINES if not line.startswith("#")][1:]
CLASSES = {path.stem for path in ROOT.glob("java/*/src/main/java/**/*.java")}
TESTS = {path.stem for path in ROOT.glob("*/*/src/test/java/**/*.java")} | {
    str(path.relative_to(ROOT / "tests").with_suffix("")) for path in (ROOT / "tests").rglob("test_*.py")
}
# Modules of one operator each, or of one concern of an operator: those that Java has no class for, and why.
WITHOUT_TWIN = {
    "__init__": "says what the package is",
    "dead_letters": "is part of Java's chain",
    "job": "what operators know of their job: the task's, in Java",
    "returned": "what a Python function may return; Java's compiler sees to that",
    "slices": "Java's operators take the records of a batch one by one",
    "user_operator": "is Java's FunctionOperator and its loader in one",
}


@pytest.mark.parametrize("twin", TWINS, ids=lambda twin: f"{twin[0]}-{twin[1]}")
def test_both_twins_exist_and_are_tested(twin):
    module, java, python_test, java_test = twin

    assert ROOT.joinpath("python", "anabranch", *module.split(".")).with_suffix(".py").exists()
    assert java in CLASSES
    assert {python_test, java_test} <= TESTS


def test_no_two_rows_are_the_same():
    assert len(TWINS) == len({(module, java) for module, java, _, _ in TWINS})


def test_every_operator_has_a_twin_or_a_reason():
    modules = {path.stem for path in (ROOT / "python" / "anabranch" / "operators").glob("*.py")}
    with_twin = {module.split(".")[1] for module, _, _, _ in TWINS if module.startswith("operators.")}

    assert modules == with_twin | WITHOUT_TWIN.keys()
