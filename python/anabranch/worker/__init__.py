"""The Python worker: a process that runs tasks."""
