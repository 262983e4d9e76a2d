"""The operators: one per file, each a step of a chain that takes batches and emits batches."""
