"""Which modules workers can import by their names."""

import importlib
import sys
import types

import pytest

from anabranch.api import importable
from anabranch.api.importable import is_importable

HOOK = """
import importlib.util, sys

class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "found_by_a_hook":
            return importlib.util.spec_from_file_location(name, {file!r})

sys.meta_path.append(Finder)
"""


@pytest.fixture
def hook(tmp_path, monkeypatch):
    """The text of a module that installs an import hook, and the module that the hook finds, loaded."""
    file = tmp_path / "hidden" / "found_by_a_hook.py"
    file.parent.mkdir()
    file.write_text("import threading\nLOCK = threading.Lock()\n")
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    text = HOOK.format(file=str(file))
    exec(compile(text, "hook.py", "exec"), {})
    monkeypatch.setitem(sys.modules, "found_by_a_hook", importlib.import_module("found_by_a_hook"))
    return text


def test_what_lies_in_the_search_path_is_importable():
    assert all(map(is_importable, ("sys", "json.decoder", "pytest", "anabranch.api.importable")))


def test_a_module_without_a_file_is_not(monkeypatch):
    monkeypatch.setitem(sys.modules, "made_here", types.ModuleType("made_here"))

    assert not is_importable("made_here")


def test_what_a_hook_of_the_interpreter_finds_is(hook, tmp_path, monkeypatch):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(hook)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))
    importable._is_found_elsewhere.cache_clear()

    assert is_importable("found_by_a_hook")


def test_what_a_hook_of_the_script_finds_is_not(hook):
    importable._is_found_elsewhere.cache_clear()

    assert not is_importable("found_by_a_hook")
