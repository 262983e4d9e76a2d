"""The demo's modules, which are no part of the package."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

DEMO = Path(__file__).parents[3] / "examples" / "flights"


@pytest.fixture(scope="session")
def flights_modules():
    """Modules of examples/flights, and the rows of its input as text."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(DEMO))
        import delays
        import flights
        import rows

        with zipfile.ZipFile(rows.data_file()) as archive:
            text = archive.read("flights.csv").decode().splitlines()[1:]
        yield SimpleNamespace(delays=delays, flights=flights, rows=rows, text=text)
        for name in ("delays", "flights", "rows"):
            del sys.modules[name]
