"""One fuzz target under libFuzzer; run.py builds what it needs and starts it.

python -m tests.fuzz.target decode|encode [options of libFuzzer] CORPUS
"""

from __future__ import annotations

import gc
import importlib.util
import os
import sys
from typing import Any


def load_instrumented() -> None:
    """Puts the instrumented build in the place of the native codec."""
    spec = importlib.util.spec_from_file_location("anabranch.records._native", os.environ["ANABRANCH_FUZZ_NATIVE"])
    assert spec is not None
    assert spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.modules[spec.name] = module


def main() -> None:
    """Fuzzes until libFuzzer has had enough."""
    import atheris

    load_instrumented()
    name = sys.argv.pop(1)
    from tests.fuzz.checks import CHECKS

    gc.freeze()  # what is here now stays: it need not be walked again and again
    # libFuzzer starts itself anew to minimise, by its first argument.
    atheris.Setup([os.environ["ANABRANCH_FUZZ_SELF"], *sys.argv[1:]], CHECKS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
