"""The gateway's half of a Ray cluster: the actor that runs a job's master, and how jobs are submitted to it."""
