"""The job graph: building it, and checking it."""

from anabranch.graph.builder import GraphBuilder
from anabranch.graph.validation import validate

__all__ = ["GraphBuilder", "validate"]
