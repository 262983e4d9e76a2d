"""What a client needs of a Ray cluster: to connect, to submit a job, to follow it. Ray's public Python API only."""
