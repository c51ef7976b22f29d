"""Runs a program: prints digests, or has manifests checked.

It hashes with Python's own :mod:`hashlib`, which also does what these programs can and
the library does not: standard input, short BLAKE2b digests and the CRC of POSIX.
"""

from __future__ import annotations

import errno
import os
import signal
import sys

from .call import MAX_LENGTH, Call, UsageError
from .check import Checker
from .checklines import escaped
from .digests import CRC, SIZED, TAGS, digest
from .files import open_named
from .options import help_text, version_text
from .quoting import shell_quoted
from .streams import Output

__all__ = ["run"]

#: The machines for which ``cksum`` has a CRC that the processor helps with.
_WITH_PCLMUL = ("i686", "x86_64")


def run(program: str, arguments: list[str]) -> int:
    """Is this program; returns the exit code, unless a signal ends the process."""
    _end_by_signals()
    output = Output(program)
    try:
        is_good = _done(Call.of(program, arguments), output)
    except UsageError as error:
        is_good = False
        if str(error):
            output.complain(str(error))
        if error.hint:
            output.say(f"Try '{program} --help' for more information.\n")
    return 0 if output.close() and is_good else 1


def _end_by_signals() -> None:
    """Lets Ctrl-C and a pipe that nobody reads end the process, as they end one in C."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else it is ignored
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def _done(call: Call, output: Output) -> bool:
    """Does what is asked for, all files even where one is bad; whether all is well."""
    if call.question:
        text = version_text if call.question == "version" else help_text
        output.write(text(call.program).encode())
        return True
    files = call.files or [b"-"]
    is_checking = "check" in call.given
    act = Checker(call, output).check if is_checking else _Printer(call, output).print
    good = [act(file) for file in files]
    if b"-" in files and sys.stdin is None:
        output.complain(f"standard input: {os.strerror(errno.EBADF)}")
    return all(good)


class _Printer:
    """Prints the lines of files."""

    def __init__(self, call: Call, output: Output) -> None:
        self._call = call
        self._output = output
        self._is_debugging = "debug" in call.given

    def print(self, file: bytes) -> bool:
        """Prints the line of one file; whether that could be read."""
        call = self._call
        try:
            with open_named(file) as source:
                found = digest(source, call.algorithm, call.length)
        except OSError as error:
            if isinstance(error, IsADirectoryError):  # which can be opened
                self._tell_implementation()
            self._output.complain(f"{shell_quoted(file)}: {error.strerror}")
            return False
        self._tell_implementation()
        self._output.write(self._line(file, found.encode()) + call.end)
        return True

    def _line(self, file: bytes, found: bytes) -> bytes:
        call = self._call
        if call.algorithm in SIZED:
            return found + (b" " + file if call.files else b"")
        mark, name = (b"", file) if "zero" in call.given else escaped(file)
        if not call.tagged:
            return mark + found + (b" *" if call.binary else b"  ") + name
        is_short = 0 < call.length < MAX_LENGTH
        tag = TAGS[call.algorithm] + (f"-{call.length}" if is_short else "")
        return mark + tag.encode() + b" (" + name + b") = " + found

    def _tell_implementation(self) -> None:
        """What ``--debug`` asks for, once: these programs have two ways to a CRC on x86.

        Here it is zlib's, and nobody looks for the processor's own.
        """
        call = self._call
        if self._is_debugging and call.algorithm == CRC and os.uname().machine in _WITH_PCLMUL:
            self._output.complain("pclmul support not detected")
        self._is_debugging = False
