"""The checksum programs of coreutils: their options, output, messages and exit codes.

They hash with Python's own :mod:`hashlib`, which also does what these programs can and
the library does not: standard input, short BLAKE2b digests and the CRC of POSIX.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from typing import Optional

from .. import __version__
from . import checklines
from .compat_names import PROGRAMS
from .digests import ALGORITHMS, CRC, SIZED, TAGS, digest_of, digest_of_named, open_named
from .getopt import BadOption, Option, parse
from .quoting import quoted, shell_quoted

__all__ = ["run"]

_MAX_LENGTH = 512

_CHECKING = (
    Option("ignore-missing"),
    Option("quiet"),
    Option("status"),
    Option("strict"),
    Option("warn", "w"),
)
_MODES = (Option("binary", "b"), Option("text", "t"))
_COMMON = (
    Option("check", "c"),
    Option("tag"),
    Option("zero", "z"),
    *_CHECKING,
    Option("help"),
    Option("version"),
)
_LENGTH = Option("length", "l", True)
#: The machines for which ``cksum`` has a CRC that the processor helps with.
_WITH_PCLMUL = ("i686", "x86_64")
#: Letters that ``cksum`` refuses without a word.
_REFUSED = (Option("", "b"), Option("", "t"))
_CKSUM = (Option("algorithm", "a", True), Option("untagged"), Option("debug"))
_OPTIONS = {
    "b2sum": (*_MODES, *_COMMON, _LENGTH),
    "cksum": (*_COMMON, _LENGTH, *_CKSUM, *_REFUSED),
}


def _options(program: str) -> tuple[Option, ...]:
    return _OPTIONS.get(program, (*_MODES, *_COMMON))


_HELP = """\
Usage: {program} [OPTION]... [FILE]...
Print checksums, or check them with -c. Without FILE, or where it is -, read standard input.

{options}

The options are those of coreutils 9.1. No call waits for a FIFO, a socket or a device.
"""


class _Usage(Exception):
    """Wrong usage; ``hint`` is whether to point to ``--help``."""

    def __init__(self, message: str, hint: bool = True) -> None:
        super().__init__(message)
        self.hint = hint


class _Finished(Exception):
    """An option that prints something and does nothing else."""


@dataclass
class _Call:
    """What a program is asked for."""

    program: str
    algorithm: str
    given: set[str] = field(default_factory=set)
    length: int = 0
    binary: Optional[bool] = None
    tagged: bool = False
    #: One of ``quiet``, ``status`` and ``warn``; the last one counts.
    mode: str = ""
    files: list[bytes] = field(default_factory=list)
    #: Whether ``--debug`` has still to be answered.
    debug: bool = False

    @property
    def end(self) -> bytes:
        return b"\0" if "zero" in self.given else b"\n"

    @property
    def any_algorithm(self) -> bool:
        """Whether each line that is checked names its algorithm."""
        return self.program == "cksum" and "algorithm" not in self.given


def run(program: str, arguments: list[str]) -> int:
    """Is this program; returns the exit code."""
    try:
        call = _parsed(program, arguments)
        _require_sense(call)
        act = _check if "check" in call.given else _print
        good = [act(call, file) for file in call.files or [b"-"]]
        sys.stdout.flush()
        return 0 if all(good) else 1
    except _Finished:
        return 0
    except _Usage as error:
        if str(error):
            _complain(program, str(error))
        if error.hint:
            _write_error(f"Try '{program} --help' for more information.\n")
        return 1
    except BrokenPipeError:
        raise
    except OSError as error:
        _complain(program, f"write error: {error.strerror}")
        return _without_output()


def _without_output() -> int:
    """Standard output takes nothing, so that Python must not flush to it again."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
    return 1


def _parsed(program: str, arguments: list[str]) -> _Call:
    call = _Call(program, PROGRAMS[program], tagged=program == "cksum")
    options = _options(program)
    try:
        for name, argument in parse(arguments, options):
            if name is None:
                call.files.append(os.fsencode(argument))
            else:
                _take(call, name, argument)
    except BadOption as error:
        raise _Usage(str(error)) from None
    return call


def _take(call: _Call, name: str, argument: str) -> None:
    """Notes one option."""
    call.given.add(name)
    if name in ("quiet", "status", "warn"):
        call.mode = name
    elif name in ("binary", "text"):
        call.binary = name == "binary"
    elif name == "tag":
        call.tagged, call.binary = True, call.program != "cksum" or None
    elif name == "untagged":
        call.tagged = False
    elif name == "algorithm":
        call.algorithm = _algorithm(argument)
    elif name == "length":
        call.length = _length(argument)
    elif name == "debug":
        call.debug = True
    elif name == "":
        raise _Usage("")
    elif name in ("help", "version"):
        _tell(call.program, name)
        raise _Finished


def _tell(program: str, what: str) -> None:
    if what == "version":
        text = f"{program} (checksig) {__version__}\n"
    else:
        lines = [
            f"  {f'-{option.letter}, ' if option.letter else '    '}--{option.long}"
            + ("=VALUE" if option.argument else "")
            for option in _options(program)
            if option.long
        ]
        text = _HELP.format(program=program, options="\n".join(lines))
    sys.stdout.buffer.write(text.encode())


def _algorithm(name: str) -> str:
    if name not in ALGORITHMS:
        valid = "".join(f"\n  - {quoted(valid)}" for valid in ALGORITHMS)
        invalid = f"invalid argument {quoted(name)} for {quoted('--algorithm')}"
        raise _Usage(f"{invalid}\nValid arguments are:{valid}")
    return name


def _length(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise _Usage(f"invalid length: {quoted(text)}", hint=False)
    if int(text) % 8 != 0:
        raise _Usage(f"invalid length: {quoted(text)}\n\0length is not a multiple of 8", hint=False)
    return int(text)


def _require_sense(call: _Call) -> None:
    """Refuses options that go together with no other."""
    checking = "check" in call.given
    if call.length and call.algorithm != "blake2b":
        raise _Usage("--length is only supported with --algorithm=blake2b", hint=False)
    if call.length > _MAX_LENGTH:
        limit = f"maximum digest length for {quoted('BLAKE2b')} is {_MAX_LENGTH} bits"
        raise _Usage(f"invalid length: {quoted(str(call.length))}\n\0{limit}", hint=False)
    if checking and call.algorithm in SIZED and not call.any_algorithm:
        raise _Usage("--check is not supported with --algorithm={bsd,sysv,crc}", hint=False)
    if call.tagged and call.binary is False:
        raise _Usage("--tag does not support --text mode")
    if checking:
        _require_sense_in_check(call)
        return
    for option in ("ignore-missing", "status", "warn", "quiet", "strict"):
        ineffective = option in ("status", "warn", "quiet") and option != call.mode
        if option in call.given and not ineffective:
            raise _Usage(f"the --{option} option is meaningful only when verifying checksums")


def _require_sense_in_check(call: _Call) -> None:
    if "zero" in call.given:
        raise _Usage("the --zero option is not supported when verifying checksums")
    if call.tagged and call.program != "cksum":
        raise _Usage("the --tag option is meaningless when verifying checksums")
    if call.binary is not None:
        raise _Usage("the --binary and --text options are meaningless when verifying checksums")


def _print(call: _Call, file: bytes) -> bool:
    """Prints the line of one file; whether that could be read."""
    digest = _read(call, file, call.algorithm, call.length)
    if digest is None:
        return False
    if call.algorithm in SIZED:
        name = b" " + file if call.files else b""
        _write(digest.encode() + name + call.end)
        return True
    mark, name = (b"", file) if "zero" in call.given else checklines.escaped(file)
    if call.tagged:
        tag = TAGS[call.algorithm] + (f"-{call.length}" if 0 < call.length < _MAX_LENGTH else "")
        line = tag.encode() + b" (" + name + b") = " + digest.encode()
    else:
        line = digest.encode() + (b" *" if call.binary else b"  ") + name
    _write(mark + line + call.end)
    return True


def _check(call: _Call, file: bytes) -> bool:
    """Checks the files that one manifest lists."""
    try:
        lines = _lines(file)
    except IsADirectoryError:
        _complain(call.program, f"{shell_quoted(file)}: read error")
        return False
    except OSError as error:
        _complain(call.program, f"{shell_quoted(file)}: {error.strerror}")
        return False
    shown = shell_quoted(b"standard input" if file == b"-" else file)
    check = _Check(call, shown, is_stdin=file == b"-")
    for number, line in enumerate(lines, 1):
        check.line(number, line)
    return check.finish()


def _lines(file: bytes) -> list[bytes]:
    if file == b"-":
        text = sys.stdin.buffer.read()
    else:
        with open_named(file) as stream:
            text = stream.read()
    lines = text.split(b"\n")
    return lines if lines[-1] else lines[:-1]


class _Check:
    """One manifest that is checked, and what was found."""

    def __init__(self, call: _Call, shown: str, is_stdin: bool) -> None:
        self._call = call
        self._shown = shown
        self._is_stdin = is_stdin
        self._parser = checklines.Parser(None if call.any_algorithm else call.algorithm)
        self._malformed = self._entries = self._unreadable = self._mismatched = 0
        self._matched = False

    def line(self, number: int, line: bytes) -> None:
        """Checks what one line states."""
        line = line[:-1] if line.endswith(b"\r") else line
        if not line or line.startswith(b"#"):
            return
        entry = self._parser.entry(line)
        if entry is None or (self._is_stdin and entry.name == b"-"):
            self._malformed += 1
            if self._call.mode == "warn":
                tag = TAGS[self._parser.algorithm]
                message = f"improperly formatted {tag} checksum line"
                _complain(self._call.program, f"{self._shown}: {number}: {message}")
            return
        self._entries += 1
        self._entry(entry)

    def _entry(self, entry: checklines.Entry) -> None:
        call = self._call
        ignore = "ignore-missing" in call.given
        try:
            digest = digest_of(entry.name, entry.algorithm, entry.length)
        except FileNotFoundError as error:
            if not ignore:
                self._fail(entry.name, error)
        except OSError as error:
            self._fail(entry.name, error)
        else:
            if digest == entry.digest:
                self._matched = True
                if call.mode != "quiet":
                    self._tell(entry.name, b"OK")
            else:
                self._mismatched += 1
                self._tell(entry.name, b"FAILED")

    def _fail(self, name: bytes, error: OSError) -> None:
        self._unreadable += 1
        _complain(self._call.program, f"{shell_quoted(name)}: {error.strerror}")
        self._tell(name, b"FAILED open or read")

    def _tell(self, name: bytes, verdict: bytes) -> None:
        if self._call.mode != "status":
            mark, escaped = checklines.escaped(name) if b"\n" in name else (b"", name)
            _write(mark + escaped + b": " + verdict + b"\n")

    def finish(self) -> bool:
        """Sums up; whether all is well."""
        given = self._call.given
        if not self._entries:
            self._complain("no properly formatted checksum lines found")
            return False
        if self._call.mode != "status":
            self._warn(self._malformed, "line is improperly", "lines are improperly", "formatted")
            self._warn(self._unreadable, "listed file", "listed files", "could not be read")
            self._warn(self._mismatched, "computed checksum", "computed checksums", "did NOT match")
            if "ignore-missing" in given and not self._matched:
                self._complain("no file was verified")
        lenient = "strict" not in given or not self._malformed
        verified = "ignore-missing" not in given or self._matched
        return lenient and verified and not self._mismatched and not self._unreadable

    def _complain(self, message: str) -> None:
        _complain(self._call.program, f"{self._shown}: {message}")

    def _warn(self, count: int, one: str, many: str, what: str) -> None:
        if count:
            subject = one if count == 1 else many
            _complain(self._call.program, f"WARNING: {count} {subject} {what}")


def _read(call: _Call, file: bytes, algorithm: str, length: int) -> Optional[str]:
    """The digest of a file; ``None``, and a message, where it cannot be read."""
    try:
        digest = digest_of_named(file, algorithm, length)
    except OSError as error:
        if isinstance(error, IsADirectoryError):  # which can be opened
            _tell_implementation(call)
        _complain(call.program, f"{shell_quoted(file)}: {error.strerror}")
        return None
    _tell_implementation(call)
    return digest


def _tell_implementation(call: _Call) -> None:
    """What ``--debug`` asks for, once: these programs have two ways to a CRC on x86.

    Here it is zlib's, and nobody looks for the processor's own.
    """
    if call.debug and call.algorithm == CRC and os.uname().machine in _WITH_PCLMUL:
        _complain(call.program, "pclmul support not detected")
    call.debug = False


def _write(line: bytes) -> None:
    sys.stdout.buffer.write(line)


def _complain(program: str, message: str) -> None:
    """Prints a message on standard error, after what is before it on standard output."""
    lines = message.split("\n\0")
    _write_error("".join(f"{program}: {line}\n" for line in lines))


def _write_error(text: str) -> None:
    sys.stderr.buffer.write(os.fsencode(text))
    sys.stderr.flush()
