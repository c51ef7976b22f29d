"""Verifying a directory against its checksum manifest."""

from __future__ import annotations

import enum
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Optional, Union, overload

from ._native import backend
from ._native.values import uint64
from .errors import VerificationError

if TYPE_CHECKING:
    from ._native.surface import ReportHandle, ResultTuple

__all__ = ["Report", "Result", "Verdict", "check_signature", "verify"]

#: What names a directory.
StrOrBytesPath = Union[str, bytes, "os.PathLike[str]", "os.PathLike[bytes]"]


class Verdict(enum.Enum):
    """What was found for one line of a manifest."""

    #: The file has the digest that the manifest states.
    OK = 0
    #: The file has another digest.
    MISMATCH = 1
    #: There is no file of this name.
    MISSING = 2
    #: The file cannot be opened or read.
    UNREADABLE = 3
    #: The name is outside the directory, or not that of a regular file.
    REFUSED = 4
    #: The line is not one that a checksum tool writes.
    MALFORMED = 5


@dataclass(frozen=True)
class Result:
    """One line of a manifest and what was found.

    Attributes:
        path: the file's name as in the manifest; bytes that are not UTF-8 are
            surrogates, as everywhere in :mod:`os`. Empty for a malformed line.
        verdict: what was found.
        expected: the digest that the manifest states, in lower-case hexadecimal;
            ``None`` for a malformed line.
        actual: the digest that the file has; ``None`` where it was not read.
        size: how many bytes of the file were read.
        line: the line's number in the manifest, from 1.
        error: why there is no digest; ``None`` where there is nothing to say.
    """

    path: str
    verdict: Verdict
    expected: Optional[str]
    actual: Optional[str]
    size: int
    line: int
    error: Optional[str]


class _Results(Sequence[Result]):
    """The results of a report, each made when it is asked for."""

    def __init__(self, handle: ReportHandle) -> None:
        self._handle = handle

    def __len__(self) -> int:
        return len(self._handle)

    @overload
    def __getitem__(self, index: int) -> Result: ...
    @overload
    def __getitem__(self, index: slice) -> list[Result]: ...
    def __getitem__(self, index: Union[int, slice]) -> Union[Result, list[Result]]:
        places = range(len(self))
        if isinstance(index, slice):
            return [_result(self._handle.result(place)) for place in places[index]]
        return _result(self._handle.result(places[index]))


class Report:
    """The verdict on every line of a manifest, in the manifest's order.

    The library keeps the verdicts; a :class:`Result` is made when it is asked for.
    A report is released when it is garbage, at the end of a ``with`` block, or by
    :meth:`close`, after which every use raises :class:`ValueError`. Any number of
    threads may use one report.
    """

    def __init__(self, handle: ReportHandle) -> None:
        self._handle = handle

    @property
    def ok(self) -> bool:
        """Whether at least one file was verified and every line is ``Verdict.OK``."""
        return self._handle.ok()

    @property
    def results(self) -> Sequence[Result]:
        """The result of every line that names a file, or ought to."""
        return _Results(self._handle)

    @property
    def failures(self) -> Iterator[Result]:
        """The results that are not ``Verdict.OK``."""
        for index in range(len(self._handle)):
            result = self._handle.result(index)
            if result.verdict != Verdict.OK.value:
                yield _result(result)

    @property
    def counts(self) -> dict[Verdict, int]:
        """How many lines have each verdict; those that none has are left out."""
        counts = {verdict: self._handle.count(verdict.value) for verdict in Verdict}
        return {verdict: count for verdict, count in counts.items() if count}

    @property
    def message(self) -> Optional[str]:
        """One line for each failure, as in ``"<root>/<name>" - mismatch``.

        ``None`` where all is well.
        """
        message = self._handle.message()
        return None if message is None else os.fsdecode(message)

    @property
    def bytes(self) -> int:
        """How many bytes of files were read."""
        return self._handle.bytes()

    @property
    def seconds(self) -> float:
        """How long the verification took."""
        return self._handle.seconds()

    def close(self) -> None:
        """Releases the library's memory; more than once is no error."""
        self._handle.close()

    def __enter__(self) -> Report:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        try:
            found = ", ".join(f"{count} {verdict.name}" for verdict, count in self.counts.items())
        except ValueError:
            found = "closed"
        return f"<Report: {found or 'no file'}>"


def verify(root: StrOrBytesPath, *, threads: Optional[int] = None) -> Report:
    """Checks every file that ``root/sha1sum.txt`` lists, in parallel.

    Bad files are no exception: look at ``ok`` of the report, or use
    :func:`check_signature`. Other Python threads run meanwhile; any number of them
    may verify at once.

    Args:
        root: the directory.
        threads: how many threads read files; one a processor by default.

    Raises:
        ManifestError: the directory or its manifest cannot be read.
        ValueError: ``threads`` is not positive.

    Example:
        >>> report = verify("tests/data/logs")
        >>> report
        <Report: 9 OK, 1 MISMATCH>
        >>> [result.path for result in report.failures]
        ['httpd-08.log']
    """
    return Report(backend.verify(_path_bytes(root), _thread_count(threads)))


def check_signature(root_dir: StrOrBytesPath) -> None:
    """Checks every file that ``root_dir/sha1sum.txt`` lists; returns if all match.

    Raises:
        VerificationError: a file is bad. The text has a line for each, in the
            manifest's order; ``report`` is the whole report.
        ManifestError: the directory or its manifest cannot be read.
            Both are a :class:`ValueError`.

    Example:
        >>> check_signature("tests/data/logs")
        Traceback (most recent call last):
        ...
        checksig.errors.VerificationError: "tests/data/logs/httpd-08.log" - mismatch
    """
    report = verify(root_dir)
    message = report.message
    if message is not None:
        raise VerificationError(message, report)


def _thread_count(threads: Optional[int]) -> int:
    """The number for the library, where 0 stands for one a processor."""
    if threads is None:
        return 0
    if threads < 1:
        raise ValueError(f"threads is {threads}, want at least 1")
    return uint64(threads, "threads")


def _path_bytes(path: StrOrBytesPath) -> bytes:
    encoded = os.fsencode(path)
    if b"\0" in encoded:
        raise ValueError("embedded null byte in the path")
    return encoded


def _result(result: ResultTuple) -> Result:
    verdict = Verdict(result.verdict)
    expected = None if result.expected is None else result.expected.hex()
    actual = None if result.actual is None else result.actual.hex()
    return Result(
        path=os.fsdecode(result.name),
        verdict=verdict,
        expected=expected,
        actual=expected if verdict is Verdict.OK else actual,
        size=result.bytes,
        line=result.line,
        error=None if result.reason is None else result.reason.decode("utf-8"),
    )
