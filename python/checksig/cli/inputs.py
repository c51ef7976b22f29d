"""What is read and has no name in a directory: standard input, and the shell's ``<(...)``."""

from __future__ import annotations

import io
import os
import re
import select
import stat
import sys
from typing import BinaryIO, Optional, Union

from ..errors import ManifestError

__all__ = ["descriptor_of", "source"]

#: Names of descriptors that the process was started with.
_INHERITED = re.compile(r"-|/dev/stdin|/(?:dev|proc/self)/fd/([0-9]{1,9})")
_PIECE_LEN = 1 << 20


def descriptor_of(name: str) -> Optional[int]:
    """The descriptor that a name such as ``-`` or ``/dev/fd/63`` stands for.

    ``None`` where it is not open, or a file, a directory or a device, which have a name of
    their own: then the name is as good. A terminal is read all the same.
    """
    descriptor = _number_in(name)
    if descriptor is None or name == "-":
        return descriptor
    try:
        mode = os.fstat(descriptor).st_mode
        is_stream = stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or os.isatty(descriptor)
    except OSError:
        return None
    return descriptor if is_stream else None


def source(name: str) -> Union[str, BinaryIO]:
    """The name where it is a file's, or all that there is instead of one, under this name.

    Raises:
        ManifestError: it cannot be read.
    """
    if _number_in(name) == 0 and sys.stdin is None:
        raise ManifestError("standard input is closed")
    descriptor = descriptor_of(name)
    if descriptor is None:
        return name
    pieces = []
    try:
        while piece := _next_piece(descriptor):
            pieces.append(piece)
    except OSError as error:
        reason = error.strerror or error
        raise ManifestError(f'"{name}" - cannot read the manifest: {reason}') from None
    return _Named(b"".join(pieces), name)


class _Named(io.BytesIO):
    def __init__(self, text: bytes, name: str) -> None:
        super().__init__(text)
        self.name = name


def _number_in(name: str) -> Optional[int]:
    found = _INHERITED.fullmatch(name)
    return None if found is None else int(found[1] or 0)


def _next_piece(descriptor: int) -> bytes:
    """What comes next, which is waited for also where the descriptor is not meant to wait."""
    while True:
        try:
            return os.read(descriptor, _PIECE_LEN)
        except BlockingIOError:
            poll = select.poll()
            poll.register(descriptor, select.POLLIN)
            poll.poll()
