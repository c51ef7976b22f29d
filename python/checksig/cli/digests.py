"""Digests of standard input and of regular files, in the algorithms of coreutils."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import sys
import zlib
from typing import BinaryIO

__all__ = ["ALGORITHMS", "CRC", "TAGS", "UNSUPPORTED", "digest_of", "open_regular"]

CRC = "crc"
#: The algorithms, and what a line names them.
TAGS = {
    CRC: "CRC",
    "md5": "MD5",
    "sha1": "SHA1",
    "sha224": "SHA224",
    "sha256": "SHA256",
    "sha384": "SHA384",
    "sha512": "SHA512",
    "blake2b": "BLAKE2b",
}
ALGORITHMS = tuple(TAGS)
#: What ``cksum -a`` of coreutils knows beside them.
UNSUPPORTED = ("bsd", "sysv", "sm3")

_CHUNK = 1 << 18
#: Each byte with its bits in reverse.
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def digest_of(name: bytes, algorithm: str, length: int = 0) -> str:
    """The digest of a file, or of standard input for ``-``, as its line has it.

    ``length``: of a BLAKE2b digest, in bits; 0 stands for the greatest.

    Raises:
        OSError: it cannot be read; ``strerror`` says why.
    """
    if name == b"-":
        return _digest(sys.stdin.buffer, algorithm, length)
    with open_regular(name) as stream:
        return _digest(stream, algorithm, length)


def open_regular(name: bytes) -> BinaryIO:
    """Opens a regular file, and nothing that could keep the caller waiting.

    Raises:
        OSError: it cannot be opened, or is no regular file.
    """
    descriptor = os.open(name, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), name)
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "Not a regular file", name)
        return open(descriptor, "rb", buffering=0)  # noqa: PTH123  # the caller closes it
    except BaseException:
        os.close(descriptor)
        raise


def _digest(stream: BinaryIO, algorithm: str, length: int) -> str:
    if algorithm == CRC:
        return _crc(stream)
    if algorithm == "blake2b":
        hasher = hashlib.blake2b(digest_size=length // 8 or 64)
        while chunk := stream.read(_CHUNK):
            hasher.update(chunk)
        return hasher.hexdigest()
    other = hashlib.new(algorithm, usedforsecurity=False)
    while chunk := stream.read(_CHUNK):
        other.update(chunk)
    return other.hexdigest()


def _crc(stream: BinaryIO) -> str:
    """The CRC of POSIX and the size.

    It is that of zlib with the bits of each byte and of the register in reverse, from
    another start, and with the size at the end.
    """
    size, register = 0, 0
    while chunk := stream.read(_CHUNK):
        size += len(chunk)
        register = _crc_update(register, chunk)
    register = _crc_update(register, size.to_bytes((size.bit_length() + 7) // 8, "little"))
    return f"{int(f'{register ^ 0xFFFFFFFF:032b}'[::-1], 2)} {size}"


def _crc_update(register: int, data: bytes) -> int:
    return zlib.crc32(data.translate(_REVERSED), register ^ 0xFFFFFFFF) ^ 0xFFFFFFFF
