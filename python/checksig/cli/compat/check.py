"""Checking what a manifest lists."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Optional

from . import checklines
from .call import Call
from .digests import TAGS, digest
from .files import open_named, open_regular
from .quoting import shell_quoted
from .streams import Output

__all__ = ["Checker"]


class Checker:
    """Checks manifests, whose lines have one form for all of them."""

    def __init__(self, call: Call, output: Output) -> None:
        self._call = call
        self._output = output
        self._parser = checklines.Parser(
            call.program, None if call.any_algorithm else call.algorithm
        )

    def check(self, file: bytes) -> bool:
        """Checks the files that one manifest lists; whether all is well."""
        lines = _Lines(file)
        found = _Check(self._call, self._output, self._parser, file)
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
            with open_named(self._file) as source:
                yield from source.lines()
        except OSError as error:
            # These programs give a reason for what they cannot open alone.
            is_opened = error.filename is None or isinstance(error, IsADirectoryError)
            self.error = "read error" if is_opened else error.strerror


class _Check:
    """One manifest that is checked, and what was found."""

    def __init__(self, call: Call, output: Output, parser: checklines.Parser, file: bytes) -> None:
        self._call = call
        self._output = output
        self._parser = parser
        self._ignores_missing = "ignore-missing" in call.given
        self._is_stdin = file == b"-"
        self._shown = shell_quoted(b"standard input" if self._is_stdin else file)
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
                self.complain(f"{number}: improperly formatted {tag} checksum line")
            return
        self._entries += 1
        self._entry(entry)

    def _entry(self, entry: checklines.Entry) -> None:
        try:
            with open_regular(entry.name) as source:
                actual = digest(source, entry.algorithm, entry.length)
        except OSError as error:
            if not (self._ignores_missing and isinstance(error, FileNotFoundError)):
                self._fail(entry.name, error)
        else:
            if actual == entry.digest:
                self._matched = True
                if self._call.mode != "quiet":
                    self._tell(entry.name, b"OK")
            else:
                self._mismatched += 1
                self._tell(entry.name, b"FAILED")

    def _fail(self, name: bytes, error: OSError) -> None:
        self._unreadable += 1
        self._output.complain(f"{shell_quoted(name)}: {error.strerror}")
        self._tell(name, b"FAILED open or read")

    def _tell(self, name: bytes, verdict: bytes) -> None:
        if self._call.mode != "status":
            mark, escaped = checklines.escaped(name) if b"\n" in name else (b"", name)
            self._output.write(mark + escaped + b": " + verdict + b"\n")

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
            if self._ignores_missing and not self._matched:
                self.complain("no file was verified")
        lenient = "strict" not in given or not self._malformed
        verified = not self._ignores_missing or self._matched
        return lenient and verified and not self._mismatched and not self._unreadable

    def complain(self, message: str) -> None:
        """Says something of the manifest."""
        self._output.complain(f"{self._shown}: {message}")

    def _warn(self, count: int, one: str, many: str, what: str) -> None:
        if count:
            subject = one if count == 1 else many
            self._output.complain(f"WARNING: {count} {subject} {what}")
