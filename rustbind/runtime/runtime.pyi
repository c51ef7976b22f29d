import array
import types
from typing import (
    Any,
    Dict,
    Generic,
    Iterable,
    Iterator,
    Mapping,
    MutableMapping,
    MutableSequence,
    MutableSet,
    Sequence,
    SupportsIndex,
    Tuple,
    TypeVar,
    Union,
    overload,
)

_Any = TypeVar("_Any")
_Grown = TypeVar("_Grown", bound="Array[Any]")
_Key = TypeVar("_Key")
_Number = TypeVar("_Number", int, float)
_Sent = TypeVar("_Sent", bound="Sender[Any]")
_Self = TypeVar("_Self", bound="Handle")

#: Anything that has the buffer protocol, which has no type before Python 3.12.
Buffer = Any

class Vector(Sequence[_Number]):
    """Numbers that Rust has returned: a buffer that equals lists and tuples, too.

    Many are in the memory that Rust has made them in, which does not grow; a slice does.
    """

    @property
    def typecode(self) -> Any: ...
    @property
    def itemsize(self) -> int: ...
    @overload
    def __getitem__(self, index: SupportsIndex) -> _Number: ...
    @overload
    def __getitem__(self, index: slice) -> Array[_Number]: ...
    @overload
    def __setitem__(self, index: SupportsIndex, value: _Number) -> None: ...
    @overload
    def __setitem__(self, index: slice, value: Iterable[_Number]) -> None: ...
    def __len__(self) -> int: ...
    def __add__(self, other: Iterable[_Number]) -> Array[_Number]: ...
    def __buffer__(self, flags: int) -> memoryview: ...
    def view(self) -> memoryview:
        """Gives the numbers' memory."""
    def buffer_info(self) -> Tuple[int, int]:
        """Gives the memory's address, and how many numbers there are."""
    def byteswap(self) -> None:
        """Turns the order of each number's bytes around."""
    def reverse(self) -> None:
        """Turns the order around."""
    def tobytes(self) -> bytes:
        """Gives the memory as bytes."""
    def tolist(self) -> list[_Number]:
        """Gives the numbers as a list."""

class Array(Vector[_Number], array.array[_Number]):
    """A :class:`Vector` that is an :class:`array.array`, and grows."""

    def __iadd__(self: _Grown, other: Iterable[_Number]) -> _Grown: ...

class Handle:
    """An object of a Rust type. Its value is dropped with the last reference to the object."""
    def __init__(self, *arguments: Any, **named: Any) -> None: ...
    def close(self) -> None:
        """Drops the value now. Afterwards every other use raises :class:`HandleError`."""
    def __enter__(self: _Self) -> _Self: ...
    def __exit__(self, *error: object) -> None: ...

class Collection(Handle):
    """A Rust collection in its place: what is changed here is changed there."""

    def __len__(self) -> int: ...

class List(Collection, MutableSequence[_Any]):
    """A Rust list in its place: what is changed here is changed there.

    Its items are read when they are asked for; a slice is a copy.
    """

    @overload
    def __getitem__(self, index: SupportsIndex) -> _Any: ...
    @overload
    def __getitem__(self, index: slice) -> MutableSequence[_Any]: ...
    @overload
    def __setitem__(self, index: SupportsIndex, value: _Any) -> None: ...
    @overload
    def __setitem__(self, index: slice, value: Iterable[_Any]) -> None: ...
    def __delitem__(self, index: Union[SupportsIndex, slice]) -> None: ...
    def __len__(self) -> int: ...
    def insert(self, index: int, value: _Any) -> None:
        """Puts an item before the one at an index."""
    def __iadd__(self: _Self, values: Iterable[_Any]) -> _Self: ...
    def __add__(self, other: Iterable[_Any]) -> list[_Any]: ...
    def __radd__(self, other: Iterable[_Any]) -> list[_Any]: ...
    def __mul__(self, count: int) -> list[_Any]: ...
    def sort(self, *, key: Any = None, reverse: bool = False) -> None:
        """Sorts the items."""
    def copy(self) -> MutableSequence[_Any]:
        """Gives the items as a list of Python's own."""
    def view(self) -> memoryview:
        """Gives the memory of numbers.

        While there is a view, the list is only changed through it: all else raises ``BufferError``.
        """
    def __buffer__(self, flags: int) -> memoryview: ...
    @property
    def __array_interface__(self) -> Dict[str, Any]: ...

class Deque(List[_Any]):
    """A ``VecDeque`` in its place: a list that is quick at both ends."""

    def appendleft(self, value: _Any) -> None:
        """Puts an item at the beginning."""
    def extendleft(self, values: Iterable[_Any]) -> None:
        """Puts items at the beginning, one by one, so that the last one is the first."""
    def popleft(self) -> _Any:
        """Removes the first item and gives it."""

class Map(Collection, MutableMapping[_Key, _Any]):
    """A Rust map in its place: what is changed here is changed there.

    Values are read when they are asked for. What goes through all keys, values or items goes
    through those that there are when it begins.
    """

    def __getitem__(self, key: _Key) -> _Any: ...
    def __setitem__(self, key: _Key, value: _Any) -> None: ...
    def __delitem__(self, key: _Key) -> None: ...
    def __iter__(self) -> Iterator[_Key]: ...
    def __or__(self, other: Mapping[_Key, _Any]) -> Dict[_Key, _Any]: ...
    def __ror__(self, other: Mapping[_Key, _Any]) -> Dict[_Key, _Any]: ...
    def __ior__(self: _Self, other: Mapping[_Key, _Any]) -> _Self: ...
    def copy(self) -> Dict[_Key, _Any]:
        """Gives a dict of Python's own; objects in it stay in their places."""

class Set(Collection, MutableSet[_Any]):
    """A Rust set in its place: what is changed here is changed there."""

    def __contains__(self, value: object) -> bool: ...
    def __iter__(self) -> Iterator[_Any]: ...
    def add(self, value: _Any) -> None:
        """Puts an item in."""
    def discard(self, value: _Any) -> None:
        """Removes an item, if it is there."""
    def copy(self) -> set[_Any]:
        """Gives a set of Python's own."""
    def update(self, *others: Iterable[_Any]) -> None:
        """Puts all items of others in."""
    def union(self, *others: Iterable[_Any]) -> set[_Any]:
        """Gives a set with all items of this one and of others."""
    def intersection(self, *others: Iterable[_Any]) -> set[_Any]:
        """Gives a set with the items that this one and others have in common."""
    def difference(self, *others: Iterable[_Any]) -> set[_Any]:
        """Gives a set with the items that others do not have."""
    def issubset(self, other: Iterable[_Any]) -> bool:
        """Tells whether another one has all items."""
    def issuperset(self, other: Iterable[_Any]) -> bool:
        """Tells whether it has all items of another one."""

class NamedList(MutableSequence[_Any]):
    """A type that is another name for a list: it is one, too."""

    @overload
    def __getitem__(self, index: SupportsIndex) -> _Any: ...
    @overload
    def __getitem__(self, index: slice) -> MutableSequence[_Any]: ...
    @overload
    def __setitem__(self, index: SupportsIndex, value: _Any) -> None: ...
    @overload
    def __setitem__(self, index: slice, value: Iterable[_Any]) -> None: ...
    def __delitem__(self, index: Union[SupportsIndex, slice]) -> None: ...
    def __len__(self) -> int: ...
    def insert(self, index: int, value: _Any) -> None:
        """Puts an item before the one at an index."""

class Sender(Generic[_Any]):
    """The sending half of a channel. Any thread may send."""

    def send(self, value: _Any) -> None:
        """Sends an item; ``BrokenPipeError`` where nobody receives any more."""
    def close(self) -> None:
        """Ends the channel, if this is its only sender."""
    def __enter__(self: _Sent) -> _Sent: ...
    def __exit__(self, *error: object) -> None: ...

class Trait:
    """What Rust's objects and Python's own have in common: a trait's methods."""

class Ref(Generic[_Any]):
    """A value that Rust changes in place: for parameters such as ``&mut i32``."""

    value: _Any
    def __init__(self, value: _Any) -> None: ...

class Break(Generic[_Any]):
    """What a function returns to end what calls it: for results such as ``ControlFlow<()>``."""

    value: _Any
    @overload
    def __init__(self: Break[None]) -> None: ...
    @overload
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
