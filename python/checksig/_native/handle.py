"""Handles of the library's, each released once; and callbacks that cannot raise."""

from __future__ import annotations

from typing import Any, Callable, Generic, Optional, TypeVar

__all__ = ["Captured", "Owner"]

_Result = TypeVar("_Result")


class Owner:
    """A pointer that is released when nobody refers to its owner any more."""

    def __init__(self, pointer: Any, free: Callable[[Any], None]) -> None:
        self.pointer = pointer
        # Bound here: at interpreter shutdown globals may be gone.
        self._free = free

    def __del__(self) -> None:
        self._free(self.pointer)

    def __reduce__(self) -> str:
        raise TypeError("a handle can't be copied: it is the library's own")


class Captured(Generic[_Result]):
    """A callback whose exception waits until the library has returned.

    No exception may leave a callback: the library is told ``on_error`` instead, and
    :meth:`reraise` raises what really happened.
    """

    def __init__(self, function: Callable[..., _Result], on_error: _Result) -> None:
        self._function = function
        self._on_error = on_error
        self._error: Optional[BaseException] = None

    def __call__(self, *arguments: Any) -> _Result:
        try:
            return self._function(*arguments)
        except BaseException as error:
            self._error = error
            return self._on_error

    def reraise(self) -> None:
        """Raises the callback's exception, if there was one."""
        if self._error is not None:
            raise self._error
