"""Launchers: start a worker process somewhere, say whether it is alive, kill it."""
