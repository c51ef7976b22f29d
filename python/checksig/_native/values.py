"""Numbers and text, checked before they cross: C and ctypes would cut or wrap them."""

from __future__ import annotations

import operator
from typing import Union

__all__ = ["c_text", "count", "int64", "uint64"]

_INT64_MIN, _INT64_MAX = -(2**63), 2**63 - 1
_UINT64_MAX = 2**64 - 1


def int64(number: int, what: str) -> int:
    """A signed integer of 64 bits.

    Raises:
        TypeError: it is no integer.
        OverflowError: it has more bits.
    """
    number = operator.index(number)
    if not _INT64_MIN <= number <= _INT64_MAX:
        raise OverflowError(f"{what} is {number}, want a signed integer of 64 bits")
    return number


def uint64(number: int, what: str) -> int:
    """An integer from 0 to 2**64 - 1.

    Raises:
        TypeError: it is no integer.
        OverflowError: it is out of this range.
    """
    number = operator.index(number)
    if not 0 <= number <= _UINT64_MAX:
        raise OverflowError(f"{what} is {number}, want 0 to {_UINT64_MAX}")
    return number


def count(number: int, what: str) -> int:
    """A signed integer of 64 bits that is not negative.

    Raises:
        TypeError: it is no integer.
        OverflowError: it has more bits.
        ValueError: it is negative.
    """
    number = int64(number, what)
    if number < 0:
        raise ValueError(f"{what} is {number}, want at least 0")
    return number


def c_text(text: Union[str, bytes], what: str) -> bytes:
    """Text as C sees it, where a NUL would end it.

    Raises:
        TypeError: it is neither ``str`` nor ``bytes``.
        ValueError: it has a NUL or, being ``str``, a lone surrogate.
    """
    if isinstance(text, str):
        encoded = text.encode("utf-8")
    elif isinstance(text, bytes):
        encoded = text
    else:
        raise TypeError(f"{what} is a {type(text).__name__}, want str or bytes")
    if b"\0" in encoded:
        raise ValueError(f"embedded null character in {what}")
    return encoded
