"""The planner: from a job graph to tasks, channels and workers."""

from anabranch.plan.execution_plan import ExecutionPlan, WorkerPlan
from anabranch.plan.planner import plan_job

__all__ = ["ExecutionPlan", "WorkerPlan", "plan_job"]
