"""What a process that this one starts inherits of the environment."""

from __future__ import annotations

import os

# They open more than the job that runs there: its functions, and the programs that those start, need none of them.
_SECRETS = ("ANABRANCH_GATEWAY_TOKEN", "ANABRANCH_TOKEN")


def inherited() -> dict[str, str]:
    """Returns a copy of the environment without secrets."""
    return {name: value for name, value in os.environ.items() if name not in _SECRETS}
