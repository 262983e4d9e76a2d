"""Runs contenders that do the same work in turn, each as processes of its own, and says what they took."""

from benchmarks.harness.workload import Contender, Workload

__all__ = ["Contender", "Workload"]
