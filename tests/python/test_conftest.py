"""What the tests themselves rely on."""

import signal
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_tests_have_a_temporary_directory_of_their_own():
    assert Path(tempfile.gettempdir()).name.startswith("at-")


def test_ctrl_c_ends_what_tests_start_also_where_the_shell_has_it_ignored(tmp_path):
    test = tmp_path / "test_of_signals.py"
    code = "import signal; assert signal.getsignal(signal.SIGINT) is signal.default_int_handler"
    test.write_text(
        f"import subprocess, sys\ndef test():\n    subprocess.check_call([sys.executable, '-c', {code!r}])\n"
    )
    pytest = [sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest", "--rootdir", str(tmp_path), str(test)]

    done = subprocess.run(
        pytest,
        cwd=ROOT,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )

    assert done.returncode == 0, done.stdout
