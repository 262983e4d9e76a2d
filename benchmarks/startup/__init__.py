"""From the start of a script to the first record in its sink."""
