"""Verifying a directory against its checksum manifest."""

from __future__ import annotations

import enum
import operator
import os
import threading
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from io import FileIO
from typing import BinaryIO, Callable, NamedTuple, Optional, TypeVar, Union, overload

from ._native import backend
from ._native.surface import (
    CancelHandle,
    OnProgress,
    OnResult,
    ProgressTuple,
    ReportHandle,
    ResultTuple,
    RunOptions,
)
from ._native.values import c_text, uint64
from ._run import Cancel, ending, run, stream
from .errors import Cancelled, ManifestError, VerificationError

__all__ = [
    "Cancel",
    "Progress",
    "Report",
    "Result",
    "Verdict",
    "check_signature",
    "iter_verify",
    "verify",
    "verify_async",
]

#: What names a file or a directory.
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
    #: The name is outside the directory, or not that of a regular file; or the file shows
    #: signs of a SHA-1 collision attack, where they are looked for.
    REFUSED = 4
    #: The line is not one that a checksum tool writes.
    MALFORMED = 5
    #: The file was written to or replaced while it was read: neither a good nor a bad
    #: digest could be trusted.
    CHANGED = 6
    #: The file was passed over: it is missing, and missing files are ignored; it is
    #: excluded; it is there, but its line states no digest; or it is no regular file, where a
    #: manifest is made.
    SKIPPED = 7


#: How many failures the text of an exception has.
_MOST_LINES = 10

#: By their numbers.
_VERDICTS = {verdict.value: verdict for verdict in Verdict}


@dataclass(frozen=True)
class Result:
    """One line of a manifest and what was found.

    Attributes:
        path: the file's name as in the manifest; bytes that are not UTF-8 are
            surrogates, as everywhere in :mod:`os`. Empty for a malformed line.
        verdict: what was found.
        algorithm: the digests' algorithm, such as ``"sha1"``; ``None`` for a
            malformed line.
        expected: the digest that the manifest states, in lower-case hexadecimal;
            ``None`` for a malformed line, or one without a digest.
        actual: the digest that the file has, where it is ``OK`` or a ``MISMATCH``; ``None``
            otherwise.
        size: how many bytes of the file were read.
        line: the line's number in the manifest, from 1.
        error: what else there is to say; ``None`` where there is nothing.
    """

    path: str
    verdict: Verdict
    algorithm: Optional[str]
    expected: Optional[str]
    actual: Optional[str]
    size: int
    line: int
    error: Optional[str]

    def to_dict(self) -> dict[str, Union[str, int, None]]:
        """The attributes as JSON has them; the verdict by its name."""
        return {**vars(self), "verdict": self.verdict.name}


@dataclass(frozen=True)
class Progress:
    """How far a run has come.

    Attributes:
        files: how many files are done.
        files_total: how many there are to do.
        bytes: how many bytes are done.
        bytes_total: how many there are to do; ``None`` where that is not known.
        path: a file that is being read.
    """

    files: int
    files_total: int
    bytes: int
    bytes_total: Optional[int]
    path: str


_Item = TypeVar("_Item")


class _Lazy(Sequence[_Item]):
    """Items of a report, each made when it is asked for. It equals a list of the same."""

    def __init__(self, count: Callable[[], int], item: Callable[[int], _Item]) -> None:
        count()  # a closed report says so at once
        self._count = count
        self._item = item

    def __len__(self) -> int:
        return self._count()

    @overload
    def __getitem__(self, index: int) -> _Item: ...
    @overload
    def __getitem__(self, index: slice) -> list[_Item]: ...
    def __getitem__(self, index: Union[int, slice]) -> Union[_Item, list[_Item]]:
        places = range(len(self))
        if isinstance(index, slice):
            return [self._item(place) for place in places[index]]
        return self._item(places[index])

    def __iter__(self) -> Iterator[_Item]:
        return map(self._item, range(len(self)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, (list, _Lazy)):
            return NotImplemented
        return len(self) == len(other) and all(map(operator.eq, self, other))

    def __repr__(self) -> str:
        return repr(list(self))


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
        """Whether at least one file was verified and nothing is wrong.

        Every line is ``OK`` or ``SKIPPED`` (or, where ``strict`` was false,
        ``MALFORMED``), nothing is extra, and the run went to its end.
        """
        return self._handle.ok()

    @property
    def results(self) -> Sequence[Result]:
        """The result of every line that names a file, or ought to."""
        handle = self._handle
        return _Lazy(handle.__len__, lambda place: result_of(handle.result(place)))

    @property
    def failures(self) -> Iterator[Result]:
        """The results that fail the run.

        These are all but ``OK``, ``SKIPPED`` and, where ``strict`` was false, ``MALFORMED``.
        """
        fails = self._handle.fails
        return results_of(self, [verdict for verdict in Verdict if fails(verdict.value)])

    @property
    def extra(self) -> Sequence[str]:
        """The files that an audit found and the manifest does not list, by name."""
        handle = self._handle
        return _Lazy(handle.extra_len, lambda place: os.fsdecode(handle.extra(place)[0]))

    @property
    def counts(self) -> dict[Verdict, int]:
        """How many lines have each verdict; those that none has are left out."""
        counts = {verdict: self._handle.count(verdict.value) for verdict in Verdict}
        return {verdict: count for verdict, count in counts.items() if count}

    @property
    def cancelled(self) -> bool:
        """Whether the run was ended early, so that lines are left out of the results."""
        return self._handle.cancelled()

    @property
    def manifest(self) -> str:
        """The manifest's path, as it was given or found."""
        return os.fsdecode(self._handle.manifest())

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
        return self._handle.size()

    @property
    def seconds(self) -> float:
        """How long the verification took."""
        return self._handle.seconds()

    def raise_for_status(self) -> None:
        """Raises :class:`~checksig.VerificationError` unless all is well.

        Its text has the first ten lines of :attr:`message`, and says how many more there are.
        """
        message = self.message
        if message is None:
            return
        *lines, rest = message.split("\n", _MOST_LINES)
        if len(lines) == _MOST_LINES:
            more = 1 + rest.count("\n")
            rest = f"and {more} more"
        raise VerificationError("\n".join([*lines, rest]), self)

    def to_json(self, *, indent: Optional[int] = None) -> str:
        r"""The whole report as a JSON object.

        Its keys are ``ok``, ``manifest``, ``counts`` (by the verdicts' names),
        ``extra``, ``bytes``, ``seconds``, ``cancelled``, and ``results``, a list of
        objects with the keys of :class:`Result`. Bytes of names that are not UTF-8 are
        escaped as lone surrogates (``\udcXX``).
        """
        import json  # only where it is used: the command line must start fast

        return json.dumps(
            {
                "ok": self.ok,
                "manifest": self.manifest,
                "counts": {verdict.name: count for verdict, count in self.counts.items()},
                "extra": list(self.extra),
                "bytes": self.bytes,
                "seconds": self.seconds,
                "cancelled": self.cancelled,
                "results": [result.to_dict() for result in self.results],
            },
            indent=indent,
        )

    def close(self) -> None:
        """Gives the library's memory back; more than once is no error."""
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


def verify(
    root: StrOrBytesPath,
    manifest: Union[StrOrBytesPath, BinaryIO, None] = None,
    *,
    algorithm: str = "auto",
    format: str = "auto",  # noqa: A002
    zero: bool = False,
    strict: bool = True,
    ignore_missing: bool = False,
    audit: bool = False,
    exclude: Iterable[str] = (),
    contain: bool = True,
    detect_collisions: bool = False,
    threads: Optional[int] = None,
    progress: Optional[Callable[[Progress], object]] = None,
    cancel: Optional[Cancel] = None,
) -> Report:
    """Checks every file that a manifest lists, in parallel.

    Bad files are no exception: look at ``ok`` of the report, call its
    ``raise_for_status``, or use :func:`check_signature`. Ctrl-C ends a run at once; the
    ``KeyboardInterrupt`` then has what was done until then as ``report``. Other Python
    threads run meanwhile; any number of them may verify at once.

    Args:
        root: the directory that names are looked up in.
        manifest: the manifest's path, or an open binary file, which is read from where it
            is. One with a buffer is read at once and as a whole. One without (``buffering=0``)
            is read by the library in little memory, and must stay open until the run has ended;
            a pipe is waited for, also where it is not meant to wait. By default
            ``root/sha1sum.txt`` or else the only file there with the usual name of a manifest,
            such as ``SHA256SUMS``.
        algorithm: the algorithm of lines that do not name theirs: ``crc32``, ``md5``,
            ``sha1``, ``sha224``, ``sha256``, ``sha384``, ``sha512``, ``sha3-256``,
            ``sha3-512``, ``blake2b`` or ``blake3``. ``auto``: the manifest's name or
            the digest's length tells.
        format: ``gnu``, ``bsd``, ``sfv``, ``hashdeep``, ``bagit`` or ``record``; ``auto``:
            the manifest's name or content tells.
        zero: lines end with NUL, and no name is escaped.
        strict: malformed lines fail the run. Otherwise they are only reported.
        ignore_missing: files that are missing are skipped and do not fail the run.
        audit: files that are not listed fail the run and are in ``extra``.
        exclude: globs of files that are passed over: their lines are skipped, and an
            audit does not look for them. ``*`` and ``?`` stop at a slash, ``**`` does
            not; ``?`` and ``[a-z]`` stand for one byte; a glob without a slash matches any
            part of a name. ``./`` at the start stands for the root, and a slash at either
            end for all that is in a directory, too.
        contain: names that lead out of the root, through ``..`` or symbolic links too,
            are refused.
        detect_collisions: files that show signs of a collision attack on SHA-1 are
            refused where a line states a SHA-1 digest of them. SHA-1 is several times
            slower then.
        threads: how many threads read files; by default one a processor, and more while
            these wait for a disk.
        progress: called about ten times a second on this thread, while files are read.
        cancel: ends the run when it is raised.

    Raises:
        ManifestError: the directory or its manifest cannot be read.
        ValueError: an option is none that the library knows.
        Cancelled: the run was cancelled; ``report`` has what was done until then.

    Example:
        >>> report = verify("tests/data/logs")
        >>> report
        <Report: 9 OK, 1 MISMATCH>
        >>> [result.path for result in report.failures]
        ['httpd-08.log']
    """
    request = _Request.of(
        root,
        manifest,
        algorithm=algorithm,
        format=format,
        zero=zero,
        strict=strict,
        ignore_missing=ignore_missing,
        audit=audit,
        exclude=exclude,
        contain=contain,
        detect_collisions=detect_collisions,
        threads=threads,
        measure=progress is not None,
    )
    return checked(run(request, Report, told(progress), cancel))


def iter_verify(
    root: StrOrBytesPath,
    manifest: Union[StrOrBytesPath, BinaryIO, None] = None,
    *,
    algorithm: str = "auto",
    format: str = "auto",  # noqa: A002
    zero: bool = False,
    strict: bool = True,
    ignore_missing: bool = False,
    audit: bool = False,
    exclude: Iterable[str] = (),
    contain: bool = True,
    detect_collisions: bool = False,
    threads: Optional[int] = None,
    progress: Optional[Callable[[Progress], object]] = None,
    cancel: Optional[Cancel] = None,
) -> Generator[Result, None, Report]:
    """Gives the result of every line as it comes, in no particular order.

    The arguments are those of :func:`verify`; ``progress`` is called while a result is
    waited for. The run starts with the first result that is asked for. Leaving the loop
    ends it when the generator is garbage, which is at once on CPython; its ``close`` ends
    it at once on PyPy, too. The generator's own value is the :class:`Report`, so that
    ``report = yield from iter_verify(...)`` has also what an audit finds.

    Raises:
        ManifestError: the directory or its manifest cannot be read.
        Cancelled: the run was cancelled; ``report`` has what was done until then.

    Example:
        >>> for result in iter_verify("tests/data/logs"):
        ...     if result.verdict is not Verdict.OK:
        ...         print(result.path)
        httpd-08.log
    """
    request = _Request.of(
        root,
        manifest,
        algorithm=algorithm,
        format=format,
        zero=zero,
        strict=strict,
        ignore_missing=ignore_missing,
        audit=audit,
        exclude=exclude,
        contain=contain,
        detect_collisions=detect_collisions,
        threads=threads,
        measure=progress is not None,
    )
    return _streamed(request, told(progress), cancel)


async def verify_async(
    root: StrOrBytesPath,
    manifest: Union[StrOrBytesPath, BinaryIO, None] = None,
    *,
    algorithm: str = "auto",
    format: str = "auto",  # noqa: A002
    zero: bool = False,
    strict: bool = True,
    ignore_missing: bool = False,
    audit: bool = False,
    exclude: Iterable[str] = (),
    contain: bool = True,
    detect_collisions: bool = False,
    threads: Optional[int] = None,
    progress: Optional[Callable[[Progress], object]] = None,
    cancel: Optional[Cancel] = None,
) -> Report:
    """:func:`verify` for asyncio: the event loop goes on meanwhile.

    ``progress`` is called on the event loop, which handles an exception of its.
    Cancelling the task ends the run, and leaves ``cancel`` as it is.

    Example:
        >>> import asyncio
        >>> asyncio.run(verify_async("tests/data/logs"))
        <Report: 9 OK, 1 MISMATCH>
    """
    import asyncio  # only where it is used: the command line must start fast

    request = _Request.of(
        root,
        manifest,
        algorithm=algorithm,
        format=format,
        zero=zero,
        strict=strict,
        ignore_missing=ignore_missing,
        audit=audit,
        exclude=exclude,
        contain=contain,
        detect_collisions=detect_collisions,
        threads=threads,
        measure=progress is not None,
    )
    loop = asyncio.get_running_loop()
    flag = Cancel()
    tell = told(progress)

    def on_progress(event: ProgressTuple) -> None:
        if loop.is_closed():  # without the task's end, as after Ctrl-C twice
            flag.request()
        elif tell is not None and not flag.requested:
            loop.call_soon_threadsafe(tell, event)

    has_begun = threading.Event()

    def work() -> Report:
        has_begun.set()
        return run(request, Report, on_progress, flag)

    with ending(cancel, flag.request):
        future = loop.run_in_executor(None, work)
        try:
            return checked(await asyncio.shield(future))
        except asyncio.CancelledError:
            flag.request()
            # What waits for a thread of the executor's need not be waited for.
            if has_begun.is_set():
                await asyncio.wait([future])
                future.exception()  # which nobody wants to know
            raise
        finally:  # also where the coroutine is closed
            flag.request()
            future.cancel()


def check_signature(root_dir: StrOrBytesPath) -> None:
    """Checks every file that ``root_dir/sha1sum.txt`` lists; returns if all match.

    Raises:
        VerificationError: a file is bad. The text names the first one in the
            manifest's order; ``report`` is the whole report.
        ManifestError: the directory or its manifest cannot be read.
            Both are a :class:`ValueError`.

    Example:
        >>> check_signature("tests/data/logs")
        Traceback (most recent call last):
        ...
        checksig.errors.VerificationError: "tests/data/logs/httpd-08.log" - mismatch
    """
    root = os.fsencode(root_dir)
    report = verify(root, os.path.join(root, b"sha1sum.txt"))  # noqa: PTH118  # bytes
    message = report.message
    if message is not None:
        raise VerificationError(message.partition("\n")[0], report)


def _streamed(
    request: _Request,
    progress: Optional[Callable[[ProgressTuple], None]],
    cancel: Optional[Cancel],
) -> Generator[Result, None, Report]:
    with closing(stream(request, progress, cancel)) as results:
        while True:
            try:
                result = next(results)
            except StopIteration as end:
                return checked(Report(end.value))
            yield result_of(result)


@dataclass(frozen=True)
class _Request:
    """A call of the library with all arguments but the callbacks."""

    root: bytes
    manifest: Optional[bytes]
    options: RunOptions

    @classmethod
    def of(
        cls,
        root: StrOrBytesPath,
        manifest: Union[StrOrBytesPath, BinaryIO, None],
        *,
        algorithm: str = "auto",
        format: str = "auto",  # noqa: A002
        zero: bool = False,
        strict: bool = True,
        ignore_missing: bool = False,
        audit: bool = False,
        exclude: Iterable[str] = (),
        contain: bool = True,
        detect_collisions: bool = False,
        threads: Optional[int] = None,
        measure: bool = False,
    ) -> _Request:
        source = ManifestSource.of(manifest)
        options = RunOptions(
            algorithm=name_or_auto(algorithm, "algorithm"),
            format=name_or_auto(format, "format"),
            zero=bool(zero),
            lenient=not strict,
            ignore_missing=bool(ignore_missing),
            audit=bool(audit),
            allow_outside=not contain,
            detect_collisions=bool(detect_collisions),
            threads=thread_count(threads),
            measure=measure,
            exclude=globs(exclude),
            text=source.text,
            descriptor=source.stream,
        )
        return cls(path_bytes(root), source.path, options)

    def __call__(
        self,
        on_result: Optional[OnResult],
        on_progress: Optional[OnProgress],
        cancel: CancelHandle,
    ) -> ReportHandle:
        return backend.verify(
            self.root, self.manifest, self.options, on_result, on_progress, cancel
        )


def told(
    progress: Optional[Callable[[Progress], object]],
) -> Optional[Callable[[ProgressTuple], None]]:
    """The caller's function, made to take what the library tells."""
    if progress is None:
        return None

    def tell(now: ProgressTuple) -> None:
        progress(
            Progress(
                files=now.files,
                files_total=now.files_total,
                bytes=now.size,
                bytes_total=now.size_total,
                path=os.fsdecode(now.current),
            )
        )

    return tell


def checked(report: Report) -> Report:
    """The report, unless the run was cancelled."""
    if report.cancelled:
        raise Cancelled("the run was cancelled", report)
    return report


class ManifestSource(NamedTuple):
    """Where a manifest is: its path, or the name of what else it comes from."""

    path: Optional[bytes]
    text: Optional[bytes] = None
    stream: Optional[FileIO] = None

    @classmethod
    def of(cls, manifest: Union[StrOrBytesPath, BinaryIO, None]) -> ManifestSource:
        """Of an open file the text; the library itself reads one that has no buffer."""
        if manifest is None:
            return cls(None)
        if isinstance(manifest, (str, bytes, os.PathLike)):
            return cls(path_bytes(manifest))
        if not hasattr(manifest, "read"):
            kind = type(manifest).__name__
            raise TypeError(f"the manifest is a {kind}, want a path or an open binary file")
        name = getattr(manifest, "name", None)
        path = path_bytes(name) if isinstance(name, (str, bytes)) else b"-"
        if type(manifest) is FileIO:
            manifest.fileno()  # it is not closed
            return cls(path, stream=manifest)
        return cls(path, text=b"".join(_pieces(manifest)))


def _pieces(manifest: BinaryIO) -> Iterator[bytes]:
    """What a file has to its end: one that does not wait may have no more so far."""
    while True:
        piece = manifest.read()
        if piece is None:
            raise ManifestError("the manifest has no more so far, and is open without waiting")
        if not isinstance(piece, bytes):
            raise TypeError("the manifest is open as text, want it open as binary")
        if not piece:
            return
        yield piece


def path_bytes(path: StrOrBytesPath) -> bytes:
    """The path as the system has it."""
    encoded = os.fsencode(path)
    if b"\0" in encoded:
        raise ValueError("embedded null byte in the path")
    return encoded


def globs(exclude: Iterable[str]) -> tuple[bytes, ...]:
    """Globs for the library, which checks them."""
    if isinstance(exclude, (str, bytes)):
        raise TypeError("exclude is one text, want a list of globs")
    return tuple(c_text(glob, "exclude") for glob in exclude)


def name_or_auto(name: str, what: str) -> Optional[bytes]:
    """The name of an algorithm or a format for the library, which checks it."""
    return None if name == "auto" else c_text(name, what)


def thread_count(threads: Optional[int]) -> int:
    """The number for the library, where 0 stands for one a processor."""
    if threads is None:
        return 0
    if threads < 1:
        raise ValueError(f"threads is {threads}, want at least 1")
    return uint64(threads, "threads")


def result_of(result: ResultTuple) -> Result:
    """What Python sees of a result."""
    name, algorithm, expected, actual, reason, line, size, number = result
    verdict = _VERDICTS[number]
    # A mismatch without another digest: the size alone is wrong.
    if verdict is Verdict.OK or (verdict is Verdict.MISMATCH and actual is None):
        actual = expected
    return Result(
        path=os.fsdecode(name),
        verdict=verdict,
        algorithm=None if algorithm is None else algorithm.decode("ascii"),
        expected=None if expected is None else expected.hex(),
        actual=None if actual is None else actual.hex(),
        size=size,
        line=line,
        error=None if reason is None else reason.decode("utf-8"),
    )


def results_of(report: Report, verdicts: Iterable[Verdict]) -> Iterator[Result]:
    """The results that have one of these verdicts."""
    return map(result_of, report._handle.results([verdict.value for verdict in verdicts]))


def text_of(report: Report, verdicts: Iterable[Verdict], *, color: bool) -> Iterator[bytes]:
    """The same as lines of text, many at a time."""
    return report._handle.text([verdict.value for verdict in verdicts], color)
