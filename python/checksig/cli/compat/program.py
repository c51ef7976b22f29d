"""Runs a program: prints digests, or has manifests checked.

It hashes with Python's own :mod:`hashlib`, which also does what these programs can and
the library does not: standard input, short BLAKE2b digests and the CRC of POSIX.
"""

from __future__ import annotations

import errno
import os
import sys
from functools import partial

from .call import MAX_LENGTH, Call, UsageError
from .check import check
from .checklines import escaped
from .digests import CRC, SIZED, TAGS, digest_of_named
from .options import help_text, version_text
from .quoting import shell_quoted
from .streams import complain, write, write_error

__all__ = ["run"]

#: The machines for which ``cksum`` has a CRC that the processor helps with.
_WITH_PCLMUL = ("i686", "x86_64")


def run(program: str, arguments: list[str]) -> int:
    """Is this program; returns the exit code."""
    try:
        is_good = _done(Call.of(program, arguments))
        sys.stdout.flush()
        return 0 if is_good else 1
    except UsageError as error:
        if str(error):
            complain(program, str(error))
        if error.hint:
            write_error(f"Try '{program} --help' for more information.\n")
        return 1
    except BrokenPipeError:
        raise
    except OSError as error:
        _discard_output()
        complain(program, f"write error: {error.strerror}")
        return 1


def _discard_output() -> None:
    """Standard output takes nothing, so that Python must not flush to it again."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _done(call: Call) -> bool:
    """Does what is asked for, all files even where one is bad; whether all is well."""
    if call.question:
        text = version_text if call.question == "version" else help_text
        write(text(call.program).encode())
        return True
    files = call.files or [b"-"]
    act = partial(check, call) if "check" in call.given else _Printer(call).print
    good = [act(file) for file in files]
    if b"-" in files and sys.stdin is None:
        complain(call.program, f"standard input: {os.strerror(errno.EBADF)}")
    return all(good)


class _Printer:
    """Prints the lines of files."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._is_debugging = "debug" in call.given

    def print(self, file: bytes) -> bool:
        """Prints the line of one file; whether that could be read."""
        call = self._call
        try:
            digest = digest_of_named(file, call.algorithm, call.length)
        except OSError as error:
            if isinstance(error, IsADirectoryError):  # which can be opened
                self._tell_implementation()
            complain(call.program, f"{shell_quoted(file)}: {error.strerror}")
            return False
        self._tell_implementation()
        write(self._line(file, digest.encode()) + call.end)
        return True

    def _line(self, file: bytes, digest: bytes) -> bytes:
        call = self._call
        if call.algorithm in SIZED:
            return digest + (b" " + file if call.files else b"")
        mark, name = (b"", file) if "zero" in call.given else escaped(file)
        if not call.tagged:
            return mark + digest + (b" *" if call.binary else b"  ") + name
        is_short = 0 < call.length < MAX_LENGTH
        tag = TAGS[call.algorithm] + (f"-{call.length}" if is_short else "")
        return mark + tag.encode() + b" (" + name + b") = " + digest

    def _tell_implementation(self) -> None:
        """What ``--debug`` asks for, once: these programs have two ways to a CRC on x86.

        Here it is zlib's, and nobody looks for the processor's own.
        """
        call = self._call
        if self._is_debugging and call.algorithm == CRC and os.uname().machine in _WITH_PCLMUL:
            complain(call.program, "pclmul support not detected")
        self._is_debugging = False
