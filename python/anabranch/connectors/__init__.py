"""Sources that come with the engine."""
