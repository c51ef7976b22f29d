"""Files and standard input, opened and read: nothing keeps its reader waiting that need not."""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Iterator

from ..inputs import descriptor_of

__all__ = ["Source", "open_named", "open_regular"]

_CHUNK = 1 << 18
#: The longest line; what is longer is cut, so that it takes no more memory.
_LONGEST = 8 << 20
_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
_REGULAR = (stat.S_IFREG,)
_REGULAR_OR_DEVICE = (stat.S_IFREG, stat.S_IFCHR)


class Source:
    """What is open for reading; ``with`` closes it."""

    __slots__ = ("_descriptor", "_is_ours", "_size")

    def __init__(self, descriptor: int, size: int = 0, is_ours: bool = True) -> None:
        """``size``: of a regular file; ``is_ours``: whether to close it."""
        self._descriptor = descriptor
        self._size = size
        self._is_ours = is_ours

    def __enter__(self) -> Source:
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_ours:
            os.close(self._descriptor)

    def chunks(self) -> Iterator[bytes]:
        """The content to its end, as it comes.

        Raises:
            OSError: it cannot be read to its end, or a device would have to be waited for.
        """
        size = self._size
        # One byte more than there should be: a short answer is the end of a regular file.
        # Those of /proc have no size, and are asked again.
        chunk = os.read(self._descriptor, min(size + 1, _CHUNK) if size else _CHUNK)
        if size and len(chunk) == size:
            yield chunk
            return
        while chunk:
            yield chunk
            chunk = os.read(self._descriptor, _CHUNK)

    def lines(self) -> Iterator[bytes]:
        """The lines as they come, without their ends.

        Of one that is too long there is its first byte and a NUL; one of a device, such as
        ``/dev/zero``, is taken for the last, as it need not have an end.

        Raises:
            OSError: as for :meth:`chunks`.
        """
        begun: list[bytes] = []
        size = 0
        for chunk in self.chunks():
            first, *others = chunk.split(b"\n")
            begun.append(first)
            size += len(first)
            if size > _LONGEST:
                begun = [b"".join(begun)[:1], b"\0"]
                if not others and self._is_device():
                    break
            if others:
                yield b"".join(begun)
                begun = [others.pop()]
                size = len(begun[0])
                yield from others
        last = b"".join(begun)
        if last:
            yield last

    def _is_device(self) -> bool:
        return stat.S_ISCHR(os.fstat(self._descriptor).st_mode)


def open_regular(name: bytes) -> Source:
    """Opens a regular file, or standard input for ``-``.

    Raises:
        OSError: it cannot be opened, or is something else.
    """
    return _standard_input() if name == b"-" else _open(name, _REGULAR)


def open_named(name: bytes) -> Source:
    """Opens what the user names, and not just a regular file; ``-`` is standard input.

    A device will do, if it does not keep its reader waiting, and a descriptor such as the
    shell's ``<(...)`` gives.

    Raises:
        OSError: it cannot be opened, or is none of these.
    """
    if name == b"-":
        return _standard_input()
    descriptor = descriptor_of(os.fsdecode(name))
    if descriptor is not None:
        return Source(os.dup(descriptor))
    return _open(name, _REGULAR_OR_DEVICE)


def _standard_input() -> Source:
    """Standard input, which others may go on to read."""
    if sys.stdin is None:  # the caller has closed it
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    return Source(sys.stdin.fileno(), is_ours=False)


def _open(name: bytes, kinds: tuple[int, ...]) -> Source:
    descriptor = os.open(name, _FLAGS)
    try:
        status = os.fstat(descriptor)
        kind = stat.S_IFMT(status.st_mode)
        if kind == stat.S_IFDIR:
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), name)
        if kind not in kinds:
            raise OSError(errno.EINVAL, "Not a regular file", name)
        return Source(descriptor, status.st_size)
    except BaseException:
        os.close(descriptor)
        raise
