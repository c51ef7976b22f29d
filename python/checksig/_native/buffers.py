"""From Python's buffers to memory that the library can work on.

Every view returned here is contiguous, aligned, writable and of the wanted element
type: what the library needs of a pointer. Its shape does not matter.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol, Union, cast

from . import backend

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["FLOAT64", "INT64", "Column", "Element", "Numbers", "copied", "in_place", "readable"]


class Column(Protocol):
    """What has numbers in memory but is no buffer itself, such as a pandas Series."""

    @property
    def dtype(self) -> Any:
        """The type of the elements, which prints as numpy names it."""

    def to_numpy(self) -> Any:
        """The elements as a numpy array, without a copy where that can be."""


#: What the functions on arrays take.
Numbers = Union["Buffer", Column]


class Element(NamedTuple):
    """A type of number: numpy's name for it, and the codes for it in this memory."""

    dtype: str
    typecode: Literal["d", "q"]
    formats: frozenset[str]


FLOAT64 = Element("float64", "d", frozenset("d"))
INT64 = Element("int64", "q", frozenset("ql" if array("l").itemsize == 8 else "q"))

_ITEM_SIZE = 8
_NATIVE_ORDER = "<" if sys.byteorder == "little" else ">"
_DTYPES = {
    "?": "bool",
    "b": "int8",
    "B": "uint8",
    "h": "int16",
    "H": "uint16",
    "i": "int32",
    "I": "uint32",
    "l": f"int{8 * array('l').itemsize}",
    "L": f"uint{8 * array('L').itemsize}",
    "q": "int64",
    "Q": "uint64",
    "e": "float16",
    "f": "float32",
    "d": "float64",
}


@contextmanager
def in_place(numbers: Numbers, element: Element, what: str) -> Iterator[memoryview]:
    """The memory of ``numbers``, to be changed.

    Memory with gaps, such as every second number of an array, is copied and, at the
    end, copied back.

    Raises:
        TypeError: the numbers are of another type, can't be written, or are in
            nothing that shares its memory, such as a list. ``what`` names them.
        ValueError: the memory is misaligned, or has gaps in several dimensions.
    """
    memory = _memory(numbers, element, what)
    if memory.readonly:
        raise TypeError(f"{what} is read-only, want a writable buffer of {element.dtype}")
    if _can_be_lent(memory):
        yield memory
        return
    if memory.ndim != 1 or memory.format not in element.formats:
        raise ValueError(f"{what} is misaligned or has gaps, want it aligned and contiguous")
    copy = copied(memory, element)
    yield copy
    memory[:] = memoryview(bytes(copy)).cast(cast("Literal['q']", memory.format))


def readable(numbers: Union[Numbers, Iterable[float]], element: Element, what: str) -> memoryview:
    """The memory of ``numbers``, to be read; a copy of it where it can't be lent.

    It can't where it is read-only, strided or misaligned. A list, or any iterable of
    numbers that is no buffer, is converted.

    Raises:
        TypeError: the numbers are of another type. ``what`` names them.
    """
    if not _has_memory(numbers):
        return memoryview(array(element.typecode, cast("Iterable[float]", numbers)))
    memory = _memory(cast("Numbers", numbers), element, what)
    return memory if _can_be_lent(memory) else copied(memory, element)


def copied(memory: memoryview, element: Element) -> memoryview:
    """A copy of its own, without what made the memory unfit."""
    numbers = array(element.typecode)
    numbers.frombytes(memory.tobytes())
    return memoryview(numbers)


def _has_memory(numbers: object) -> bool:
    if hasattr(numbers, "to_numpy"):
        return True
    try:
        memoryview(numbers)  # type: ignore[arg-type]  # asking is the point
    except TypeError:
        return False
    except ValueError:
        # What numpy says of a type that no buffer can have: a buffer all the same.
        return True
    return True


def _memory(numbers: Numbers, element: Element, what: str) -> memoryview:
    """The buffer behind ``numbers``, of the wanted type but of any shape."""
    if hasattr(numbers, "to_numpy"):
        return _column_memory(cast("Column", numbers), element, what)
    try:
        memory = memoryview(numbers)
    except TypeError:
        raise _no_buffer(numbers, element, what) from None
    except ValueError:
        dtype = getattr(numbers, "dtype", "another type")
        raise TypeError(f"{what} has elements of {dtype}, want {element.dtype}") from None
    if memory.itemsize != _ITEM_SIZE or _plain_format(memory) not in element.formats:
        given = getattr(numbers, "dtype", None) or _dtype(memory.format)
        raise TypeError(f"{what} has elements of {given}, want {element.dtype}")
    return memory


def _no_buffer(numbers: object, element: Element, what: str) -> TypeError:
    kind = type(numbers).__name__
    return TypeError(f"{what} is a {kind}, want a buffer of {element.dtype}")


def _column_memory(column: Column, element: Element, what: str) -> memoryview:
    if not hasattr(column, "dtype"):
        raise _no_buffer(column, element, what)
    if str(column.dtype) != element.dtype:
        raise TypeError(f"{what} has elements of {column.dtype}, want {element.dtype}")
    values = column.to_numpy()
    # What can be assigned to by place, as a pandas Series but no Index.
    is_mutable = hasattr(column, "iloc")
    if not is_mutable:
        values = values.view()
        values.flags.writeable = False
    elif not values.flags.writeable:
        # pandas 3 lends its memory read-only. Who passes a column to be changed
        # wants its own memory changed, as pandas' manual does it ("Copy-on-Write").
        values = values.view()
        try:
            values.flags.writeable = True
        except ValueError:
            values.flags.writeable = False
    return memoryview(values)


def _can_be_lent(memory: memoryview) -> bool:
    if memory.readonly or not memory.c_contiguous:
        return False
    return backend.address(memory) % _ITEM_SIZE == 0


def _plain_format(memory: memoryview) -> str:
    """The format without a mark for the byte order, if it is the machine's."""
    return memory.format.lstrip("@=" + _NATIVE_ORDER)


def _dtype(code: str) -> str:
    return _DTYPES.get(code.lstrip("@="), f"format {code!r}")
