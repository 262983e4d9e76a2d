"""Looks Java functions up while the job is being built, so that a wrong name fails in the user's line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anabranch.config import Options
from anabranch.v1.graph_pb2 import FunctionDescriptor, JavaReference

if TYPE_CHECKING:
    from anabranch.launch.jvm import JvmBridge


class JavaLookup:
    """Holds the JVM that answers; it is started at the first question."""

    def __init__(self) -> None:
        self._bridge: JvmBridge | None = None

    def function(self, kind: str, reference: str, jars: list[str], options: Options) -> FunctionDescriptor:
        """Returns the descriptor of a Java function.

        Args:
            kind: `map`, `flat_map`, `filter`, `key_by`, `reduce`, `sink`, `source` or `partition`.
            reference: "com.acme.Shout" or "com.acme.Text::shout".
            jars: Where to look.
            options: Which JVM to use.

        Raises:
            JavaFunctionError: There is no such function, or it does not fit.
            JavaNotFoundError: There is no usable JVM.
        """
        from anabranch.launch.jvm import JvmBridge  # noqa: PLC0415 - a pure Python job needs no py4j

        if self._bridge is None or self._bridge.poll() is not None:
            self._bridge = JvmBridge(options)
            self._bridge.start()
        display_name = self._bridge.check_function(kind, reference, jars)
        class_name, _, method = reference.partition("::")
        return FunctionDescriptor(
            display_name=display_name, java_reference=JavaReference(class_name=class_name, method=method)
        )

    def hand_over(self) -> JvmBridge | None:
        """Gives the JVM away to a job; the next question starts another."""
        bridge, self._bridge = self._bridge, None
        return bridge
