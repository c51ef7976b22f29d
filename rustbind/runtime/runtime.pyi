import array
import types
from typing import Any, Dict, Generic, Tuple, TypeVar

_Any = TypeVar("_Any")
_Number = TypeVar("_Number", int, float)
_Self = TypeVar("_Self", bound="Handle")

#: Anything that has the buffer protocol, which has no type before Python 3.12.
Buffer = Any

class Array(array.array[_Number]):
    """A list of numbers: :class:`array.array` that equals lists and tuples, too."""

class Handle:
    """An object of a Rust type. Its value is dropped with the last reference to the object."""
    def __init__(self, *arguments: Any, **named: Any) -> None: ...
    def close(self) -> None:
        """Drops the value now. Afterwards every other use raises :class:`HandleError`."""
    def __enter__(self: _Self) -> _Self: ...
    def __exit__(self, *error: object) -> None: ...

class Trait:
    """What Rust's objects and Python's own have in common: a trait's methods."""

class Ref(Generic[_Any]):
    """A value that Rust changes in place: for parameters such as ``&mut i32``."""

    value: _Any
    def __init__(self, value: _Any) -> None: ...

class RustError(Exception):
    """An error from the bound crate; its classes' base class."""

    causes: Tuple[str, ...]

class RustPanic(RustError):
    """Rust panicked: a bug in the crate, or a condition that it documents."""

class HandleError(RustError, ValueError):
    """The object's value was closed, or handed over to Rust."""

class BorrowError(RustError, RuntimeError):
    """Two uses of an object that exclude each other, such as a change while it is read."""

class ThreadError(RustError, RuntimeError):
    """The object belongs to another thread."""

class ForkError(RustError, RuntimeError):
    """The object belongs to the process that forked this one."""

def live_handles() -> int:
    """Tells how many Rust values Python objects of this package hold."""

def with_statics(module: types.ModuleType, statics: Dict[str, property]) -> None:
    """Makes a crate's statics attributes of a module, read and written in place."""
