"""Checkpoints where they are kept: their files, their manifest and their numbers."""
