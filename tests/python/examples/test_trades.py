"""The example with a protobuf message of the user's own."""

import subprocess
import sys
from pathlib import Path

TRADES = Path(__file__).parents[3] / "examples" / "trades" / "trades.py"


def test_a_protobuf_message_crosses_and_comes_back():
    ran = subprocess.run([sys.executable, str(TRADES)], capture_output=True, text=True, timeout=100, check=False)

    assert ("", 0) == (ran.stderr, ran.returncode)
    assert ["('ANA', 2510, ['fee 1'])", "('RAY', 3000, ['odd lot', 'fee 1'])"] == ran.stdout.splitlines()
