"""One task: a thread that takes records, runs a chain of operators and takes part in checkpoints."""
