"""The same workloads on other systems; each is run by the interpreter of its environment and knows nothing of the engine."""
