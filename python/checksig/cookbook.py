"""One function for each way of passing data over a C ABI.

Arrays are passed as the memory they are: any object with a buffer of the wanted
type will do, such as :class:`array.array`, a numpy array or a pandas column.
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, AnyStr, Optional, TypeVar, Union, overload

from ._native import backend
from ._native.buffers import FLOAT64, INT64, Numbers, copied, in_place, readable
from ._native.callbacks import calling_back
from ._native.surface import count_of
from ._native.values import c_text, count, int64, uint64

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = [
    "dot",
    "full_name",
    "increase",
    "is_even",
    "join",
    "normalize",
    "pi",
    "repeat",
    "shuffle",
    "sqrts",
    "user_info",
]

_Out = TypeVar("_Out")


@overload
def normalize(nums: Union[Numbers, Iterable[float]]) -> array[float]: ...
@overload
def normalize(nums: Union[Numbers, Iterable[float]], *, out: _Out) -> _Out: ...
def normalize(nums: Union[Numbers, Iterable[float]], *, out: Optional[Any] = None) -> Any:
    """The numbers minus their mean.

    The mean is computed with twice a float's digits, so that each result is exact but
    for its last digit; where the numbers' sum overflows, or an infinity or NaN is among
    them, so is their mean. Large arrays are worked on by all processors; the result is
    the same on any number of these.

    Args:
        nums: float64 numbers in a buffer, which is lent to the library and not
            copied (unless it is read-only, strided or misaligned); or a list or
            any iterable of numbers.
        out: where to write the result: a writable float64 buffer of the same
            length, which may be ``nums`` itself.

    Returns:
        ``out``, or a new ``array('d')``.

    Raises:
        TypeError: a buffer is of another type, or ``out`` can't be written.
        ValueError: ``out`` has another length than ``nums``.

    Example:
        >>> normalize([1, 2, 3])
        array('d', [-1.0, 0.0, 1.0])
    """
    source = readable(nums, FLOAT64, "nums")
    result = array("d", [0.0]) * count_of(source) if out is None else out
    with in_place(result, FLOAT64, "out") as target:
        if target.nbytes != source.nbytes:
            raise ValueError(f"out has {count_of(target)} numbers, nums has {count_of(source)}")
        if _overlap_partly(source, target):
            source = copied(source, FLOAT64)
        backend.normalize(source, target)
    return result


def increase(nums: Numbers, amount: int) -> None:
    """Adds ``amount`` to each number in place, wrapping at 64 bits.

    Args:
        nums: int64 numbers in a writable buffer. A pandas column's own memory is
            changed, as numpy would: every frame that shares it sees the change.
        amount: an integer of 64 bits.

    Raises:
        TypeError: the numbers are of another type, which the text names, or can't
            be changed in place, as in a list.
        OverflowError: ``amount`` has more than 64 bits.

    Example:
        >>> nums = array("q", [1, 2, 3])
        >>> increase(nums, 10)
        >>> nums
        array('q', [11, 12, 13])
    """
    amount = int64(amount, "amount")
    with in_place(nums, INT64, "nums") as target:
        backend.increase(target, amount)


def repeat(text: AnyStr, times: int) -> AnyStr:
    """The text, ``times`` times, one after the other.

    Raises:
        ValueError: ``times`` is negative, or the text has a NUL, which would end it
            in C.
        OverflowError: the result is longer than memory can hold.

    Example:
        >>> repeat("Badger", 4)
        'BadgerBadgerBadgerBadger'
    """
    piece = c_text(text, "text")
    times = count(times, "times")
    int64(len(piece) * times + 1, "the length of the result")
    return _like(text, backend.repeat(piece, times))


def join(texts: Iterable[AnyStr], separator: AnyStr) -> AnyStr:
    """The texts in their order, with ``separator`` between each two.

    Raises:
        ValueError: a text has a NUL, which would end it in C.

    Example:
        >>> join(["a", "b", "c"], ", ")
        'a, b, c'
    """
    between = c_text(separator, "separator")
    pieces = [c_text(_same_kind(text, separator), "a text") for text in texts]
    return _like(separator, backend.join(pieces, between))


def full_name(first: str, last: str) -> str:
    """First and last name with a space between them.

    Raises:
        ValueError: a name has a NUL, which would end it in C.

    Example:
        >>> full_name("Ada", "Lovelace")
        'Ada Lovelace'
    """
    return backend.full_name(_name(first, "first"), _name(last, "last")).decode("utf-8")


def is_even(number: int) -> bool:
    """Whether a number from 0 up is even.

    Raises:
        ArgumentError: the number is negative. It is a :class:`ValueError`.
        OverflowError: the number has more than 64 bits.

    Example:
        >>> is_even(4)
        True
        >>> is_even(-5)
        Traceback (most recent call last):
        ...
        checksig.errors.ArgumentError: -5 is negative, want at least 0
    """
    return backend.even(int64(number, "number"))


def user_info(name: str) -> str:
    """A sentence that counts the letters of a name, as a reader sees letters.

    Raises:
        ValueError: the name has a NUL, which would end it in C.

    Example:
        >>> user_info("Alice")
        'User "Alice" has 5 letters in their name'
    """
    return backend.user_info(_name(name, "name")).decode("utf-8")


def sqrts(n: int) -> tuple[str, array[float]]:
    """The square roots of 1 to ``n``, with a title.

    The library fills arrays that it asks Python for. In a daemon thread this never
    returns once the interpreter has begun to end.

    Raises:
        ValueError: ``n`` is negative.
        MemoryError: there is no memory for so many.

    Example:
        >>> sqrts(4)[0]
        'Square roots of 1 to 4'
        >>> sqrts(4)[1][3]
        2.0
    """
    arrays: dict[str, array[Any]] = {}

    def allocate(typecode: str, length: int) -> Buffer:
        arrays[typecode] = array(typecode, bytes(array(typecode).itemsize * length))
        return arrays[typecode]

    with calling_back(allocate):
        backend.sqrts(allocate, count(n, "n"))
    return arrays["B"].tobytes().decode("utf-8"), arrays["d"]


def pi(terms: int) -> float:
    """An approximation of π: the first ``terms`` terms of the Leibniz series.

    Raises:
        ValueError: ``terms`` is negative.
        OverflowError: ``terms`` has more than 63 bits.

    Example:
        >>> round(pi(1_000_000), 5)
        3.14159
    """
    return backend.pi(count(terms, "terms"))


def shuffle(nums: Numbers, seed: Optional[int] = None) -> None:
    """Brings the numbers into a random order, in place.

    Each order is as likely as another (Fisher-Yates).

    Args:
        nums: float64 numbers in a writable buffer.
        seed: from 0 up, 64 bits; the same seed gives the same order. By default
            another order each time.

    Raises:
        TypeError: the numbers are of another type, or can't be changed in place.
        OverflowError: ``seed`` is negative or has more than 64 bits.

    Example:
        >>> nums = array("d", range(5))
        >>> shuffle(nums, seed=1)
        >>> sorted(nums)
        [0.0, 1.0, 2.0, 3.0, 4.0]
    """
    seed = int.from_bytes(os.urandom(8), "little") if seed is None else uint64(seed, "seed")
    with in_place(nums, FLOAT64, "nums") as target:
        backend.shuffle(target, seed)


def dot(a: Union[Numbers, Iterable[float]], b: Union[Numbers, Iterable[float]]) -> float:
    """The sum of the products of the numbers at equal places.

    It is computed with twice a float's digits and rounded once; where a product or a
    sum overflows, or an infinity or NaN is among the numbers, it is what adding up the
    products in order gives. Large arrays are worked on by all processors; the result is
    the same on any number of these.

    Args:
        a: float64 numbers, as in :func:`normalize`.
        b: as many.

    Raises:
        TypeError: a buffer is of another type.
        ValueError: ``a`` and ``b`` differ in length.

    Example:
        >>> dot([1, 2, 3], [4, 5, 6])
        32.0
    """
    left, right = readable(a, FLOAT64, "a"), readable(b, FLOAT64, "b")
    if left.nbytes != right.nbytes:
        raise ValueError(f"a has {count_of(left)} numbers, b has {count_of(right)}")
    return backend.dot(left, right)


def _overlap_partly(a: memoryview, b: memoryview) -> bool:
    distance = abs(backend.address(a) - backend.address(b))
    return 0 < distance < a.nbytes


def _name(text: str, what: str) -> bytes:
    if not isinstance(text, str):
        raise TypeError(f"{what} is a {type(text).__name__}, want str")
    return c_text(text, what)


def _same_kind(text: AnyStr, separator: AnyStr) -> AnyStr:
    if isinstance(text, str) is not isinstance(separator, str):
        kinds = f"{type(text).__name__} and {type(separator).__name__}"
        raise TypeError(f"a text and the separator are {kinds}, want both the same")
    return text


def _like(model: AnyStr, text: bytes) -> AnyStr:
    return text.decode("utf-8") if isinstance(model, str) else text
