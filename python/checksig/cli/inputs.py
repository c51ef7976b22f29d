"""What is read and has no name in a directory: standard input, and the shell's ``<(...)``."""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, Optional, Union

from ..errors import ManifestError

__all__ = ["inherited", "opened"]

#: Names of descriptors that the process was started with.
_INHERITED = re.compile(r"/dev/stdin|/(?:dev|proc/self)/fd/([0-9]{1,9})")


def inherited(name: str) -> Optional[int]:
    """The descriptor that a name such as ``/dev/fd/63`` stands for.

    ``None`` where it is not open, or a file or a directory, which have a name of their own.
    """
    found = _INHERITED.fullmatch(name)
    if found is None:
        return None
    descriptor = int(found[1] or 0)
    try:
        mode = os.fstat(descriptor).st_mode
    except OSError:
        return None
    return None if stat.S_ISREG(mode) or stat.S_ISDIR(mode) else descriptor


@contextmanager
def opened(name: str) -> Iterator[Union[str, BinaryIO]]:
    """Standard input where the name is ``-``, or what the process was started with by this name.

    The name itself where it is a file's.

    Raises:
        ManifestError: it is standard input, and the caller has closed it.
    """
    descriptor = inherited(name)
    if name == "-":
        if sys.stdin is None:
            raise ManifestError("standard input is closed")
        yield sys.stdin.buffer
    elif descriptor is None:
        yield name
    else:
        with open(name, "rb", opener=lambda *_: os.dup(descriptor)) as stream:
            yield stream
