"""What is read and has no name in a directory: standard input, and the shell's ``<(...)``."""

from __future__ import annotations

import os
import re
import stat
import sys
from io import FileIO
from typing import Optional, Union

from ..errors import ManifestError

__all__ = ["descriptor_of", "source"]

#: Names of descriptors that the process was started with.
_INHERITED = re.compile(r"-|/dev/stdin|/(?:dev|proc/self)/fd/([0-9]{1,9})")


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


def source(name: str) -> Union[str, FileIO]:
    """The name where it is a file's, or what is open instead of one, under this name.

    Raises:
        ManifestError: it cannot be read.
    """
    if _number_in(name) == 0 and sys.stdin is None:
        raise ManifestError("standard input is closed")
    descriptor = descriptor_of(name)
    if descriptor is None:
        return name
    try:
        stream = FileIO(descriptor, closefd=False)
    except OSError as error:
        reason = error.strerror or error
        raise ManifestError(f'"{name}" - cannot read the manifest: {reason}') from None
    stream.name = name
    return stream


def _number_in(name: str) -> Optional[int]:
    found = _INHERITED.fullmatch(name)
    return None if found is None else int(found[1] or 0)
