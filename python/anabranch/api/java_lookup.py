"""Looks Java functions up while the job is being built, so that a wrong name fails in the user's line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anabranch.config import Options
from anabranch.records import TypeRegistry, encode_value
from anabranch.v1.graph_pb2 import FunctionDescriptor, JavaReference, TypeBinding

if TYPE_CHECKING:
    from anabranch.launch.jvm import JvmBridge


class JavaFunction:
    """A Java class by name, with constructor arguments: `JavaFunction("com.acme.Scorer", 0.7)`.

    Attributes:
        name: The class, or "com.acme.Text::shout" for a static method.
        arguments: Constructor arguments, which must be able to cross to Java.
    """

    def __init__(self, name: str, *arguments: Any) -> None:
        """Names a function; it is looked up when a transformation is given it."""
        self.name = name
        self.arguments = arguments

    def __repr__(self) -> str:
        return f"JavaFunction({', '.join(map(repr, (self.name, *self.arguments)))})"


class JavaLookup:
    """Holds the JVM that answers; it is started at the first question."""

    def __init__(self) -> None:
        self._bridge: JvmBridge | None = None

    def function(
        self, kind: str, function: str | JavaFunction, jars: list[str], options: Options
    ) -> FunctionDescriptor:
        """Returns the descriptor of a Java function.

        Args:
            kind: What it is wanted for: the name of a transformation, or `partition`.
            function: "com.acme.Shout", "com.acme.Text::shout", or a class with constructor arguments.
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
        named = function if isinstance(function, JavaFunction) else JavaFunction(function)
        display_name = self._bridge.check_function(kind, named.name, jars, len(named.arguments))
        class_name, _, method = named.name.partition("::")
        arguments = encode_value(named.arguments) if named.arguments else b""
        if arguments:
            self._bridge.check_arguments(class_name, arguments, jars)
        return FunctionDescriptor(
            display_name=display_name,
            java_reference=JavaReference(class_name=class_name, method=method, arguments=arguments),
        )

    def check_types(self, bindings: list[TypeBinding], types: TypeRegistry, jars: list[str]) -> None:
        """Compares the fields of registered types with those of their Java classes, if there is a JVM to ask.

        Raises:
            JavaFunctionError: A class does not exist or has other fields.
        """
        for binding in bindings:
            fields = types.fields_of_registered(binding.name)
            if self._bridge is not None and binding.java_class and fields is not None:
                self._bridge.check_type(binding.java_class, fields, jars)

    def hand_over(self) -> JvmBridge | None:
        """Gives the JVM away to a job; the next question starts another."""
        bridge, self._bridge = self._bridge, None
        return bridge
