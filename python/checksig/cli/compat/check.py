"""Checking what a manifest lists."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Optional

from . import checklines
from .call import Call
from .digests import TAGS, chunks, digest_of, open_named
from .quoting import shell_quoted
from .streams import complain, write

__all__ = ["check"]


def check(call: Call, file: bytes) -> bool:
    """Checks the files that one manifest lists; whether all is well."""
    lines = _Lines(file)
    found = _Check(call, file)
    for number, line in enumerate(lines, 1):
        found.line(number, line)
    if lines.error is not None:
        found.complain(lines.error)
        return False
    return found.finish()


class _Lines:
    """The lines of a manifest, as far as it can be read."""

    def __init__(self, file: bytes) -> None:
        self._file = file
        #: Why it cannot be read to its end.
        self.error: Optional[str] = None

    def __iter__(self) -> Iterator[bytes]:
        try:
            with open_named(self._file) as stream:
                yield from self._read(stream)
        except OSError as error:
            # These programs give a reason for what they cannot open alone.
            is_opened = error.filename is None or isinstance(error, IsADirectoryError)
            self.error = "read error" if is_opened else error.strerror

    def _read(self, stream: BinaryIO) -> Iterator[bytes]:
        begun: list[bytes] = []
        for chunk in chunks(stream):
            first, *others = chunk.split(b"\n")
            begun.append(first)
            if others:
                yield b"".join(begun)
                begun = [others.pop()]
                yield from others
        last = b"".join(begun)
        if last:
            yield last


class _Check:
    """One manifest that is checked, and what was found."""

    def __init__(self, call: Call, file: bytes) -> None:
        self._call = call
        self._is_stdin = file == b"-"
        self._shown = shell_quoted(b"standard input" if self._is_stdin else file)
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
                complain(self._call.program, f"{self._shown}: {number}: {message}")
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
        complain(self._call.program, f"{shell_quoted(name)}: {error.strerror}")
        self._tell(name, b"FAILED open or read")

    def _tell(self, name: bytes, verdict: bytes) -> None:
        if self._call.mode != "status":
            mark, escaped = checklines.escaped(name) if b"\n" in name else (b"", name)
            write(mark + escaped + b": " + verdict + b"\n")

    def finish(self) -> bool:
        """Sums up; whether all is well."""
        given = self._call.given
        if not self._entries:
            self.complain("no properly formatted checksum lines found")
            return False
        if self._call.mode != "status":
            self._warn(self._malformed, "line is improperly", "lines are improperly", "formatted")
            self._warn(self._unreadable, "listed file", "listed files", "could not be read")
            self._warn(self._mismatched, "computed checksum", "computed checksums", "did NOT match")
            if "ignore-missing" in given and not self._matched:
                self.complain("no file was verified")
        lenient = "strict" not in given or not self._malformed
        verified = "ignore-missing" not in given or self._matched
        return lenient and verified and not self._mismatched and not self._unreadable

    def complain(self, message: str) -> None:
        """Says something of the manifest."""
        complain(self._call.program, f"{self._shown}: {message}")

    def _warn(self, count: int, one: str, many: str, what: str) -> None:
        if count:
            subject = one if count == 1 else many
            complain(self._call.program, f"WARNING: {count} {subject} {what}")
