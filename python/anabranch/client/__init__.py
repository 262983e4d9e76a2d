"""The driver: submits a job, shows its progress and what it prints, and ends with it."""
