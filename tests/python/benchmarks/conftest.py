"""The package benchmarks/ is not installed: its directory is on the path for these tests only."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]

if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))
