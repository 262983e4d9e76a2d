"""Operators around one user function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from anabranch.api.runtime_context import RuntimeContext
from anabranch.operators.functions import UserFunction
from anabranch.operators.operator import Operator
from anabranch.records import TypeRegistry

F = TypeVar("F", bound=Callable[..., Any])


class UserOperator(Operator, Generic[F]):
    """Opens and closes the user's function object and holds the callable that works on records."""

    def __init__(
        self,
        operator_id: int,
        name: str,
        user_function: UserFunction,
        context: RuntimeContext,
        types: TypeRegistry | None = None,
    ) -> None:
        super().__init__(operator_id, name)
        self._types = types  # of the job
        self.function: F = user_function.call  # type: ignore[assignment]
        self._user_function = user_function
        self._context = context

    def open(self) -> None:
        """Opens the user's function.

        Raises:
            OperatorError: Its `open` failed.
        """
        try:
            self._user_function.open(self._context)
        except BaseException as error:
            raise self.error() from error

    def save_function(self) -> list[Any]:
        """Asks the user's function what it wants back.

        Raises:
            OperatorError: Its `save_checkpoint` failed.
        """
        try:
            return self._user_function.save()
        except BaseException as error:
            raise self.error() from error

    def load_function(self, saved: list[Any]) -> None:
        """Gives the user's function back what it has saved.

        Raises:
            OperatorError: Its `load_checkpoint` failed.
        """
        try:
            self._user_function.load(saved)
        except BaseException as error:
            raise self.error() from error

    def close(self) -> None:
        """Closes the user's function.

        Raises:
            OperatorError: Its `close` failed.
        """
        try:
            self._user_function.close()
        except BaseException as error:
            raise self.error() from error
