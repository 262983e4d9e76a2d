"""Keyed shuffle at parallelism 4: every source subtask to every subtask of a reduce."""
