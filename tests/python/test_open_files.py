"""How many files a worker may have open."""

import subprocess
import sys

SCRIPT = """
import resource
from anabranch import open_files
resource.setrlimit(resource.RLIMIT_NOFILE, (100, 300))
print(open_files.limit())
open_files.raise_limit()
print(open_files.limit(), *resource.getrlimit(resource.RLIMIT_NOFILE))
"""


def test_the_soft_limit_is_raised_to_the_hard_one():
    done = subprocess.run([sys.executable, "-c", SCRIPT], check=True, capture_output=True, text=True, timeout=60)

    assert ["100", "300 300 300"] == done.stdout.splitlines()
