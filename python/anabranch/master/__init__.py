"""The job master: deploys the workers of a job, watches them, ends them."""
