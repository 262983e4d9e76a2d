"""Creates an operator that stands alone."""

from anabranch import RuntimeContext
from anabranch.api.descriptors import python_function
from anabranch.operators.functions import UserFunction

CONTEXT = RuntimeContext(1, 0, 1, 1, "op", {}, {})


def operator_of(operator_class, interface, function):
    """An operator around a function; it is not open."""
    user_function = UserFunction(python_function(function, interface, "verb"), interface)
    return operator_class(1, "op", user_function, CONTEXT)
