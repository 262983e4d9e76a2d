"""The same workloads on other systems; each is run in an environment of its own, without the engine."""
