"""Verifying directories: roots, verdicts, reports, errors and manifests of every kind."""

from __future__ import annotations

import doctest
import errno
import gc
import hashlib
import importlib
import os
import pickle
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Callable, TypeVar

import pytest

from checksig import (
    ChecksigError,
    ManifestError,
    Report,
    Result,
    Verdict,
    VerificationError,
    check_signature,
    verify,
)
from conftest import ROOT, need

T = TypeVar("T")

#: How long what must not hang may take, in seconds.
DEADLINE = 60

STATUS_IO = 5
STATUS_MANIFEST = 6

#: macOS refuses names that are not UTF-8.
any_bytes_in_names = pytest.mark.skipif(
    sys.platform == "darwin", reason="needs a file system that takes any name"
)


def sha1(content: bytes) -> str:
    """The digest of some content, from another implementation."""
    return hashlib.sha1(content).hexdigest()


def line_of(name: bytes, content: bytes) -> bytes:
    """A manifest's line as ``sha1sum`` writes it."""
    escaped = name.replace(b"\\", b"\\\\").replace(b"\n", b"\\n").replace(b"\r", b"\\r")
    mark = b"" if escaped == name else b"\\"
    return b"%s%s  %s\n" % (mark, sha1(content).encode(), escaped)


def write(root: Path, name: bytes, content: bytes) -> None:
    """Writes a file whose name is any bytes."""
    (root / os.fsdecode(name)).write_bytes(content)


def write_manifest(root: Path, text: bytes) -> None:
    """Writes what ``verify`` reads first."""
    (root / "sha1sum.txt").write_bytes(text)


def write_tree(root: Path, files: Mapping[bytes, bytes]) -> None:
    """Writes files, and the manifest that lists them in their order."""
    for name, content in files.items():
        write(root, name, content)
    write_manifest(root, b"".join(line_of(*file) for file in files.items()))


def in_time(call: Callable[[], T]) -> T:
    """What a call returns that could hang, were it wrong."""
    outcomes: list[T] = []
    thread = threading.Thread(target=lambda: outcomes.append(call()), daemon=True)
    thread.start()
    thread.join(DEADLINE)
    assert not thread.is_alive(), "it hangs"
    assert outcomes, "it raised an exception"
    return outcomes[0]


@pytest.fixture
def good(tmp_path: Path) -> Path:
    """A directory whose three files are as its manifest says."""
    write_tree(tmp_path, {b"one.log": b"one\n", b"two.log": b"", b"three.log": b"3" * 1000})
    return tmp_path


@pytest.fixture
def mixed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with every verdict, and its manifest with lines that are none."""
    root = tmp_path / "mixed"
    root.mkdir()
    write(tmp_path, b"outside", b"out\n")
    for name in (b"good.log", b"bad.log", b"last.log"):
        write(root, name, name)
    (root / "loop").symlink_to("loop")
    (root / "directory").mkdir()
    os.mkfifo(root / "fifo")
    # A socket's path has room for about 100 bytes: bind it by its bare name.
    monkeypatch.chdir(root)
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("socket")
    monkeypatch.undo()
    lines = [
        line_of(b"good.log", b"good.log"),
        line_of(b"bad.log", b"what it was"),
        b"# a comment\n",
        line_of(b"gone.log", b""),
        b"\n",
        line_of(b"loop", b""),
        line_of(b"directory", b""),
        line_of(b"fifo", b""),
        line_of(b"socket", b""),
        line_of(b"../outside", b"out\n"),
        line_of(os.fsencode(tmp_path / "outside"), b"out\n"),
        b"nonsense\n",
        line_of(b"last.log", b"last.log"),
    ]
    write_manifest(root, b"".join(lines))
    return root


# Roots


class AsPath:
    """A path that is neither text nor a :class:`pathlib.Path`."""

    def __init__(self, path: bytes) -> None:
        self._path = path

    def __fspath__(self) -> bytes:
        return self._path


@pytest.mark.parametrize(
    "kind",
    [str, os.fsencode, Path, lambda path: AsPath(os.fsencode(path)), lambda path: f"{path}/"],
    ids=["str", "bytes", "Path", "PathLike[bytes]", "trailing slash"],
)
def test_roots_of_every_type(good: Path, kind: Callable[[Path], Any]) -> None:
    """All name the same directory; a slash at the end is not doubled in messages."""
    root = kind(good)
    report = verify(root)
    assert (report.ok, report.message, len(report.results)) == (True, None, 3)
    check_signature(root)
    write(good, b"two.log", b"changed")
    assert verify(root).message == f'"{good}/two.log" - mismatch'
    with pytest.raises(VerificationError):
        check_signature(root)


def test_relative_roots(good: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages name the directory as the caller did."""
    write(good, b"two.log", b"changed")
    monkeypatch.chdir(good)
    assert verify(".").message == '"./two.log" - mismatch'
    monkeypatch.chdir(good.parent)
    assert verify(good.name).message == f'"{good.name}/two.log" - mismatch'
    assert verify(Path(good.name)).message == f'"{good.name}/two.log" - mismatch'


@any_bytes_in_names
def test_names_that_are_not_utf_8(tmp_path: Path) -> None:
    """Bytes become surrogates and back, in roots as in names."""
    root = os.fsencode(tmp_path) + b"/caf\xe9"
    Path(os.fsdecode(root)).mkdir()
    names = [b"\xff\xfe.log", b"na\xc3\xafve", b"\xed\xa0\x80"]
    write_tree(Path(os.fsdecode(root)), {name: name for name in names})
    for spelled in (root, os.fsdecode(root), Path(os.fsdecode(root))):
        report = verify(spelled)
        assert report.ok
        assert [os.fsencode(result.path) for result in report.results] == names
    for name in names:
        write(Path(os.fsdecode(root)), name, b"changed")
    report = verify(root)
    assert report.message is not None
    expected = [b'"%s/%s" - mismatch' % (root, name) for name in names]
    assert os.fsencode(report.message).split(b"\n") == expected
    with pytest.raises(VerificationError) as caught:
        check_signature(root)
    assert os.fsencode(str(caught.value)) == expected[0]


def test_a_name_cannot_forge_a_line(tmp_path: Path) -> None:
    """What could end a line or a quotation is escaped, in the root as in a name."""
    root = tmp_path / 'a"b\nc'
    root.mkdir()
    write_tree(root, {b'x" - mismatch\n"y': b"", b"\x1b[2J": b""})
    (root / 'x" - mismatch\n"y').write_bytes(b"changed")
    (root / "\x1b[2J").write_bytes(b"changed")
    message = verify(root).message
    assert message is not None
    prefix = f'"{tmp_path}/a\\"b\\nc/'
    assert message.split("\n") == [
        f'{prefix}x\\" - mismatch\\n\\"y" - mismatch',
        f'{prefix}\\x1b[2J" - mismatch',
    ]


@pytest.mark.parametrize("root", ["a\0b", b"a\0b", Path("a\0b")], ids=["str", "bytes", "Path"])
def test_a_root_with_a_nul(root: Any) -> None:
    """C would end there, and look at another directory."""
    for call in (verify, check_signature):
        with pytest.raises(ValueError, match="null byte"):
            call(root)


@pytest.mark.parametrize("root", [None, 3, 1.5, ["a"], object()])
def test_what_is_no_path(root: Any) -> None:
    """A file descriptor is none either."""
    with pytest.raises(TypeError, match="PathLike"):
        verify(root)
    with pytest.raises(TypeError, match="PathLike"):
        check_signature(root)


# Verdicts


def test_every_verdict(mixed: Path) -> None:
    """One line of the manifest for each that a quiet tree can have, in its order."""
    report = in_time(lambda: verify(mixed))
    found = [(r.line, r.path, r.verdict, r.error) for r in report.results]
    assert found == [
        (1, "good.log", Verdict.OK, None),
        (2, "bad.log", Verdict.MISMATCH, None),
        (4, "gone.log", Verdict.MISSING, None),
        (
            6,
            "loop",
            Verdict.UNREADABLE,
            f"{os.strerror(errno.ELOOP)} (os error {errno.ELOOP})",
        ),
        (7, "directory", Verdict.REFUSED, "is a directory"),
        (8, "fifo", Verdict.REFUSED, "is a FIFO"),
        (9, "socket", Verdict.REFUSED, "is a socket"),
        (10, "../outside", Verdict.REFUSED, "outside the directory"),
        (11, f"{mixed.parent}/outside", Verdict.REFUSED, "outside the directory"),
        (
            12,
            "",
            Verdict.MALFORMED,
            "want a SHA-1 digest of 40 hexadecimal digits, got none",
        ),
        (13, "last.log", Verdict.OK, None),
    ]
    quiet = set(Verdict) - {Verdict.CHANGED, Verdict.SKIPPED}
    assert {result.verdict for result in report.results} == quiet


def test_the_text_line_by_line(mixed: Path) -> None:
    """A line for each failure; ``check_signature`` raises the first of them."""
    expected = [
        f'"{mixed}/bad.log" - mismatch',
        f'"{mixed}/gone.log" - missing',
        f'"{mixed}/loop" - unreadable: {os.strerror(errno.ELOOP)} (os error {errno.ELOOP})',
        f'"{mixed}/directory" - refused: is a directory',
        f'"{mixed}/fifo" - refused: is a FIFO',
        f'"{mixed}/socket" - refused: is a socket',
        f'"{mixed}/../outside" - refused: outside the directory',
        f'"{mixed}/{mixed.parent}/outside" - refused: outside the directory',
        f'"{mixed}/sha1sum.txt" line 12 - malformed: '
        "want a SHA-1 digest of 40 hexadecimal digits, got none",
    ]
    report = in_time(lambda: verify(mixed))
    assert report.message is not None
    assert report.message.split("\n") == expected
    with pytest.raises(VerificationError) as caught:
        check_signature(mixed)
    assert str(caught.value) == expected[0]
    assert caught.value.report is not None
    assert caught.value.report.message == report.message


def test_counts_bytes_and_seconds(mixed: Path) -> None:
    """What no line has is left out of the counts; failures are the rest, in order."""
    report = in_time(lambda: verify(mixed))
    assert report.counts == {
        Verdict.OK: 2,
        Verdict.MISMATCH: 1,
        Verdict.MISSING: 1,
        Verdict.UNREADABLE: 1,
        Verdict.REFUSED: 5,
        Verdict.MALFORMED: 1,
    }
    assert list(report.counts) == [verdict for verdict in Verdict if verdict in report.counts]
    assert sum(report.counts.values()) == len(report.results)
    assert not report.ok
    assert report.bytes == sum(map(len, (b"good.log", b"bad.log", b"last.log")))
    assert report.bytes == sum(result.size for result in report.results)
    assert isinstance(report.seconds, float)
    assert 0 <= report.seconds < DEADLINE
    assert report.seconds == report.seconds
    assert list(report.failures) == [r for r in report.results if r.verdict is not Verdict.OK]
    assert repr(report) == (
        "<Report: 2 OK, 1 MISMATCH, 1 MISSING, 1 UNREADABLE, 5 REFUSED, 1 MALFORMED>"
    )


def test_every_field_against_hashlib(mixed: Path) -> None:
    """Digests are there where the manifest or the file gives one."""
    empty = sha1(b"")
    results = in_time(lambda: verify(mixed)).results
    algorithms = [None if result.path == "" else "sha1" for result in results]
    assert [result.algorithm for result in results] == algorithms
    digests = [(result.path, result.expected, result.actual, result.size) for result in results]
    assert digests == [
        ("good.log", sha1(b"good.log"), sha1(b"good.log"), 8),
        ("bad.log", sha1(b"what it was"), sha1(b"bad.log"), 7),
        ("gone.log", empty, None, 0),
        ("loop", empty, None, 0),
        ("directory", empty, None, 0),
        ("fifo", empty, None, 0),
        ("socket", empty, None, 0),
        ("../outside", sha1(b"out\n"), None, 0),
        (f"{mixed.parent}/outside", sha1(b"out\n"), None, 0),
        ("", None, None, 0),
        ("last.log", sha1(b"last.log"), sha1(b"last.log"), 8),
    ]


def test_digests_at_every_boundary(tmp_path: Path) -> None:
    """Sizes around SHA-1's block and around a read, good and bad by turns."""
    block, chunk = 64, 128 * 1024
    sizes = [0, 1, 54, 55, 56, block - 1, block, block + 1, 119, 120, 2 * block]
    sizes += [chunk - 1, chunk, chunk + 1, 3 * chunk + 5]
    pattern = bytes(range(251)) * (4 * chunk // 251 + 1)
    contents = {b"size-%d" % size: pattern[:size] for size in sizes}
    write_tree(tmp_path, contents)
    bad = list(contents)[::2]
    for name in bad:
        contents[name] += b"more"
        write(tmp_path, name, contents[name])
    report = verify(tmp_path)
    assert [result.actual for result in report.results] == list(map(sha1, contents.values()))
    assert [result.size for result in report.results] == list(map(len, contents.values()))
    assert [os.fsencode(result.path) for result in report.failures] == bad
    assert [result.expected for result in report.failures] == [
        sha1(pattern[: int(name[5:])]) for name in bad
    ]
    assert report.bytes == sum(map(len, contents.values()))


@pytest.mark.parametrize("place", [0, 1, 131_071, 131_072, 299_999])
def test_one_flipped_bit_is_found(tmp_path: Path, place: int) -> None:
    """Wherever in a file it is."""
    content = bytearray(b"checksig" * 37_500)
    write_tree(tmp_path, {b"before": b"b", b"large": bytes(content), b"after": b"a"})
    assert verify(tmp_path).ok
    content[place] ^= 1
    write(tmp_path, b"large", bytes(content))
    report = verify(tmp_path)
    (failure,) = report.failures
    assert (failure.path, failure.verdict) == ("large", Verdict.MISMATCH)
    assert failure.actual == sha1(bytes(content))
    assert report.counts == {Verdict.OK: 2, Verdict.MISMATCH: 1}


def test_names_below_the_root(tmp_path: Path) -> None:
    """Sub-directories, ``.`` and a ``..`` that stays inside are fine; a file twice too."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    write(tmp_path, b"a/b/file", b"deep")
    (tmp_path / "link").symlink_to("a/b/file")
    (tmp_path / "dangling").symlink_to("a/b/nowhere")
    names = [b"a/b/file", b"./a//b/file", b"a/b/../b/file", b"link", b"a/b/file"]
    write_manifest(tmp_path, b"".join(line_of(name, b"deep") for name in names))
    report = verify(tmp_path)
    assert report.ok
    assert [os.fsencode(result.path) for result in report.results] == names
    write_manifest(tmp_path, line_of(b"dangling", b"deep") + line_of(b"a/b/../../../x", b""))
    verdicts = [result.verdict for result in verify(tmp_path).results]
    assert verdicts == [Verdict.MISSING, Verdict.REFUSED]


def test_the_logs(logs: Path) -> None:
    """Nine files are as they were, and one is not."""
    report = verify(logs)
    assert not report.ok
    assert [result.path for result in report.results] == [f"httpd-{n:02}.log" for n in range(10)]
    assert report.counts == {Verdict.OK: 9, Verdict.MISMATCH: 1}
    (failure,) = report.failures
    assert (failure.path, failure.verdict) == ("httpd-08.log", Verdict.MISMATCH)
    content = (logs / "httpd-08.log").read_bytes()
    assert failure.actual == sha1(content) != failure.expected
    assert failure.size == len(content)
    with pytest.raises(VerificationError, match=r"httpd-08\.log\" - mismatch$"):
        check_signature(logs)


# Threads


@pytest.mark.parametrize("threads", [1, 2, 64, 2**64 - 1])
def test_any_number_of_threads_finds_the_same(mixed: Path, threads: int) -> None:
    """The order is the manifest's, whoever is ready first."""
    expected = in_time(lambda: verify(mixed))
    report = in_time(lambda: verify(mixed, threads=threads))
    assert list(report.results) == list(expected.results)
    assert len(report.results) == 11
    assert report.message == expected.message


def test_the_order_of_many_files(tmp_path: Path) -> None:
    """Files of very different sizes, more than there are threads."""
    contents = {b"%04d" % n: b"x" * (n * 7919 % 20_011) for n in range(600)}
    write_tree(tmp_path, contents)
    for threads in (None, 1, 7, 64):
        report = verify(tmp_path, threads=threads)
        assert report.ok
        assert [os.fsencode(result.path) for result in report.results] == list(contents)
        assert [result.actual for result in report.results] == list(map(sha1, contents.values()))


@pytest.mark.parametrize("threads", [0, -1, -(2**70)])
def test_a_number_of_threads_that_is_not_positive(good: Path, threads: int) -> None:
    """Zero is the library's word for one a processor, not Python's."""
    with pytest.raises(ValueError, match=f"threads is {threads}, want at least 1"):
        verify(good, threads=threads)


@pytest.mark.parametrize("threads", [2**64, 2**64 + 2, 2**200])
def test_more_threads_than_fit(good: Path, threads: int) -> None:
    """Not quietly another number."""
    with pytest.raises((OverflowError, ValueError)):
        verify(good, threads=threads)


@pytest.mark.parametrize("threads", [1.5, "2"])
def test_a_number_of_threads_that_is_none(good: Path, threads: Any) -> None:
    """A wrong type is a TypeError, whichever way the library is called."""
    with pytest.raises(TypeError):
        verify(good, threads=threads)


# Reports


def test_results_are_a_sequence(mixed: Path) -> None:
    """As a list would be, without being one."""
    report = in_time(lambda: verify(mixed))
    results = report.results
    assert isinstance(results, Sequence)
    everything = list(results)
    assert all(isinstance(result, Result) for result in everything)
    assert len(results) == len(everything) == 11
    assert [results[place] for place in range(11)] == everything
    assert [results[place] for place in range(-11, 0)] == everything
    for part in (
        slice(None),
        slice(2, 5),
        slice(-3, None),
        slice(None, None, -1),
        slice(8, 99),
        slice(4, 4),
        slice(0, 11, 3),
    ):
        assert results[part] == everything[part]
    for place in (11, -12, 2**70, -(2**70)):
        with pytest.raises(IndexError):
            results[place]
    with pytest.raises(TypeError):
        results["good.log"]  # type: ignore[call-overload]
    assert list(reversed(results)) == everything[::-1]
    assert everything[3] in results
    assert results.index(everything[5]) == 5
    assert results.count(everything[5]) == 1


def test_a_result_is_a_value(good: Path) -> None:
    """Equal to another of the same line, hashable, and not to be changed."""
    report = verify(good)
    first, again = report.results[0], report.results[0]
    assert first == again
    assert first != report.results[1]
    assert len({first, again, report.results[1]}) == 2
    with pytest.raises(AttributeError):
        first.path = "other"  # type: ignore[misc]
    assert pickle.loads(pickle.dumps(first)) == first
    assert first == Result(
        path="one.log",
        verdict=Verdict.OK,
        algorithm="sha1",
        expected=sha1(b"one\n"),
        actual=sha1(b"one\n"),
        size=4,
        line=1,
        error=None,
    )


def test_failures_come_one_by_one(mixed: Path) -> None:
    """Each is looked for when it is asked for, and not after the report is closed."""
    report = in_time(lambda: verify(mixed))
    failures = report.failures
    assert next(failures).path == "bad.log"
    assert next(failures).path == "gone.log"
    assert [failure.path for failure in report.failures][:2] == ["bad.log", "gone.log"]
    report.close()
    with pytest.raises(ValueError, match="closed"):
        next(failures)


USES: dict[str, Callable[[Report], object]] = {
    "ok": lambda report: report.ok,
    "message": lambda report: report.message,
    "counts": lambda report: report.counts,
    "extra": lambda report: report.extra,
    "len(extra)": lambda report: len(report.extra),
    "cancelled": lambda report: report.cancelled,
    "manifest": lambda report: report.manifest,
    "to_json": lambda report: report.to_json(),
    "raise_for_status": lambda report: report.raise_for_status(),
    "bytes": lambda report: report.bytes,
    "seconds": lambda report: report.seconds,
    "failures": lambda report: list(report.failures),
    "results": lambda report: list(report.results),
    "results[0]": lambda report: report.results[0],
    "results[:1]": lambda report: report.results[:1],
    "len(results)": lambda report: len(report.results),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_use_after_close(good: Path, use: Callable[[Report], object]) -> None:
    """A ValueError each time, as from a closed file."""
    report = verify(good)
    use(report)
    report.close()
    for _ in range(2):
        with pytest.raises(ValueError, match="the report is closed"):
            use(report)


def test_closing(good: Path) -> None:
    """Twice is no error; a closed report still says what it is."""
    report = verify(good)
    assert repr(report) == "<Report: 3 OK>"
    report.close()
    report.close()
    assert repr(report) == "<Report: closed>"
    with verify(good) as report:
        assert report.ok
    with pytest.raises(ValueError, match="closed"):
        report.ok  # noqa: B018  # reading it is the point
    with pytest.raises(KeyError), verify(good) as report:
        raise KeyError("its own")
    with pytest.raises(ValueError, match="closed"):
        report.ok  # noqa: B018
    with verify(good) as report:
        report.close()


def test_results_do_not_outlive_their_report(good: Path) -> None:
    """The sequence keeps the report; close ends both, but not results already made."""
    results = verify(good).results
    failures = verify(good).failures
    for _ in range(3):
        gc.collect()
    assert [result.path for result in results] == ["one.log", "two.log", "three.log"]
    assert list(failures) == []
    report = verify(good)
    results = report.results
    made = results[0]
    report.close()
    with pytest.raises(ValueError, match="closed"):
        results[0]
    assert (made.path, made.expected) == ("one.log", sha1(b"one\n"))


def test_a_report_cannot_be_copied(good: Path) -> None:
    """It has one handle, released once; the attempt leaves it as it was."""
    import copy

    report = verify(good)
    for attempt in (pickle.dumps, copy.deepcopy):
        with pytest.raises((TypeError, ValueError, pickle.PicklingError)):
            attempt(report)
        for _ in range(3):
            gc.collect()
    assert report.ok
    assert len(report.results) == 3


def test_an_error_from_another_process_has_no_report(mixed: Path) -> None:
    """The text crosses, the library's memory does not."""
    with pytest.raises(VerificationError) as caught:
        check_signature(mixed)
    crossed = pickle.loads(pickle.dumps(caught.value))
    assert type(crossed) is VerificationError
    assert str(crossed) == str(caught.value)
    assert crossed.report is None


# Errors


def manifest_is_missing(root: Path) -> Path:
    """A directory without a manifest."""
    return root


def manifest_is_a_directory(root: Path) -> Path:
    """A directory of the manifest's name."""
    (root / "sha1sum.txt").mkdir()
    return root


def manifest_is_a_fifo(root: Path) -> Path:
    """A FIFO that nobody writes to."""
    os.mkfifo(root / "sha1sum.txt")
    return root


def manifest_is_little_endian(root: Path) -> Path:
    """What a shell's ``>`` writes on some systems."""
    write_manifest(root, b"\xff\xfe" + line_of(b"a", b"").decode().encode("utf-16-le"))
    return root


def manifest_is_big_endian(root: Path) -> Path:
    """The other order."""
    write_manifest(root, b"\xfe\xff" + line_of(b"a", b"").decode().encode("utf-16-be"))
    return root


def root_is_missing(root: Path) -> Path:
    """No such directory."""
    return root / "nowhere"


def root_is_a_file(root: Path) -> Path:
    """A file where a directory is wanted."""
    write(root, b"file", b"")
    return root / "file"


def root_is_a_fifo(root: Path) -> Path:
    """A FIFO where a directory is wanted."""
    os.mkfifo(root / "fifo")
    return root / "fifo"


def outcome_of(call: Callable[[Path], object], root: Path) -> BaseException:
    """The exception that a call raises; fails where it raises none."""
    with pytest.raises(ChecksigError) as caught:
        call(root)
    return caught.value


@pytest.mark.parametrize(
    ("prepare", "status", "text"),
    [
        (root_is_missing, STATUS_IO, '"{root}" - cannot open the directory: No such file'),
        (root_is_a_file, STATUS_IO, '"{root}" - cannot open the directory: Not a directory'),
        (root_is_a_fifo, STATUS_IO, '"{root}" - cannot open the directory: Not a directory'),
        (manifest_is_missing, STATUS_IO, '"{root}/sha1sum.txt" - cannot read the manifest: No su'),
        (manifest_is_a_directory, STATUS_IO, '"{root}/sha1sum.txt" - cannot read the manifest: is'),
        (manifest_is_a_fifo, STATUS_IO, '"{root}/sha1sum.txt" - cannot read the manifest: is a F'),
        (manifest_is_little_endian, STATUS_MANIFEST, '"{root}/sha1sum.txt" - cannot read the man'),
        (manifest_is_big_endian, STATUS_MANIFEST, '"{root}/sha1sum.txt" - cannot read the manif'),
    ],
)
def test_nothing_to_check(
    tmp_path: Path, prepare: Callable[[Path], Path], status: int, text: str
) -> None:
    """A ManifestError that says why, which is a ValueError, from both functions."""
    root = prepare(tmp_path)

    def verify_named(directory: Path) -> Report:
        return verify(directory, directory / "sha1sum.txt")

    for call in (verify_named, check_signature):
        error = in_time(lambda call=call: outcome_of(call, root))  # type: ignore[misc]
        assert type(error) is ManifestError
        assert isinstance(error, ValueError)
        assert error.status == status
        assert str(error).startswith(text.format(root=root))
        if status == STATUS_MANIFEST:
            assert "UTF-16" in str(error)
        again = pickle.loads(pickle.dumps(error))
        assert (type(again), str(again), again.status) == (ManifestError, str(error), status)


def test_an_empty_root() -> None:
    """It is not the current directory."""
    with pytest.raises(ManifestError, match=r'^"" - cannot open the directory'):
        verify("")


@pytest.mark.parametrize("text", [b"", b"\n\r\n  \n", b"# nothing\n", b"\xef\xbb\xbf"])
def test_a_manifest_that_lists_no_file(tmp_path: Path, text: bytes) -> None:
    """Nothing was verified, so all is not well."""
    write_manifest(tmp_path, text)
    report = verify(tmp_path)
    assert not report.ok
    assert (len(report.results), report.counts, report.bytes) == (0, {}, 0)
    assert (list(report.results), list(report.failures)) == ([], [])
    assert repr(report) == "<Report: no file>"
    assert report.message == f'"{tmp_path}/sha1sum.txt" - lists no file'
    with pytest.raises(IndexError):
        report.results[0]
    with pytest.raises(VerificationError, match="lists no file"):
        check_signature(tmp_path)


def test_a_verification_error(mixed: Path) -> None:
    """It has the whole report, open, and no status: the library did its work."""
    with pytest.raises(VerificationError) as caught:
        check_signature(mixed)
    error = caught.value
    assert isinstance(error, ValueError)
    assert isinstance(error, ChecksigError)
    assert not isinstance(error, ManifestError)
    assert error.status is None
    assert isinstance(error.report, Report)
    assert error.report.message is not None
    assert error.report.message.split("\n")[0] == str(error)
    assert error.report.counts[Verdict.REFUSED] == 5
    assert [result.path for result in error.report.failures][:2] == ["bad.log", "gone.log"]


def test_check_signature_returns_nothing(good: Path) -> None:
    """There is nothing to look at, so nothing to forget to look at."""
    returned: object = check_signature(good)  # type: ignore[func-returns-value]
    assert returned is None


# Manifests

DIGEST = sha1(b"content")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (f"{DIGEST}  a.log\n", "a.log"),
        (f"{DIGEST}  a.log", "a.log"),
        (f"{DIGEST}  a.log\r\n", "a.log"),
        (f"{DIGEST} *a.log\n", "a.log"),
        (f"{DIGEST} a.log\n", "a.log"),
        (f"{DIGEST}\ta.log\n", "a.log"),
        (f"SHA1 (a.log) = {DIGEST}\n", "a.log"),
        (f"SHA1(a.log)= {DIGEST}\n", "a.log"),
        (f"{DIGEST}  *a.log\n", "*a.log"),
        (f"{DIGEST.upper()}  a.log\n", "a.log"),
        (f"{DIGEST[:20].upper()}{DIGEST[20:]}  a.log\n", "a.log"),
        (f"\ufeff{DIGEST}  a.log\r\n", "a.log"),
        (f"\\{DIGEST}  a\\nb\\rc\\\\d\n", "a\nb\rc\\d"),
        (f"{DIGEST}  a\\nb\n", "a\\nb"),
        (f"{DIGEST}    two spaces first\n", "  two spaces first"),
        (f"{DIGEST}  -\n", "-"),
        (f"{DIGEST}  #a\n", "#a"),
        (f"{DIGEST}  日本 ñ\n", "日本 ñ"),
        (f"# a comment\n\n{DIGEST}  a.log\n", "a.log"),
    ],
)
def test_lines_that_name_a_file(tmp_path: Path, text: str, name: str) -> None:
    """What checksum tools write, on whatever system."""
    write(tmp_path, name.encode(), b"content")
    write_manifest(tmp_path, text.encode())
    report = verify(tmp_path)
    (result,) = report.results
    assert (result.path, result.verdict, result.expected) == (name, Verdict.OK, DIGEST)
    assert report.ok
    write(tmp_path, name.encode(), b"changed")
    (result,) = verify(tmp_path).results
    assert (result.path, result.verdict, result.actual) == (
        name,
        Verdict.MISMATCH,
        sha1(b"changed"),
    )


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (b"no.log\n", "got none"),
        (DIGEST[1:].encode() + b"  a.log\n", "got 39 digits"),
        (DIGEST.encode() + b"0  a.log\n", "got 41 digits"),
        (b"e3" * 32 + b"  a.log\n", "got 64 digits"),
        (DIGEST.encode() + b"\n", "no file name"),
        (DIGEST.encode() + b"  \r\n", "no file name"),
        (DIGEST.encode() + b"  a.log\0b\n", "NUL"),
        (b"\\" + DIGEST.encode() + b"  a\\t.log\n", "escape"),
    ],
)
def test_lines_that_name_none(tmp_path: Path, text: bytes, error: str) -> None:
    """Each is a failure with its number: no line is passed over unseen."""
    write(tmp_path, b"a.log", b"content")
    write_manifest(tmp_path, b"# first\n" + text + line_of(b"a.log", b"content"))
    report = verify(tmp_path)
    malformed, fine = report.results
    assert (malformed.line, malformed.path, malformed.verdict) == (2, "", Verdict.MALFORMED)
    assert (malformed.expected, malformed.actual, malformed.size) == (None, None, 0)
    assert malformed.error is not None
    assert error in malformed.error
    assert (fine.line, fine.path, fine.verdict) == (3, "a.log", Verdict.OK)
    assert not report.ok
    assert report.message == f'"{tmp_path}/sha1sum.txt" line 2 - malformed: {malformed.error}'


@pytest.mark.parametrize("blank", [b" ", b"\t"])
def test_the_first_line_says_how_many_spaces(tmp_path: Path, blank: bytes) -> None:
    """A line of the other kind might name another file than was meant."""
    write(tmp_path, b"a.log", b"content")
    one = DIGEST.encode() + blank + b"a.log\n"
    two = line_of(b"a.log", b"content")
    for text, error in [(one + two, "want one space"), (two + one, "want two spaces")]:
        write_manifest(tmp_path, text)
        report = verify(tmp_path)
        fine, malformed = report.results
        assert (fine.line, fine.path, fine.verdict) == (1, "a.log", Verdict.OK)
        assert (malformed.line, malformed.path, malformed.verdict) == (2, "", Verdict.MALFORMED)
        assert malformed.error is not None
        assert malformed.error.startswith(error)
        assert not report.ok


ODD_NAMES = [
    b"plain.log",
    b"new\nline",
    b"carriage\rreturn",
    b"back\\slash",
    b"\\leading backslash",
    b"\\n",
    b"  leading spaces",
    b"trailing spaces  ",
    b"-",
    b"--check",
    b"\"quoted\" 'twice'",
    b"*star",
    b"#hash",
    b"tab\there",
    b"a) = b",
    "ünïcødé 日本 🦀".encode(),
    b"$(echo x);`y`",
    DIGEST.encode() + b"  a.log",
    b"n" * 255,
]


@pytest.mark.parametrize("mode", ["--text", "--binary"])
def test_a_manifest_by_sha1sum(tmp_path: Path, mode: str) -> None:
    """The tool's own file, over a tree with odd names, passes; then one file changes."""
    tool = need("sha1sum")
    names = list(ODD_NAMES)
    if sys.platform != "darwin":
        names.append(b"not utf-8 \xff\xe9")
    for name in names:
        write(tmp_path, name, name * 3)
    # A bare `-` would be standard input.
    arguments = [b"./-" if name == b"-" else name for name in names]
    listing = subprocess.run(
        [os.fsencode(tool), mode.encode(), b"--", *arguments],
        cwd=tmp_path,
        check=True,
        stdout=subprocess.PIPE,
    ).stdout
    write_manifest(tmp_path, listing)
    report = verify(tmp_path)
    assert report.message is None
    assert report.counts == {Verdict.OK: len(names)}
    assert [os.fsencode(result.path) for result in report.results] == arguments
    assert [result.actual for result in report.results] == [sha1(name * 3) for name in names]
    check_signature(tmp_path)
    write(tmp_path, b"new\nline", b"changed")
    (failure,) = verify(tmp_path).failures
    assert (failure.path, failure.verdict) == ("new\nline", Verdict.MISMATCH)


# The documentation


def test_the_examples_of_the_documentation(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the docstrings promise, typed as there."""
    monkeypatch.chdir(ROOT)
    for name in ("checksig", "checksig.checksig", "checksig.manifest", "checksig._run"):
        failed, attempted = doctest.testmod(importlib.import_module(name))
        assert (failed, attempted > 0) == (0, True), name
