"""What the jobs of several workloads are made of."""
