"""What the commands print: lines for people and pipes, or JSON objects."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Optional, Protocol

from ..checksig import Report, Result, Verdict, results_of, text_of
from ..manifest import Difference
from .names import escaped, gnu_escaped, readable

__all__ = ["Digest", "JSONLines", "Output", "Text", "complain", "put_manifest"]

_FINE = (Verdict.OK, Verdict.SKIPPED)
#: What is worth a line where little is said: a malformed line in any case.
_NOTABLE = [verdict for verdict in Verdict if verdict not in _FINE]
#: The library has the same for verdicts.
_COLORS = {"OK": "32", "SKIPPED": "33", "ADDED": "32", "CHANGED": "33"}
_BAD_COLOR = "31"
_NOT_WRITTEN = "the manifest was not written"


def complain(message: str) -> None:
    """Says in one line on standard error what is wrong."""
    sys.stdout.flush()
    text = readable(message, terminal=sys.stderr.isatty())
    sys.stderr.buffer.write(os.fsencode(f"checksig: {text}\n"))
    sys.stderr.flush()


def put_manifest(path: str, zero: bool) -> None:
    """Writes a manifest to standard output, where its names cannot drive a terminal."""
    with open(path, "rb") as manifest:  # noqa: PTH123
        if not sys.stdout.isatty():
            shutil.copyfileobj(manifest, sys.stdout.buffer)
            return
        text = manifest.read()
        if Path(path).name == "RECORD":  # where a line break in a name is one in the text
            text = re.sub(b'"[^"]*"', lambda name: name[0].replace(b"\n", rb"\n"), text)
        for line in text.split(b"\0" if zero else b"\n")[:-1]:
            shown = readable(os.fsdecode(line), terminal=True)
            sys.stdout.buffer.write(os.fsencode(f"{shown}\n"))


class Output(Protocol):
    """How a command tells what it found."""

    #: Whether :meth:`result` is to be told of each result as it comes.
    streams: bool

    def result(self, result: Result) -> None:
        """One result, as it comes."""

    def verified(self, report: Report, extra: Sequence[str], code: int) -> None:
        """All that a run has found, and the files that no manifest lists."""

    def created(self, report: Report, code: int, to_stdout: bool) -> None:
        """What a manifest was made of."""

    def not_updated(self, report: Report) -> None:
        """Why a manifest was not made anew."""

    def difference(self, difference: Difference) -> None:
        """How two manifests differ."""

    def digest(self, digest: Digest) -> None:
        """The digest of one file."""

    def error(self, message: str, path: Optional[str] = None) -> None:
        """Something that went wrong."""


class Digest:
    """One file's digest, and how its line is written."""

    def __init__(self, path: str, algorithm: str, value: str, tagged: bool, zero: bool) -> None:
        self.path = path
        self.algorithm = algorithm
        self.value = value
        self.tagged = tagged
        self.zero = zero

    def line(self) -> str:
        """The line of a manifest, with its end."""
        mark, name = ("", self.path) if self.zero else gnu_escaped(self.path)
        end = "\0" if self.zero else "\n"
        if self.tagged:
            return f"{mark}{_TAGS[self.algorithm]} ({name}) = {self.value}{end}"
        return f"{mark}{self.value}  {name}{end}"


_TAGS = {
    "blake2b": "BLAKE2b",
    "blake3": "BLAKE3",
    "crc32": "CRC32",
    "md5": "MD5",
    "sha1": "SHA1",
    "sha224": "SHA224",
    "sha256": "SHA256",
    "sha384": "SHA384",
    "sha512": "SHA512",
    "sha3-256": "SHA3-256",
    "sha3-512": "SHA3-512",
}


class Text:
    """Plain lines for a pipe; for a terminal a summary that groups what is wrong."""

    streams = False

    def __init__(self, *, quiet: bool, status: bool, color: str) -> None:
        self._terminal = sys.stdout.isatty()
        self._quiet = quiet or status
        self._silent = status
        self._color = _colors(color)

    def result(self, result: Result) -> None:
        """Nothing: lines come in the manifest's order, when all is known."""

    def verified(self, report: Report, extra: Sequence[str], code: int) -> None:
        """The verdict on each line, or a summary of them."""
        if self._silent:
            return
        if self._terminal:
            self._summary(report, extra, code)
        else:
            self._lines(report, extra)
            if code:
                complain(_closing(report, extra, report.manifest))

    def created(self, report: Report, code: int, to_stdout: bool) -> None:
        """What was passed over, and where the manifest is."""
        if self._silent:
            return
        for result in report.results:
            if result.verdict is not Verdict.OK:
                complain(_plain(result, report.manifest))
        if not report.ok:
            complain(_NOT_WRITTEN)
        if report.cancelled:
            complain(_closing(report, (), "-" if to_stdout else report.manifest))
        elif report.ok and not self._quiet and not to_stdout:
            files = _count(report.counts.get(Verdict.OK, 0), "file")
            manifest = escaped(report.manifest, terminal=self._terminal)
            self._write(f"{manifest}: {files}, {_size(report.bytes)}")

    def not_updated(self, report: Report) -> None:
        """The files that could not be read."""
        if self._silent:
            return
        for result in report.failures:
            complain(_plain(result, report.manifest))
        complain(_NOT_WRITTEN)

    def difference(self, difference: Difference) -> None:
        """One line for each name that is not in both, or not the same."""
        if self._silent:
            return
        for kind in ("added", "removed", "changed", "incomparable"):
            for name in getattr(difference, kind):
                self._line(escaped(name, terminal=self._terminal), kind.upper())

    def digest(self, digest: Digest) -> None:
        """The line of a manifest."""
        line = digest.line()
        if self._terminal:
            line = readable(line.rstrip("\n\0"), terminal=True) + "\n"
        sys.stdout.buffer.write(os.fsencode(line))

    def error(self, message: str, path: Optional[str] = None) -> None:
        """One line on standard error."""
        complain(message)

    def _lines(self, report: Report, extra: Iterable[str]) -> None:
        verdicts = _NOTABLE if self._quiet else Verdict
        for text in text_of(report, verdicts, color=self._color):
            sys.stdout.buffer.write(text)
        for name in extra:
            self._line(escaped(name, terminal=self._terminal), "EXTRA")

    def _summary(self, report: Report, extra: Sequence[str], code: int) -> None:
        for verdict, count in report.counts.items():
            if verdict not in _FINE:
                self._group(verdict.name, count, _listed(report, verdict))
        if extra:
            names = (escaped(name, terminal=True) for name in extra)
            self._group("EXTRA", len(extra), names)
        if not self._quiet or code:
            word = "OK" if code == 0 else "FAILED"
            self._write(f"{self._painted(word)}: {_closing(report, extra, report.manifest)}")

    def _group(self, verdict: str, count: int, names: Iterable[str]) -> None:
        self._write(f"{self._painted(verdict)} ({count})")
        self._write_all(f"  {name}" for name in names)

    def _line(self, name: str, verdict: str) -> None:
        self._write(f"{name}: {self._painted(verdict)}")

    def _painted(self, word: str) -> str:
        if not self._color:
            return word
        return f"\x1b[{_COLORS.get(word, _BAD_COLOR)}m{word}\x1b[0m"

    def _write_all(self, lines: Iterable[str]) -> None:
        for line in lines:
            self._write(line)

    def _write(self, line: str) -> None:
        sys.stdout.buffer.write(os.fsencode(f"{line}\n"))


class JSONLines:
    """One JSON object a line, each flushed as it comes."""

    streams = True

    def __init__(self, *, quiet: bool, status: bool) -> None:
        self._quiet = quiet
        self._silent = status

    def result(self, result: Result) -> None:
        """One line of a manifest."""
        if not (self._quiet and result.verdict in _FINE):
            self._object("result", **result.to_dict())

    def verified(self, report: Report, extra: Sequence[str], code: int) -> None:
        """The files that are not listed, and the summary."""
        for name in extra:
            self._object("extra", path=name)
        self._summary(report, len(extra), code)

    def created(self, report: Report, code: int, to_stdout: bool) -> None:
        """The summary: the files were told as they came."""
        self._summary(report, 0, code)

    def not_updated(self, report: Report) -> None:
        """The files that could not be read, and an error about the manifest."""
        for result in report.failures:
            self.result(result)
        self.error(_NOT_WRITTEN, report.manifest)

    def difference(self, difference: Difference) -> None:
        """The names and how many there are of each kind."""
        counts = {}
        for kind in ("added", "removed", "changed", "incomparable"):
            names = getattr(difference, kind)
            counts[kind] = len(names)
            for name in names:
                self._object(kind, path=name)
        self._object("summary", **counts, unchanged=len(difference.unchanged))

    def digest(self, digest: Digest) -> None:
        """One file's digest."""
        self._object("digest", path=digest.path, algorithm=digest.algorithm, digest=digest.value)

    def error(self, message: str, path: Optional[str] = None) -> None:
        """An object, and a line on standard error."""
        self._object("error", message=message, path=path)
        complain(message)

    def _summary(self, report: Report, extra: int, code: int) -> None:
        self._object(
            "summary",
            ok=code == 0,
            manifest=report.manifest,
            counts={verdict.name: count for verdict, count in report.counts.items()},
            extra=extra,
            bytes=report.bytes,
            seconds=report.seconds,
            cancelled=report.cancelled,
        )

    def _object(self, kind: str, **members: Any) -> None:
        import json

        if not self._silent:
            sys.stdout.buffer.write(json.dumps({"type": kind, **members}).encode("ascii") + b"\n")
            sys.stdout.buffer.flush()


def _listed(report: Report, verdict: Verdict) -> Iterator[str]:
    """The names of the lines that have a verdict, for a terminal."""
    for result in results_of(report, [verdict]):
        reason = f" ({readable(result.error, terminal=True)})" if result.error else ""
        yield _name(result, report.manifest, True) + reason


def _colors(when: str) -> bool:
    if when == "auto":
        dumb = os.environ.get("TERM") == "dumb" or os.environ.get("NO_COLOR")
        return sys.stdout.isatty() and not dumb
    return when == "always"


def _name(result: Result, manifest: str, terminal: bool) -> str:
    """The file's name, or which line has none."""
    if result.verdict is Verdict.MALFORMED:
        return f"{escaped(manifest, terminal=terminal)} line {result.line}"
    return escaped(result.path, terminal=terminal)


def _plain(result: Result, manifest: str) -> str:
    """A result as one line, for standard error."""
    name = _name(result, manifest, terminal=sys.stderr.isatty())
    return f"{name}: {result.verdict.name}" + (f" ({result.error})" if result.error else "")


def _closing(report: Report, extra: Sequence[str], manifest: str) -> str:
    """The whole run in one line."""
    found = [f"{count} {verdict.name}" for verdict, count in report.counts.items()]
    if extra:
        found.append(f"{len(extra)} EXTRA")
    interrupted = ", interrupted" if report.cancelled else ""
    name = escaped(manifest, terminal=sys.stderr.isatty())
    size = _size(report.bytes)
    return f"{name}: {', '.join(found) or 'no file'}; {size}, {report.seconds:.1f} s{interrupted}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _size(size: int) -> str:
    """A number of bytes for people."""
    if size < 1000:
        return _count(size, "byte")
    amount, units = size / 1000, iter(("kB", "MB", "GB", "TB", "PB"))
    unit = next(units)
    while amount >= 999.95:
        amount, unit = amount / 1000, next(units, unit)
    return f"{amount:.1f} {unit}"
