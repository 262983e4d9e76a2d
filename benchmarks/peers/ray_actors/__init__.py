"""Pipelines of Ray actors, by hand."""
