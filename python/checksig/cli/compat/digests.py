"""Digests of standard input and of files, in the algorithms of coreutils."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
import sys
import zlib
from collections.abc import Iterator
from typing import BinaryIO, Callable, Protocol

__all__ = [
    "ALGORITHMS",
    "CRC",
    "SIZED",
    "TAGS",
    "chunks",
    "digest_of",
    "digest_of_named",
    "open_named",
]

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

_CHUNK = 1 << 18
#: Names of descriptors that the process was started with.
_INHERITED = re.compile(rb"/(?:dev|proc/self)/fd/([0-9]+)")
#: Each byte with its bits in reverse.
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def digest_of(name: bytes, algorithm: str, length: int = 0) -> str:
    """The digest of a regular file, or of standard input for ``-``, as its line has it.

    ``length``: of a BLAKE2b digest, in bits; 0 stands for the greatest.

    Raises:
        OSError: it cannot be read; ``strerror`` says why.
    """
    with _standard_input() if name == b"-" else _open_regular(name) as stream:
        return _digest(stream, algorithm, length)


def digest_of_named(name: bytes, algorithm: str, length: int = 0) -> str:
    """:func:`digest_of` of whatever :func:`open_named` opens.

    Raises:
        OSError: it cannot be read; ``strerror`` says why.
    """
    with open_named(name) as stream:
        return _digest(stream, algorithm, length)


def open_named(name: bytes) -> BinaryIO:
    """Opens a file that the user names, and not just a regular one; ``-`` is standard input.

    A device will do, if it does not keep its reader waiting, and a descriptor such as the
    shell's ``<(...)`` gives.

    Raises:
        OSError: it cannot be opened, or is none of these.
    """
    if name == b"-":
        return _standard_input()
    inherited = _INHERITED.fullmatch(name)
    if inherited and not stat.S_ISREG(os.stat(name).st_mode):  # noqa: PTH116  # bytes
        return open(os.dup(int(inherited[1])), "rb", buffering=0)  # noqa: PTH123  # closed by it
    return _open(name, (stat.S_ISREG, stat.S_ISCHR))


def chunks(stream: BinaryIO) -> Iterator[bytes]:
    """The content to its end, as it comes; never waits for a device.

    Raises:
        OSError: it cannot be read to its end.
    """
    while chunk := stream.read(_CHUNK):
        yield chunk
    if chunk is None:
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))


def _standard_input() -> BinaryIO:
    """Standard input, which others may go on to read."""
    if sys.stdin is None:  # the caller has closed it
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    return open(sys.stdin.fileno(), "rb", buffering=0, closefd=False)


def _open_regular(name: bytes) -> BinaryIO:
    """Opens a regular file, and nothing that could keep the caller waiting."""
    return _open(name, (stat.S_ISREG,))


def _open(name: bytes, kinds: tuple[Callable[[int], bool], ...]) -> BinaryIO:
    descriptor = os.open(name, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), name)
        if not any(is_kind(mode) for is_kind in kinds):
            raise OSError(errno.EINVAL, "Not a regular file", name)
        return open(descriptor, "rb", buffering=0)  # noqa: PTH123  # the caller closes it
    except BaseException:
        os.close(descriptor)
        raise


def _digest(stream: BinaryIO, algorithm: str, length: int) -> str:
    if algorithm in SIZED:
        return {"bsd": _bsd, "sysv": _sysv, CRC: _crc}[algorithm](chunks(stream))
    hasher = _hasher(algorithm, length)
    for chunk in chunks(stream):
        hasher.update(chunk)
    return hasher.hexdigest()


class _Hasher(Protocol):
    """What :mod:`hashlib` makes."""

    def update(self, data: bytes, /) -> None: ...

    def hexdigest(self) -> str: ...


def _hasher(algorithm: str, length: int) -> _Hasher:
    if algorithm == "blake2b":
        return hashlib.blake2b(digest_size=length // 8 or 64)
    try:
        return hashlib.new(algorithm, usedforsecurity=False)
    except ValueError:
        # SM3 is there where Python's OpenSSL has it.
        raise OSError(errno.ENOTSUP, f"this Python has no {algorithm}") from None


def _bsd(pieces: Iterator[bytes]) -> str:
    """The 16-bit checksum of BSD's ``sum``, rotated before each byte, and blocks of 1024."""
    size, register = 0, 0
    for chunk in pieces:
        size += len(chunk)
        for byte in chunk:
            register = ((register >> 1) + ((register & 1) << 15) + byte) & 0xFFFF
    return f"{register:05} {_blocks(size, 1024):5}"


def _sysv(pieces: Iterator[bytes]) -> str:
    """The checksum of System V's ``sum``, bytes added up and folded, and blocks of 512."""
    size, total = 0, 0
    for chunk in pieces:
        size += len(chunk)
        total += sum(chunk)
    total &= 0xFFFFFFFF
    folded = (total & 0xFFFF) + (total >> 16)
    return f"{(folded & 0xFFFF) + (folded >> 16)} {_blocks(size, 512)}"


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
