"""An interpreter that does nothing."""

import time

from benchmarks.harness.emit import emit_first

emit_first(time.monotonic(), "A")
