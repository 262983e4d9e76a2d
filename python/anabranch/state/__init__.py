"""State that operators keep."""
