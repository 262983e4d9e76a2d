import tempfile

import pytest

from anabranch.config import Options
from anabranch.errors import ConfigError
from anabranch.launch.local import LocalLauncher
from anabranch.v1.graph_pb2 import JobGraph


@pytest.fixture
def launcher(monkeypatch, tmp_path):
    """Makes launchers where there is no directory for temporary files."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))

    def make(transport):
        options = Options({"anabranch.exchange.transport": transport})
        return LocalLauncher(options, JobGraph(), None, on_line=lambda *_: None, hash_seed=0)

    return make


@pytest.mark.parametrize("transport", ["tcp", "auto"])
def test_without_a_directory_for_sockets_a_job_uses_tcp(launcher, transport, monkeypatch):
    monkeypatch.setattr("anabranch.launch.directories._LONGEST", 10_000)

    assert launcher(transport).socket_dir == ""


def test_a_job_that_is_to_use_unix_sockets_says_that_there_is_no_directory_for_them(launcher, monkeypatch):
    monkeypatch.setattr("anabranch.launch.directories._LONGEST", 10_000)

    with pytest.raises(ConfigError, match=r"no directory for Unix sockets: .*missing.*; set TMPDIR"):
        launcher("unix")
