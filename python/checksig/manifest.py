"""Checksum manifests by themselves: made, updated, read, written and compared."""

from __future__ import annotations

import os
from binascii import unhexlify
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Callable, Optional, Union

from ._native import backend
from ._native.surface import (
    CancelHandle,
    EntryTuple,
    OnProgress,
    OnResult,
    ReportHandle,
    RunOptions,
)
from ._native.values import c_text, uint64
from ._run import Cancel, run, undisturbed
from .checksig import (
    ManifestSource,
    Progress,
    Report,
    StrOrBytesPath,
    checked,
    globs,
    name_or_auto,
    path_bytes,
    thread_count,
    told,
)
from .errors import ManifestError

__all__ = [
    "Difference",
    "Entry",
    "create",
    "diff",
    "hash_file",
    "read_manifest",
    "update",
    "write_manifest",
]


#: A file of so many bytes takes longer to hash than a thread takes to start.
_LARGE = 1 << 20


@dataclass(frozen=True)
class Entry:
    """A digest that a manifest states for a file.

    Attributes:
        path: the file's name; bytes that are not UTF-8 are surrogates, as everywhere in
            :mod:`os`.
        algorithm: the digest's algorithm, such as ``"sha256"``; ``None`` where the line
            states no digest.
        digest: the digest in hexadecimal; ``None`` likewise.
        size: the file's size in bytes, where it is stated.
        line: the line's number, from 1; entries of one line follow each other. ``0``
            for one that is to be written.
    """

    path: str
    algorithm: Optional[str]
    digest: Optional[str]
    size: Optional[int] = None
    line: int = 0


@dataclass(frozen=True)
class Difference:
    """What is in one manifest and not in another.

    Attributes:
        added: the names that only the second lists.
        removed: the names that only the first lists.
        changed: the names that both list, with digests that cannot be of the same
            content.
        unchanged: the names whose digests agree in every algorithm that both state.
        incomparable: the names that have no algorithm in common.
    """

    added: list[str]
    removed: list[str]
    changed: list[str]
    unchanged: list[str]
    incomparable: list[str]

    def __bool__(self) -> bool:
        """Whether there is any difference."""
        return bool(self.added or self.removed or self.changed or self.incomparable)


def create(
    root: StrOrBytesPath,
    manifest: Optional[StrOrBytesPath] = None,
    *,
    algorithm: str = "sha256",
    format: str = "auto",  # noqa: A002
    zero: bool = False,
    detect_collisions: bool = False,
    exclude: Iterable[str] = (),
    threads: Optional[int] = None,
    progress: Optional[Callable[[Progress], object]] = None,
    cancel: Optional[Cancel] = None,
) -> Report:
    """Hashes every regular file below a directory and writes the manifest of them.

    It is sorted by name, lists neither itself nor links to it, and is written all or
    nothing: only if every file could be hashed, and in one step in place of what was
    there before. What is no regular file is passed over, with the verdict ``SKIPPED``.
    What would not pass
    :func:`checksig.verify` with its defaults, since the manifest's name tells another
    format or algorithm, or none where the lines do not tell it either, is not written;
    that is an error before a file is read.

    Args:
        root: the directory.
        manifest: the path to write; ``sha256sum.txt`` in the root by default, after the
            algorithm.
        algorithm: as for :func:`checksig.verify`; ``"auto"`` is ``"sha256"``, and
            ``"crc32"`` in the format ``"sfv"``, which has no other one.
        format: likewise; ``"auto"`` is the one that the manifest's name tells, ``"sfv"``
            of ``*.sfv``, ``"record"`` of ``RECORD`` and ``"bagit"`` of
            ``manifest-*.txt``, else ``"gnu"``.
        zero: lines end with NUL, and no name is escaped.
        detect_collisions: files that show signs of a collision attack on SHA-1 are
            refused where that is the algorithm, as for :func:`checksig.verify`.
        exclude: globs of files to leave out, as for :func:`checksig.verify`.
        threads: how many threads read files; by default as for :func:`checksig.verify`.
        progress: called about ten times a second on this thread, while files are read.
        cancel: ends the run when it is raised.

    Returns:
        A report: ``expected`` of each result is the file's digest. Where it is not ``ok``
        nothing was written.

    Raises:
        ManifestError: the directory cannot be read, or the manifest not written.
        Cancelled: the run was cancelled; nothing was written.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as directory:
        ...     _ = Path(directory, "greeting").write_text("hello")
        ...     create(directory, algorithm="md5").ok
        ...     print(Path(directory, "md5sum.txt").read_text(), end="")
        True
        5d41402abc4b2a76b9719d911017c592  greeting
    """
    root = path_bytes(root)
    if manifest is None:
        name = os.fsencode(usual_name(algorithm, format))
        manifest = os.path.join(root, name)  # noqa: PTH118  # bytes
    target = path_bytes(manifest)
    options = RunOptions(
        algorithm=name_or_auto(algorithm, "algorithm"),
        format=name_or_auto(format, "format"),
        zero=bool(zero),
        detect_collisions=bool(detect_collisions),
        threads=thread_count(threads),
        exclude=globs(exclude),
    )

    def call(
        on_result: Optional[OnResult], on_progress: Optional[OnProgress], flag: CancelHandle
    ) -> ReportHandle:
        return backend.create(root, target, options, on_result, on_progress, flag)

    return checked(run(call, Report, told(progress), cancel))


def update(
    root: StrOrBytesPath,
    manifest: Optional[StrOrBytesPath] = None,
    *,
    algorithm: str = "auto",
    format: str = "auto",  # noqa: A002
    zero: bool = False,
    detect_collisions: bool = False,
    exclude: Iterable[str] = (),
    threads: Optional[int] = None,
    progress: Optional[Callable[[Progress], object]] = None,
    cancel: Optional[Cancel] = None,
) -> Difference:
    """Makes a manifest anew and says what has changed since it was made.

    Its format and algorithm stay; ``algorithm``, ``format`` and ``zero`` say how it is
    read, as for :func:`checksig.verify`. Every file is read again: a digest is never
    carried over on trust.

    Raises:
        ManifestError: the manifest cannot be read or written, has malformed lines, several
            algorithms or short BLAKE2b digests, or a file cannot be read; ``report`` then
            tells which.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as directory:
        ...     _ = Path(directory, "a").write_text("1")
        ...     _ = create(directory)
        ...     _ = Path(directory, "b").write_text("2")
        ...     update(directory).added
        ['b']
    """
    root = path_bytes(root)
    path = backend.find_manifest(root) if manifest is None else path_bytes(manifest)
    options = RunOptions(
        algorithm=name_or_auto(algorithm, "algorithm"),
        format=name_or_auto(format, "format"),
        zero=bool(zero),
    )
    format_name, before = _stated(path, options)
    kinds = {_kind(one) for stated in before.values() for one in stated}
    if any(algorithm == b"blake2b" and bits != 512 for algorithm, bits in kinds):
        raise ManifestError(f'"{os.fsdecode(path)}" - want BLAKE2b digests of 512 bits')
    algorithms = {algorithm.decode("ascii") for algorithm, _bits in kinds if algorithm != _SIZE}
    if len(algorithms) != 1:
        found = ", ".join(sorted(algorithms)) or "no algorithm"
        raise ManifestError(f'"{os.fsdecode(path)}" - want one algorithm, found {found}')
    report = create(
        root,
        path,
        algorithm=algorithms.pop(),
        format=format_name,
        zero=zero,
        detect_collisions=detect_collisions,
        exclude=exclude,
        threads=threads,
        progress=progress,
        cancel=cancel,
    )
    if not report.ok:
        error = ManifestError(f"the manifest was not written: {report.message}")
        error.report = report
        raise error
    return _difference(before, _stated(path, options)[1])


def read_manifest(
    manifest: Union[StrOrBytesPath, BinaryIO],
    *,
    algorithm: str = "auto",
    format: str = "auto",  # noqa: A002
    zero: bool = False,
    strict: bool = True,
) -> list[Entry]:
    """The entries of a manifest, in its order; no file that it lists is looked at.

    The arguments are those of :func:`checksig.verify`. Malformed lines are an error, or
    left out where ``strict`` is false.

    Raises:
        ManifestError: the manifest cannot be read, or has a malformed line; ``line`` is
            its number.

    Example:
        >>> entries = read_manifest("tests/data/logs/sha1sum.txt")
        >>> len(entries), entries[0].path, entries[0].algorithm
        (10, 'httpd-00.log', 'sha1')
    """
    path, options = _source(manifest, algorithm, format, zero)
    _format, entries = _read(path, options._replace(lenient=not strict))
    return [_entry(entry) for entry in entries if entry.error is None]


def write_manifest(
    path: StrOrBytesPath,
    entries: Iterable[Entry],
    *,
    format: str = "auto",  # noqa: A002
    zero: bool = False,
) -> None:
    r"""Writes a manifest of these entries, all or nothing, in place of what was there.

    The format is by default what the path's name tells, as for :func:`create`.

    Raises:
        ManifestError: the format can't state an entry, who knows the path alone would
            read other entries, or the file can't be written.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as directory:
        ...     manifest = Path(directory, "MD5SUMS")
        ...     write_manifest(manifest, [Entry("a", "md5", "0" * 32)])
        ...     manifest.read_text()
        '00000000000000000000000000000000  a\n'
    """
    options = RunOptions(format=name_or_auto(format, "format"), zero=bool(zero))
    backend.write_manifest(path_bytes(path), [_entry_tuple(entry) for entry in entries], options)


def diff(
    first: Union[StrOrBytesPath, BinaryIO],
    second: Union[StrOrBytesPath, BinaryIO],
    *,
    algorithm: str = "auto",
    format: str = "auto",  # noqa: A002
    zero: bool = False,
) -> Difference:
    """What is in one manifest and not in another; formats and algorithms may differ.

    ``algorithm``, ``format`` and ``zero`` say how both are read, as for
    :func:`checksig.verify`.

    Raises:
        ManifestError: one of them cannot be read, or has a malformed line.

    Example:
        >>> bool(diff("tests/data/logs/sha1sum.txt", "tests/data/logs/sha1sum.txt"))
        False
    """
    sources = [_source(manifest, algorithm, format, zero) for manifest in (first, second)]
    before, after = (_stated(path, options)[1] for path, options in sources)
    return _difference(before, after)


def hash_file(path: StrOrBytesPath, algorithm: str = "sha256") -> str:
    """The digest of one regular file, in lower-case hexadecimal; Ctrl-C ends it at once.

    Raises:
        ManifestError: it is no regular file, or cannot be read.
        ArgumentError: the algorithm is unknown.

    Example:
        >>> hash_file("tests/data/logs/httpd-00.log", "sha1")
        '98cd16fa785baa83272235ef0e57d3dbff742dfa'
    """
    file, name = path_bytes(path), c_text(algorithm, "algorithm")

    def call(flag: CancelHandle) -> bytes:
        return backend.hash_file(file, name, flag)

    return (undisturbed(call) if _is_large(file) else call(backend.new_cancel())).hex()


def usual_name(algorithm: str, format_: str) -> str:
    """The name of a manifest that is made where none is given."""
    if algorithm == "auto":
        algorithm = "crc32" if format_ == "sfv" else "sha256"
    plain = algorithm.replace("-", "").replace("_", "").lower()
    name = {"blake2b": "b2", "blake3": "b3"}.get(plain, plain)
    return f"manifest-{plain}.txt" if format_ == "bagit" else f"{name}sum.txt"


def plain_name(name: str) -> str:
    """A name without ``.`` and empty parts, by which two lines are known to list one file.

    ``..`` stays, since what precedes it may be a link, and so does a slash at the end, since
    such a name can be a directory's alone.
    """
    if "//" not in name and "./" not in name and not name.endswith("."):
        return name
    start = "/" if name.startswith("/") else ""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    end = "/" if parts and name.endswith(("/", "/.")) else ""
    return f"{start}{'/'.join(parts)}{end}" or "."


def _is_large(file: bytes) -> bool:
    """Whether hashing a file takes so long that somebody may want it to end."""
    try:
        return os.stat(file).st_size >= _LARGE  # noqa: PTH116  # bytes
    except OSError:
        return False


def _source(
    manifest: Union[StrOrBytesPath, BinaryIO], algorithm: str, format_: str, zero: bool
) -> tuple[Optional[bytes], RunOptions]:
    """The path of a manifest that is to be read, and how."""
    source = ManifestSource.of(manifest)
    return source.path, RunOptions(
        algorithm=name_or_auto(algorithm, "algorithm"),
        format=name_or_auto(format_, "format"),
        zero=bool(zero),
        text=source.text,
        descriptor=source.stream,
    )


def _read(path: Optional[bytes], options: RunOptions) -> tuple[str, Iterator[EntryTuple]]:
    """The format of a manifest, and what its lines say."""
    return undisturbed(lambda flag: backend.read_manifest(path, options, flag))


def _entry(entry: EntryTuple) -> Entry:
    return Entry(
        path=os.fsdecode(entry.name),
        algorithm=None if entry.algorithm is None else entry.algorithm.decode("ascii"),
        digest=None if entry.digest is None else entry.digest.hex(),
        size=entry.size,
        line=entry.line,
    )


def _entry_tuple(entry: Entry) -> EntryTuple:
    if entry.size is not None and not 0 <= entry.size < 1 << 63:
        raise ValueError(f"the size of {entry.path!r} is {entry.size}, want 0 to 2**63 - 1")
    return EntryTuple(
        name=path_bytes(entry.path),
        algorithm=None if entry.algorithm is None else c_text(entry.algorithm, "algorithm"),
        digest=None if entry.digest is None else unhexlify(entry.digest),
        size=entry.size,
        line=uint64(entry.line, "line"),
    )


#: Names, and what is stated of each: of a digest the algorithm, a colon, and its bytes; so of a
#: size.
_Stated = dict[str, tuple[bytes, ...]]


def _stated(path: Optional[bytes], options: RunOptions) -> tuple[str, _Stated]:
    """The format of a manifest, and what it states in little memory."""
    format_name, entries = _read(path, options)
    stated: _Stated = {}
    for entry in entries:
        name = plain_name(os.fsdecode(entry.name))
        known = stated.setdefault(name, ())
        if entry.algorithm is not None and entry.digest is not None:
            known = _with(known, entry.algorithm + b":" + entry.digest)
        if entry.size is not None:
            known = _with(known, b"%s:%d" % (_SIZE, entry.size))
        stated[name] = known
    return format_name, stated


def _with(known: tuple[bytes, ...], stated: bytes) -> tuple[bytes, ...]:
    return known if stated in known else (*known, stated)


#: What tells a size from digests.
_SIZE = b"size"

#: An algorithm and how many bits its digest has; a size has none.
_Kind = tuple[bytes, int]


def _kind(stated: bytes) -> _Kind:
    """What is stated."""
    algorithm, _, value = stated.partition(b":")
    return algorithm, 0 if algorithm == _SIZE else 8 * len(value)


def _difference(before: _Stated, after: _Stated) -> Difference:
    difference = Difference(
        added=sorted(after.keys() - before.keys()),
        removed=sorted(before.keys() - after.keys()),
        changed=[],
        unchanged=[],
        incomparable=[],
    )
    for name in sorted(before.keys() & after.keys()):
        if before[name] == after[name]:
            difference.unchanged.append(name)
            continue
        first, second = _by_kind(before[name]), _by_kind(after[name])
        common = first.keys() & second.keys()
        if any(first[kind] != second[kind] for kind in common):
            difference.changed.append(name)
        elif any(algorithm != _SIZE for algorithm, _bits in common):
            difference.unchanged.append(name)
        else:
            difference.incomparable.append(name)
    return difference


def _by_kind(stated: Iterable[bytes]) -> dict[_Kind, set[bytes]]:
    kinds: dict[_Kind, set[bytes]] = {}
    for one in stated:
        kinds.setdefault(_kind(one), set()).add(one)
    return kinds
