"""Which modules workers can import by their names."""

from __future__ import annotations

import functools
import subprocess
import sys
from importlib.machinery import BuiltinImporter, FrozenImporter, PathFinder

from anabranch.launch.search_path import search_path

_TIMEOUT = 60.0
_STANDARD = (BuiltinImporter, FrozenImporter, PathFinder)
_PROBE = """
import importlib.util, sys
sys.path[:] = sys.argv[2:]
sys.exit(importlib.util.find_spec(sys.argv[1]) is None)
"""


def is_importable(name: str) -> bool:
    """Returns whether a module that is loaded here is found by its name in a process that starts anew.

    What lies in the search path is. What an import hook finds is too if the interpreter itself installs the hook, as
    for an editable installation; not if the script does.
    """
    return _is_in_search_path(name) or (_is_found_by_a_hook(name) and _is_found_elsewhere(name))


def _is_in_search_path(name: str) -> bool:
    top, *rest = name.split(".")
    if top in sys.builtin_module_names:
        return True
    spec = PathFinder.find_spec(top)
    for part in rest:
        if spec is None or spec.submodule_search_locations is None:
            return False
        top = f"{top}.{part}"
        spec = PathFinder.find_spec(top, list(spec.submodule_search_locations))
    return spec is not None


def _is_found_by_a_hook(name: str) -> bool:
    parent = sys.modules.get(name.rpartition(".")[0])
    for hook in sys.meta_path:
        if hook not in _STANDARD:
            try:
                if hook.find_spec(name, getattr(parent, "__path__", None), None) is not None:
                    return True
            except Exception:  # noqa: BLE001, S112 - it is somebody else's
                continue
    return False


@functools.cache
def _is_found_elsewhere(name: str) -> bool:
    try:
        asked = subprocess.run(
            [sys.executable, "-c", _PROBE, name, *search_path()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return asked.returncode == 0
