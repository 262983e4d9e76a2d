"""How a task runs, one class per mode: what its channels keep, what it logs, how it takes checkpoints and recovers."""
