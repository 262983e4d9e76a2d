"""The native codec in interpreters beside the main one."""

import os
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
NATIVE = ROOT / "python" / "anabranch" / "records" / "native"

# Which module runs code in another interpreter, and what asks for a lock of its own, depends on the version.
IN_ANOTHER = """
import sys
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters

CODE = '''
import importlib.machinery, importlib.util
loader = importlib.machinery.ExtensionFileLoader("_native", LIBRARY)
native = importlib.util.module_from_spec(importlib.util.spec_from_loader("_native", loader))
loader.exec_module(native)
values = [("word", 7, [1.5, None, b"x"], dict(k=float("nan"))), {1, 2}, frozenset("a"), "stra\\u00dfe"]
payload = native.encode(values, dict(), dict(), dict())
assert repr(native.decode(payload, len(values), dict(), None)) == repr(values)
nans = native.decode(bytes.fromhex("cb7ff8000000000000") * 2, 2, dict(), None)
assert nans[0] is nans[1]
counts, totals = dict(), []
native.reduce(lambda old, new: old + new, ["a", "b", "a"], [1, 2, 3], (counts, dict(), None), totals, (dict(), max))
assert (totals, counts) == ([1, 2, 4], dict(a=4, b=2))
try:
    native.decode(payload, 9, dict(), None)
except ValueError:
    pass
else:
    raise AssertionError("not refused")
'''

for _ in range(3):
    if sys.version_info >= (3, 13):
        interpreter = interpreters.create("isolated")  # with a lock of its own
        error = interpreters.exec(interpreter, CODE)
        assert error is None, error
    else:
        interpreter = interpreters.create(isolated=True)
        interpreters.run_string(interpreter, CODE)
    interpreters.destroy(interpreter)
exec(CODE)
print("fine in", sys.version_info[:2])
"""


def pythons():
    """The interpreters of this machine that can give an interpreter of their own a lock of its own."""
    versions = [Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"]
    found = {}
    for minor in ("3.12", "3.13", "3.14"):
        candidates = [path for root in versions for path in root.glob(f"{minor}.*/bin/python")]
        on_path = shutil.which(f"python{minor}")
        if candidates or on_path:
            found[minor] = str(candidates[0]) if candidates else on_path
    return found


@pytest.mark.parametrize("minor", ["3.12", "3.13", "3.14"])
def test_the_module_works_in_an_interpreter_with_a_lock_of_its_own(minor, tmp_path):
    python = pythons().get(minor)
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if python is None or compiler is None:
        pytest.skip(f"no Python {minor}, or no compiler, here")
    asked = "import sysconfig; print(sysconfig.get_path('include'))"
    include = subprocess.run([python, "-c", asked], capture_output=True, text=True, check=False).stdout.strip()
    if not include or not (Path(include) / "Python.h").exists():
        pytest.skip(f"Python {minor} has no headers here")
    library = tmp_path / f"_native{sysconfig.get_config_var('SHLIB_SUFFIX')}"
    sources = sorted(str(path) for path in NATIVE.glob("*.c"))
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", f"-I{include}", *sources, "-o", str(library)], check=True)

    script = IN_ANOTHER.replace("LIBRARY", repr(str(library)))
    run = subprocess.run([python, "-c", script], capture_output=True, text=True, timeout=60, check=False)

    assert (0, "fine in") == (run.returncode, run.stdout[:7]), run.stdout + run.stderr
