"""The programs' output: lines on standard output, messages on standard error."""

from __future__ import annotations

import os
import sys

__all__ = ["complain", "write", "write_error"]


def write(line: bytes) -> None:
    """Writes on standard output; a terminal shows it at once."""
    sys.stdout.buffer.write(line)
    if sys.stdout.line_buffering:
        sys.stdout.flush()


def complain(program: str, message: str) -> None:
    """Writes a message on standard error, where a NUL begins a line with the program's name."""
    write_error("".join(f"{program}: {line}\n" for line in message.split("\n\0")))


def write_error(text: str) -> None:
    """Writes on standard error, after what is before it on standard output."""
    sys.stdout.flush()
    sys.stderr.buffer.write(os.fsencode(text))
    sys.stderr.flush()
