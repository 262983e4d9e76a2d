import os
import sys
from pathlib import Path

from anabranch.launch.search_path import search_path


def test_what_python_passes_over_is_left_out_and_the_current_directory_is_written_out(monkeypatch):
    monkeypatch.setattr(sys, "path", ["", "/a:b", Path("/c"), b"/d", "/zero\0", "/e"])

    assert [os.getcwd(), "/a:b", "/e"] == search_path()


def test_a_current_directory_that_is_gone_is_left_out(monkeypatch, tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    monkeypatch.setattr(sys, "path", ["", "/a"])

    assert search_path() == ["/a"]
