"""Runs the tests of states with both implementations of the codec."""

from tests.python.records.conftest import implementation

__all__ = ["implementation"]
