"""Digests of standard input and of files, in the algorithms of coreutils."""

from __future__ import annotations

import errno
import hashlib
import zlib
from collections.abc import Iterator
from functools import lru_cache, partial
from typing import Callable, Protocol

from .files import Source

__all__ = ["ALGORITHMS", "CRC", "SIZED", "TAGS", "digest"]

CRC = "crc"
#: The algorithms that a line can name, and how.
TAGS = {
    CRC: "CRC",
    "md5": "MD5",
    "sha1": "SHA1",
    "sha224": "SHA224",
    "sha256": "SHA256",
    "sha384": "SHA384",
    "sha512": "SHA512",
    "blake2b": "BLAKE2b",
    "sm3": "SM3",
}
ALGORITHMS = ("bsd", "sysv", *TAGS)
#: The algorithms whose lines have a size, and with which no manifest is checked.
SIZED = ("bsd", "sysv", CRC)

#: Each byte with its bits in reverse.
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def digest(source: Source, algorithm: str, length: int = 0) -> str:
    """The digest of what there is to read, as its line has it.

    ``length``: of a BLAKE2b digest, in bits; 0 stands for the greatest.

    Raises:
        OSError: it cannot be read; ``strerror`` says why.
    """
    pieces = source.chunks()
    if algorithm in SIZED:
        return _SUMS[algorithm](pieces)
    hasher = _hash(algorithm, length)(next(pieces, b""))
    for chunk in pieces:
        hasher.update(chunk)
    return hasher.hexdigest()


class _Hasher(Protocol):
    """What :mod:`hashlib` makes."""

    def update(self, data: bytes, /) -> None: ...

    def hexdigest(self) -> str: ...


@lru_cache
def _hash(algorithm: str, length: int) -> Callable[[bytes], _Hasher]:
    """What begins a digest with the first bytes."""
    if algorithm == "blake2b":
        return partial(hashlib.blake2b, digest_size=length // 8 or 64)
    try:
        hashlib.new(algorithm, usedforsecurity=False)
    except ValueError:
        # SM3 is there where Python's OpenSSL has it.
        raise OSError(errno.ENOTSUP, f"this Python has no {algorithm}") from None
    begin = getattr(hashlib, algorithm, partial(hashlib.new, algorithm))
    return partial(begin, usedforsecurity=False)


def _bsd(pieces: Iterator[bytes]) -> str:
    """The 16-bit checksum of BSD's ``sum``, rotated before each byte, and blocks of 1024."""
    size, register = 0, 0
    rotated = _rotated()
    for chunk in pieces:
        size += len(chunk)
        for byte in chunk:
            register = rotated[register] + byte
    return f"{register & 0xFFFF:05} {_blocks(size, 1024):5}"


@lru_cache
def _rotated() -> list[int]:
    """Each number of 16 bits with these rotated, also of the sums with a byte that have 17."""
    numbers = [(number >> 1) + ((number & 1) << 15) for number in range(1 << 16)]
    return numbers + numbers[:0xFF]


def _sysv(pieces: Iterator[bytes]) -> str:
    """The checksum of System V's ``sum``, bytes added up and folded, and blocks of 512."""
    size, total = 0, 0
    for chunk in pieces:
        size += len(chunk)
        total += _sum(chunk)
    total &= 0xFFFFFFFF
    folded = (total & 0xFFFF) + (total >> 16)
    return f"{(folded & 0xFFFF) + (folded >> 16)} {_blocks(size, 512)}"


def _sum(data: bytes) -> int:
    """The sum of bytes, faster than :func:`sum` knows it.

    The lower half of an Adler-32 is this sum and 1, modulo 65521, which 256 bytes do not reach.
    """
    view = memoryview(data)
    starts = range(0, len(data), 256)
    return sum(zlib.adler32(view[start : start + 256]) & 0xFFFF for start in starts) - len(starts)


def _blocks(size: int, block: int) -> int:
    return -(-size // block)


def _crc(pieces: Iterator[bytes]) -> str:
    """The CRC of POSIX and the size.

    It is that of zlib with the bits of each byte and of the register in reverse, from
    another start, and with the size at the end.
    """
    size, register = 0, 0
    for chunk in pieces:
        size += len(chunk)
        register = _crc_update(register, chunk)
    register = _crc_update(register, size.to_bytes((size.bit_length() + 7) // 8, "little"))
    return f"{int(f'{register ^ 0xFFFFFFFF:032b}'[::-1], 2)} {size}"


def _crc_update(register: int, data: bytes) -> int:
    return zlib.crc32(data.translate(_REVERSED), register ^ 0xFFFFFFFF) ^ 0xFFFFFFFF


_SUMS: dict[str, Callable[[Iterator[bytes]], str]] = {"bsd": _bsd, "sysv": _sysv, CRC: _crc}
