"""The programs' output: lines on standard output, messages on standard error."""

from __future__ import annotations

import errno
import os
import sys
from typing import Optional

__all__ = ["Output"]

#: How much waits at most for the end of its line.
_ROOM = 4096


class Output:
    """Standard output and standard error of one program.

    They do what C's streams do, for that is what users see of errors: a line is written
    where it ends, what cannot be written is dropped, and only :meth:`close` tells of it.
    """

    def __init__(self, program: str) -> None:
        self._program = program
        # Python has none where the caller closed it, and to write on -1 is the same error.
        self._stdout = -1 if sys.__stdout__ is None else sys.stdout.fileno()
        self._stderr = -1 if sys.__stderr__ is None else sys.stderr.fileno()
        self._pending = b""
        self._lost_output = self._lost_messages = False

    def write(self, line: bytes) -> None:
        """Writes on standard output, at once if that is the end of a line."""
        if len(self._pending) + len(line) > _ROOM:
            self._flush()
        self._pending += line
        if line.endswith(b"\n"):
            self._flush()

    def complain(self, message: str) -> None:
        r"""Writes a message; ``\n\0`` begins another one in it."""
        self.say("".join(f"{self._program}: {line}\n" for line in message.split("\n\0")))

    def say(self, text: str) -> None:
        """Writes on standard error, after what is before it on standard output."""
        self._flush()
        if _written(self._stderr, os.fsencode(text)) is not None:
            self._lost_messages = True

    def close(self) -> bool:
        """Writes the rest and says if something is lost; whether nothing is."""
        is_pending = bool(self._pending)
        error = self._flush() or _closed(self._stdout)
        if self._lost_output or (error and (is_pending or error.errno != errno.EBADF)):
            # What was lost before has its reason no more.
            self.complain("write error" + (f": {error.strerror}" if error else ""))
            return False
        return not self._lost_messages

    def _flush(self) -> Optional[OSError]:
        if not self._pending:
            return None
        text, self._pending = self._pending, b""
        error = _written(self._stdout, text)
        if error is not None:
            self._lost_output = True
        return error


def _written(descriptor: int, text: bytes) -> Optional[OSError]:
    """Writes; why that cannot be done."""
    try:
        while text:
            text = text[os.write(descriptor, text) :]
    except OSError as error:
        return error
    return None


def _closed(descriptor: int) -> Optional[OSError]:
    """What closing it would say, such as that a server did not keep what was written."""
    try:
        os.close(os.dup(descriptor))
    except OSError as error:
        return error
    return None
