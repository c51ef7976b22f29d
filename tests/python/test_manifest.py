"""Manifests by themselves: made, updated, read, written and compared."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import pickle
import socket
import stat
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Callable

import pytest

from checksig import (
    Cancel,
    Cancelled,
    Difference,
    Entry,
    ManifestError,
    Report,
    Result,
    Verdict,
    create,
    diff,
    hash_file,
    read_manifest,
    update,
    verify,
    write_manifest,
)
from checksig.errors import ArgumentError
from conftest import need

#: How long what must happen may take, in seconds.
DEADLINE = 60

FORMATS = ["gnu", "bsd", "sfv", "hashdeep", "bagit", "record"]

HASHLIB = {
    "md5": "md5",
    "sha1": "sha1",
    "sha224": "sha224",
    "sha256": "sha256",
    "sha384": "sha384",
    "sha512": "sha512",
    "sha3-256": "sha3_256",
    "sha3-512": "sha3_512",
    "blake2b": "blake2b",
}

ALGORITHMS = ["crc32", *HASHLIB, "blake3"]

#: What ``b3sum`` writes of the empty file, by BLAKE3's published vectors.
BLAKE3_OF_NOTHING = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"

#: Names that a line of ``sha256sum`` must escape, or that look like something else.
ODD_NAMES = [
    "plain",
    "new\nline",
    "carriage\rreturn",
    "back\\slash",
    "\\n",
    "  leading spaces",
    "trailing spaces  ",
    "-",
    "--check",
    "*star",
    "#hash",
    "a) = b",
    "tab\there",
    "ünïcødé 日本 🦀",
    "%0A",
    'a,"b"',
    "d/e/f",
    "d.e",
    "d",
]


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def write_files(root: Path, files: Mapping[str, bytes]) -> None:
    """Writes files, and the directories that they are in."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def algorithm_for(format_: str) -> str:
    """One that the format has."""
    return "crc32" if format_ == "sfv" else "sha256"


def names_in(directory: Path) -> list[str]:
    """What is in a directory, sorted."""
    return sorted(path.name for path in directory.iterdir())


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A directory with files in two others."""
    root = tmp_path / "files"
    write_files(root, {"b": b"b\n", "a/z": b"", "a.b": b"1" * 200_000, "a/c/d": b"d", "é": b"e"})
    return root


NAMES = ["a.b", "a/c/d", "a/z", "b", "é"]


# Making one


def test_creating_a_manifest(files: Path) -> None:
    """Sorted byte by byte, each digest as another implementation has it."""
    report = create(files)
    text = (files / "sha256sum.txt").read_text()
    expected = [(sha256((files / name).read_bytes()), name) for name in NAMES]
    assert text == "".join(f"{digest}  {name}\n" for digest, name in expected)
    assert report.ok
    assert isinstance(report, Report)
    assert report.manifest == f"{files}/sha256sum.txt"
    assert list(report.results) == [
        Result(
            path=name,
            verdict=Verdict.OK,
            algorithm="sha256",
            expected=digest,
            actual=digest,
            size=(files / name).stat().st_size,
            line=line,
            error=None,
        )
        for line, (digest, name) in enumerate(expected, 1)
    ]
    assert verify(files, audit=True).ok


def test_a_manifest_does_not_list_itself(files: Path, tmp_path: Path) -> None:
    """Neither when it is new nor when it was there, wherever below the root it is."""
    for manifest in ("SHA256SUMS", "a/SHA256SUMS"):
        for _ in range(2):
            create(files, files / manifest)
            entries = read_manifest(files / manifest)
            assert manifest not in [entry.path for entry in entries]
            assert len(entries) >= len(NAMES)
    # Others are files like any.
    assert "SHA256SUMS" in [entry.path for entry in read_manifest(files / "a/SHA256SUMS")]
    create(files, tmp_path / "SHA256SUMS")
    listed = [entry.path for entry in read_manifest(tmp_path / "SHA256SUMS")]
    assert {"SHA256SUMS", "a/SHA256SUMS"} < set(listed)


def test_no_other_file_is_left(files: Path) -> None:
    """What was written on the way has taken the manifest's place."""
    before = names_in(files)
    create(files)
    create(files)
    assert names_in(files) == sorted([*before, "sha256sum.txt"])


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_algorithm(files: Path, algorithm: str) -> None:
    """The name that it makes tells the algorithm to who reads it."""
    report = create(files, algorithm=algorithm)
    short = {"blake2b": "b2", "blake3": "b3"}
    name = short.get(algorithm, algorithm.replace("-", "")) + "sum.txt"
    assert report.manifest == f"{files}/{name}"
    again = verify(files, files / name, audit=True)
    assert again.counts == {Verdict.OK: len(NAMES)}
    assert {result.algorithm for result in again.results} == {algorithm}
    assert again.ok


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_manifest_is_found_again(files: Path, algorithm: str) -> None:
    """By ``verify`` and ``update`` with their defaults, as it was made with one."""
    create(files, algorithm=algorithm)
    assert verify(files).counts == {Verdict.OK: len(NAMES)}
    assert not update(files)


@pytest.mark.parametrize("format_", FORMATS)
def test_every_format(files: Path, format_: str) -> None:
    """What is made is read back, as the format that was asked for and as found out."""
    algorithm = algorithm_for(format_)
    target = files.parent / ("manifest-sha256.txt" if format_ == "bagit" else "list.txt")
    for options in ({}, {"format": format_}):
        assert create(files, target, algorithm=algorithm, format=format_).ok
        report = verify(files, target, audit=True, **options)  # type: ignore[arg-type]
        assert report.counts == {Verdict.OK: len(NAMES)}
        assert report.ok
    write_files(files, {"b": b"changed"})
    failures = list(verify(files, target).failures)
    assert [(failure.path, failure.verdict) for failure in failures] == [("b", Verdict.MISMATCH)]


@pytest.mark.parametrize(
    ("name", "format_", "algorithm"),
    [
        ("a.sfv", "sfv", "crc32"),
        ("A.SFV", "sfv", "crc32"),
        ("RECORD", "record", "sha256"),
        ("manifest-sha256.txt", "bagit", "sha256"),
        ("tagmanifest-sha256.txt", "bagit", "sha256"),
        ("SHA256SUMS", "gnu", "sha256"),
        ("list", "gnu", "sha256"),
    ],
)
def test_the_name_tells_the_format(files: Path, name: str, format_: str, algorithm: str) -> None:
    """Where none is asked for; and it is what another one asks for by name."""
    (files / "89abcdef").touch()
    assert create(files, files / name, algorithm="auto").ok
    made = (files / name).read_bytes()
    assert verify(files, files / name, audit=True).ok
    assert {entry.algorithm for entry in read_manifest(files / name)} == {algorithm}
    assert create(files, files / name, algorithm=algorithm, format=format_).ok
    assert (files / name).read_bytes() == made


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.sfv", {"format": "gnu"}),
        ("RECORD", {"format": "gnu"}),
        ("manifest-sha256.txt", {"format": "gnu"}),
        ("manifest-sha512.txt", {}),
        ("SHA1SUMS", {}),
        ("list", {"algorithm": "blake3"}),
        ("list", {"algorithm": "sha3-256"}),
        ("list", {"format": "sfv", "algorithm": "crc32"}),
    ],
)
def test_a_name_that_misleads(files: Path, name: str, options: dict[str, str]) -> None:
    """What ``verify`` would read as something else is not written."""
    (files / "89abcdef").touch()
    if name.startswith("manifest-"):
        # The format of this name has escapes, GNU's has not.
        (files / "100%25").touch()
    (files / name).write_text("as it was")
    with pytest.raises(ManifestError, match="name it after its format or algorithm"):
        create(files, files / name, **options)  # type: ignore[arg-type]
    assert (files / name).read_text() == "as it was"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.sfv", "; CRC-32\nb 00000000\n"),
        ("RECORD", "b,crc32=AAAAAA,\n"),
        ("list", "00000000  b\n"),
    ],
)
def test_the_name_tells_the_format_of_what_is_written(name: str, text: str, tmp_path: Path) -> None:
    write_manifest(tmp_path / name, [Entry("b", "crc32", "0" * 8)])
    assert (tmp_path / name).read_text() == text


def test_the_algorithm_of_sfv_is_its_own(files: Path) -> None:
    report = create(files, algorithm="auto", format="sfv")
    assert report.manifest == f"{files}/crc32sum.txt"
    assert verify(files, audit=True).ok
    with pytest.raises(ManifestError, match="the format sfv has digests of crc32 alone"):
        create(files, files / "a.sfv")


def test_the_usual_name_of_a_bag_s_manifest(files: Path) -> None:
    """It says the algorithm, which the lines do not."""
    create(files, format="bagit", algorithm="sha3-256")
    report = verify(files, files / "manifest-sha3256.txt")
    assert {result.algorithm for result in report.results} == {"sha3-256"}
    assert report.ok


def test_lines_that_end_with_nul(files: Path, tmp_path: Path) -> None:
    write_files(files, {"new\nline": b"n"})
    create(files, tmp_path / "list", zero=True)
    assert b"  new\nline\0" in (tmp_path / "list").read_bytes()
    assert b"\n" not in (tmp_path / "list").read_bytes().replace(b"new\nline", b"")
    assert verify(files, tmp_path / "list", zero=True, audit=True).ok
    with pytest.raises(ManifestError, match="NUL"):
        create(files, tmp_path / "other", zero=True, format="record")
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
def test_the_mode_is_what_the_umask_leaves(files: Path, umask: int) -> None:
    """As for a file that a shell writes."""
    before = os.umask(umask)
    try:
        create(files)
        write_manifest(files.parent / "written", [])
    finally:
        os.umask(before)
    for path in (files / "sha256sum.txt", files.parent / "written"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask


def test_files_to_leave_out(files: Path) -> None:
    write_files(files, {".git/HEAD": b"", "a/x.tmp": b"", "k.tmp": b""})
    create(files, exclude=[".git", "*.tmp", "a/c/*"])
    listed = [entry.path for entry in read_manifest(files / "sha256sum.txt")]
    assert listed == ["a.b", "a/z", "b", "é"]
    with pytest.raises(ArgumentError, match="glob"):
        create(files, exclude=["a[b"])


def test_no_manifest_is_made_of_collisions(colliding: Path) -> None:
    """Not of SHA-1 digests, where that is asked for; what was there stays."""
    manifest = colliding / "sha1sum.txt"
    before = manifest.read_bytes()
    report = create(colliding, algorithm="sha1", detect_collisions=True)
    assert not report.ok
    assert report.counts == {Verdict.OK: 1, Verdict.REFUSED: 4}
    for result in report.failures:
        assert result.error == "shows signs of a SHA-1 collision attack"
        assert result.expected is None
    with pytest.raises(ManifestError, match=r"not written.*\n.*SHA-1 collision attack"):
        update(colliding, detect_collisions=True)
    assert manifest.read_bytes() == before
    assert create(colliding, algorithm="sha1").ok
    assert not update(colliding)
    assert create(colliding, colliding / "SHA256SUMS", detect_collisions=True).ok


def test_special_files_are_passed_over(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a verdict of their own, and the manifest is written all the same."""
    os.mkfifo(files / "fifo")
    monkeypatch.chdir(files)
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("socket")
    monkeypatch.undo()
    (files / "dangling").symlink_to("nowhere")
    (files / "loop").symlink_to("loop")
    (files / "out").symlink_to("/dev/null")
    (files / "to-b").symlink_to("b")
    (files / "to-a").symlink_to("a")
    report = create(files)
    skipped = {r.path: r.error for r in report.results if r.verdict is Verdict.SKIPPED}
    assert skipped == {
        "dangling": "a link without a file",
        "fifo": "is a FIFO",
        "loop": "a link without a file",
        "out": "outside the directory",
        "socket": "is a socket",
        "to-a": "is a directory",
    }
    assert report.counts == {Verdict.OK: len(NAMES) + 1, Verdict.SKIPPED: 6}
    assert report.ok
    listed = [entry.path for entry in read_manifest(files / "sha256sum.txt")]
    assert listed == sorted([*NAMES, "to-b"], key=os.fsencode)
    assert verify(files).ok


@pytest.mark.parametrize("what", ["nothing", "empty directory", "fifo", "excluded"])
def test_a_directory_without_files(tmp_path: Path, what: str) -> None:
    """Nothing was hashed, so nothing is written; what was there stays."""
    root = tmp_path / "root"
    root.mkdir()
    if what == "empty directory":
        (root / "d").mkdir()
    elif what == "fifo":
        os.mkfifo(root / "fifo")
    elif what == "excluded":
        write_files(root, {"a.tmp": b""})
    report = create(root, exclude=["*.tmp"])
    assert not report.ok
    assert report.message is not None
    assert not (root / "sha256sum.txt").exists()
    (root / "sha256sum.txt").write_text("as it was")
    assert not create(root, exclude=["*.tmp"]).ok
    assert (root / "sha256sum.txt").read_text() == "as it was"


def test_a_file_that_changes_leaves_the_old_manifest(tmp_path: Path) -> None:
    """All or nothing: one file without a digest, and nothing is written."""
    root = tmp_path / "root"
    size = 48 * 1024 * 1024
    write_files(root, {"a": b"a"})
    growing = root / "growing"
    with growing.open("wb") as sparse:
        sparse.truncate(size)
    manifest = root / "sha256sum.txt"
    manifest.write_text("as it was")
    stop = threading.Event()

    def keep_growing() -> None:
        while not stop.wait(0.002):
            with growing.open("ab") as more:
                more.write(b"x")

    thread = threading.Thread(target=keep_growing)
    thread.start()
    end = time.monotonic() + DEADLINE
    try:
        while True:
            manifest.write_text("as it was")
            report = create(root)
            if not report.ok:
                break
            assert time.monotonic() < end, "no change was noticed"
    finally:
        stop.set()
        thread.join(DEADLINE)
    assert report.counts == {Verdict.OK: 1, Verdict.CHANGED: 1}
    assert manifest.read_text() == "as it was"
    assert names_in(root) == ["a", "growing", "sha256sum.txt"]


def test_a_run_that_is_cancelled_leaves_the_old_manifest(files: Path) -> None:
    manifest = files / "sha256sum.txt"
    manifest.write_text("as it was")
    cancel = Cancel()
    cancel.request()
    with pytest.raises(Cancelled) as caught:
        create(files, cancel=cancel)
    assert caught.value.report is not None
    assert caught.value.report is not None
    assert caught.value.report.cancelled
    assert manifest.read_text() == "as it was"
    assert names_in(files) == ["a", "a.b", "b", "sha256sum.txt", "é"]


@pytest.mark.parametrize("target", ["no/such/directory/list", "b/list", "a"])
def test_a_manifest_that_cannot_be_written(files: Path, target: str) -> None:
    """No half of it is left anywhere."""
    before = names_in(files)
    with pytest.raises(ManifestError, match="cannot write the manifest"):
        create(files, files / target)
    with pytest.raises(ManifestError, match="cannot write the manifest"):
        write_manifest(files / target, [Entry("a", "md5", "0" * 32)])
    assert names_in(files) == before
    assert names_in(files / "a") == ["c", "z"]


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"algorithm": "nonsense"}, "unknown algorithm"),
        ({"format": "nonsense"}, "unknown format"),
        ({"threads": 0}, "threads is 0"),
    ],
)
def test_options_that_are_none(files: Path, options: dict[str, Any], error: str) -> None:
    with pytest.raises(ValueError, match=error):
        create(files, **options)
    assert names_in(files) == ["a", "a.b", "b", "é"]


def test_a_root_that_is_none(files: Path) -> None:
    for root in (files / "nowhere", files / "b"):
        with pytest.raises(ManifestError, match="cannot open the directory"):
            create(root, files / "list")
    assert not (files / "list").exists()


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha256", "sha512", "blake2b"])
def test_coreutils_read_what_is_made(tmp_path: Path, algorithm: str) -> None:
    """Every odd name: each line is good, and bad when its file has changed."""
    tool = need("b2sum" if algorithm == "blake2b" else f"{algorithm}sum")
    root = tmp_path / "root"
    root.mkdir()
    names = [name for name in ODD_NAMES if name != "d"]
    if sys.platform != "darwin":
        names.append(os.fsdecode(b"caf\xe9"))
    write_files(root, {name: os.fsencode(name) for name in names})
    for format_ in ("gnu", "bsd"):
        target = tmp_path / f"{format_}-{algorithm}"
        assert create(root, target, algorithm=algorithm, format=format_).ok
        for name, ends_well in [("plain", True), ("new\nline", False)]:
            if not ends_well:
                write_files(root, {name: b"changed"})
            done = subprocess.run(
                [tool, "--check", "--strict", str(target)],
                cwd=root,
                # coreutils take `-` for standard input.
                input=b"-",
                capture_output=True,
                env={**os.environ, "LC_ALL": "C"},
            )
            assert done.stdout.count(b": OK") == len(names) - (not ends_well)
            assert (done.returncode == 0) is ends_well, done
            write_files(root, {name: os.fsencode(name)})


# Updating one


@pytest.mark.parametrize("format_", FORMATS)
def test_updating(files: Path, format_: str) -> None:
    """It says what has changed, and keeps format and algorithm."""
    algorithm = algorithm_for(format_)
    target = files.parent / ("manifest-sha256.txt" if format_ == "bagit" else "list.txt")
    create(files, target, algorithm=algorithm, format=format_)
    before = target.read_bytes()
    unchanged = update(files, target)
    assert not unchanged
    assert unchanged == Difference([], [], [], NAMES, [])
    assert target.read_bytes() == before
    (files / "b").unlink()
    write_files(files, {"a/c/d": b"changed", "new\u2028": b"n"})
    difference = update(files, target)
    assert difference
    assert difference == Difference(
        added=["new\u2028"],
        removed=["b"],
        changed=["a/c/d"],
        unchanged=["a.b", "a/z", "é"],
        incomparable=[],
    )
    assert {entry.algorithm for entry in read_manifest(target)} == {algorithm}
    assert verify(files, target, audit=True).ok
    create(files, files.parent / "fresh", algorithm=algorithm, format=format_)
    assert target.read_bytes() == (files.parent / "fresh").read_bytes()


def test_updating_reads_every_file_again(files: Path) -> None:
    """Also one of the same size and time."""
    create(files)
    status = (files / "b").stat()
    (files / "b").write_bytes(b"B\n")
    os.utime(files / "b", ns=(status.st_atime_ns, status.st_mtime_ns))
    assert update(files).changed == ["b"]


def test_updating_reads_every_file_once(tmp_path: Path) -> None:
    """By what the system counts; the manifest is found without a look at the files."""
    counts = Path("/proc/self/io")
    if not counts.exists():
        pytest.skip("needs /proc")
    size = 32 * 1024 * 1024
    with (tmp_path / "large").open("wb") as sparse:
        sparse.truncate(size)
    create(tmp_path)

    def bytes_read() -> int:
        return int(counts.read_text().split()[1])

    for manifest in (tmp_path / "sha256sum.txt", None):
        before = bytes_read()
        assert not update(tmp_path, manifest)
        assert size <= bytes_read() - before < 1.5 * size


def test_manifests_that_cannot_be_updated(files: Path) -> None:
    """They stay as they were."""
    manifest = files / "list"
    digest = sha256(b"b\n")
    md5 = hashlib.md5(b"b\n").hexdigest()
    for text, error in [
        (f"{digest}  b\nnonsense\n", "line 2 - malformed"),
        (f"SHA256 (b) = {digest}\nMD5 (b) = {md5}\n", "want one algorithm, found md5, sha256"),
        ("", "want one algorithm, found no algorithm"),
        (f"BLAKE2b-256 (b) = {digest}\n", "want BLAKE2b digests of 512 bits"),
    ]:
        manifest.write_text(text)
        with pytest.raises(ManifestError, match=error):
            update(files, manifest)
        assert manifest.read_text() == text
    with pytest.raises(ManifestError, match="cannot read the manifest"):
        update(files, files / "nowhere")
    with pytest.raises(ManifestError, match="no manifest such as"):
        update(files)
    (files / "d").mkdir()
    (files / "d" / "SHA256SUMS").symlink_to("../list")
    with pytest.raises(ManifestError, match=r'd/SHA256SUMS" - .* outside the directory'):
        update(files / "d")
    manifest.write_text(f"{digest}  b\n")
    cancel = Cancel()
    cancel.request()
    with pytest.raises(Cancelled):
        update(files, manifest, cancel=cancel)
    with pytest.raises(ManifestError, match="was not written") as caught:
        update(files, manifest, exclude=["*"])
    assert isinstance(caught.value.report, Report)
    assert not caught.value.report.ok
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.report) == (str(caught.value), None)
    assert manifest.read_text() == f"{digest}  b\n"


# Reading and writing


@pytest.mark.parametrize("size", [-1, 1 << 63, 1 << 64])
def test_a_size_that_no_file_has(tmp_path: Path, size: int) -> None:
    with pytest.raises(ValueError, match="the size of 'a' is"):
        write_manifest(tmp_path / "list", [Entry("a", "md5", "0" * 32, size)], format="hashdeep")
    assert not (tmp_path / "list").exists()


SIZED = [Entry("a b", "sha256", sha256(b"1"), 1), Entry("d/é", "sha256", sha256(b"2"), 2)]

ENTRIES: dict[str, list[Entry]] = {
    "gnu": [Entry(name, "sha256", sha256(name.encode())) for name in ODD_NAMES],
    "bsd": [
        Entry("a\nb", "sha1", "0" * 40),
        Entry("a) = b", "sha3-512", "1" * 128),
        Entry("a", "blake2b", "ab" * 5),
        Entry("a", "crc32", "0123abcd"),
    ],
    "sfv": [Entry("a b", "crc32", "0123abcd"), Entry("#c", "crc32", "ffffffff")],
    "hashdeep": SIZED,
    "bagit": [Entry("data/a\nb%0A%", "sha512", "0" * 128), Entry("c", "sha512", "1" * 128)],
    "record": [*SIZED, Entry('q"u,o\nte', "md5", "0" * 32), Entry("RECORD", None, None)],
}


@pytest.mark.parametrize("format_", FORMATS)
def test_entries_are_read_back(tmp_path: Path, format_: str) -> None:
    """As they were, and again when what was read is written."""
    path = tmp_path / ("manifest-sha512.txt" if format_ == "bagit" else "list")
    entries = list(ENTRIES[format_])
    if sys.platform != "darwin" and format_ != "bsd":
        odd = os.fsdecode(b"caf\xe9")
        entries.append(Entry(odd, entries[0].algorithm, entries[0].digest, entries[0].size))
    write_manifest(path, entries, format=format_)
    read = read_manifest(path, format=format_)
    assert [Entry(e.path, e.algorithm, e.digest, e.size) for e in read] == entries
    lines = [entry.line for entry in read]
    assert lines == sorted(set(lines))
    assert lines[0] >= 1
    text = path.read_bytes()
    write_manifest(path, read, format=format_)
    assert path.read_bytes() == text
    with path.open("rb") as opened:
        assert read_manifest(opened, format=format_) == read
    assert read_manifest(str(path), strict=False, format=format_) == read


def test_several_digests_of_one_line(tmp_path: Path) -> None:
    """They are entries that follow each other, with the same number."""
    entries = [
        Entry("a", "md5", "0" * 32, 7, 3),
        Entry("a", "sha1", "1" * 40, 7, 3),
        Entry("b", "md5", "2" * 32, 8, 4),
        Entry("b", "sha1", "3" * 40, 8, 4),
    ]
    write_manifest(tmp_path / "list", entries, format="hashdeep")
    assert read_manifest(tmp_path / "list") == entries
    with pytest.raises(ManifestError, match="more than one digest"):
        write_manifest(tmp_path / "list", entries)
    assert read_manifest(tmp_path / "list") == entries


def test_lines_that_are_malformed(tmp_path: Path) -> None:
    """The first is an error with its number, or all are left out."""
    digest = sha256(b"")
    path = tmp_path / "SHA256SUMS"
    path.write_text(f"# comment\n{digest}  a\nnonsense\n{digest}  b\n0  c\n")
    with pytest.raises(ManifestError) as caught:
        read_manifest(path)
    assert caught.value.line == 3
    assert str(caught.value) == (
        f'"{path}" line 3 - malformed: want a SHA-256 digest of 64 hexadecimal digits, got none'
    )
    assert [(e.path, e.line) for e in read_manifest(path, strict=False)] == [("a", 2), ("b", 4)]
    with pytest.raises(ManifestError) as caught:
        read_manifest(io.BytesIO(b"%%%% HASHDEEP-1.0\nnonsense\n"))
    assert caught.value.line == 2
    with pytest.raises(ManifestError) as caught:
        read_manifest(tmp_path / "nowhere")
    assert caught.value.line is None
    assert caught.value.status == 5


def test_the_text_of_a_malformed_line_cannot_be_forged(tmp_path: Path) -> None:
    """It is that of ``verify``, which escapes the manifest's name."""
    path = tmp_path / 'a"\nb'
    path.write_text("nonsense\n")
    message = verify(tmp_path, path).message
    with pytest.raises(ManifestError) as caught:
        read_manifest(path)
    assert "\n" not in str(caught.value)
    assert str(caught.value) == message


def test_the_options_of_reading() -> None:
    """Those of ``verify``."""
    sha3 = hashlib.sha3_256(b"").hexdigest()
    text = f"{sha3}  a\n".encode()
    assert read_manifest(io.BytesIO(text))[0].algorithm == "sha256"
    assert read_manifest(io.BytesIO(text), algorithm="sha3-256")[0].algorithm == "sha3-256"
    entries = read_manifest(io.BytesIO(text.replace(b"a\n", b"a\nb\0")), zero=True)
    assert [entry.path for entry in entries] == ["a\nb"]
    assert read_manifest(io.BytesIO(b"a,,7"), format="record") == [Entry("a", None, None, 7, 1)]
    assert read_manifest(io.BytesIO(b"")) == []
    with pytest.raises(ArgumentError, match="unknown format"):
        read_manifest(io.BytesIO(text), format="nonsense")
    with pytest.raises(TypeError, match="binary"):
        read_manifest(io.StringIO("a"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("entry", "options", "error"),
    [
        (Entry("", "md5", "0" * 32), {}, "no file name"),
        (Entry("a", None, None), {}, "no digest"),
        (Entry("a", "md5", "0" * 32), {"format": "sfv"}, "crc32"),
        (Entry("a", "md5", "0" * 32), {"format": "hashdeep"}, "no size"),
        (Entry("a\nb", "crc32", "0" * 8), {"format": "sfv"}, "line break"),
        (Entry("a", "md5", "0" * 32), {"format": "record", "zero": True}, "NUL"),
        (Entry("a", "md5", "0" * 40), {}, "20 bytes"),
        (Entry("a", "nonsense", "0" * 32), {}, "unknown algorithm"),
        (Entry("a", "md5", "0" * 32), {"format": "nonsense"}, "unknown format"),
        (Entry("a", "md5", "xy"), {}, "hexadecimal"),
        (Entry("a\0b", "md5", "0" * 32), {}, "null"),
    ],
)
def test_entries_that_cannot_be_written(
    tmp_path: Path, entry: Entry, options: dict[str, Any], error: str
) -> None:
    """What was there stays."""
    path = tmp_path / "list"
    path.write_text("as it was")
    with pytest.raises(ValueError, match=error):
        write_manifest(path, [Entry("ok", "crc32", "0" * 8, 1), entry][1:], **options)
    assert path.read_text() == "as it was"
    assert names_in(tmp_path) == ["list"]


def test_lines_of_different_algorithms_have_no_gnu_form(tmp_path: Path) -> None:
    """Nothing in a line would say which it is."""
    entries = [Entry("a", "sha256", "0" * 64), Entry("b", "sha3-256", "0" * 64)]
    with pytest.raises(ManifestError, match="not for the format gnu"):
        write_manifest(tmp_path / "list", entries)
    write_manifest(tmp_path / "list", entries, format="bsd")
    assert [entry.algorithm for entry in read_manifest(tmp_path / "list")] == ["sha256", "sha3-256"]


# Comparing two


def test_differences_over_formats(tmp_path: Path) -> None:
    """Names and digests count, and neither their order nor how they are written."""
    stated = [("same", b"1"), ("other", b"2"), ("gone", b"3"), ("./x//y", b"4")]
    (tmp_path / "first").write_text(
        "".join(f"{sha256(content)}  {name}\n" for name, content in stated)
    )
    write_manifest(
        tmp_path / "second",
        [
            Entry("x/y", "sha256", sha256(b"4"), 1),
            Entry("new", "sha256", sha256(b"5"), 1),
            Entry("other", "sha256", sha256(b"changed"), 7),
            Entry("same", "sha256", sha256(b"1"), 1),
        ],
        format="record",
    )
    difference = diff(tmp_path / "first", tmp_path / "second")
    assert difference == Difference(
        added=["new"], removed=["gone"], changed=["other"], unchanged=["same", "x/y"],
        incomparable=[],
    )  # fmt: skip
    assert difference
    back = diff(tmp_path / "second", tmp_path / "first")
    assert (back.added, back.removed) == (["gone"], ["new"])
    with (tmp_path / "first").open("rb") as first, (tmp_path / "second").open("rb") as second:
        assert diff(first, second) == difference


def test_names_of_one_file() -> None:
    """But for dots and doubled slashes: what precedes ``..`` may be a link."""
    digest = "0" * 32

    def listing(*names: str) -> io.BytesIO:
        return io.BytesIO("".join(f"{digest}  {name}\n" for name in names).encode())

    for first, second in [("a/b", "./a//b"), ("a/b/", "./a//b/./."), ("/a/b", "//a/./b"),
                          (".", "./."), ("/", "//"), ("a/../b", "a/.././b")]:  # fmt: skip
        assert not diff(listing(first), listing(second)), (first, second)
    for first, second in [("b", "a/../b"), ("a", "a/"), ("a", "/a"), (".", "/")]:
        difference = diff(listing(first), listing(second))
        assert (difference.removed, difference.added) == ([first], [second])


def test_differences_over_algorithms() -> None:
    """Only digests of one algorithm can be compared, and of several all must agree."""

    def lines(*texts: str) -> io.BytesIO:
        return io.BytesIO("".join(f"{text}\n" for text in texts).encode())

    md5, other, sha1 = "0" * 32, "1" * 32, "2" * 40
    first = f"MD5 (a) = {md5}", f"MD5 (b) = {md5}", f"SHA1 (b) = {sha1}", f"MD5 (c) = {md5}"
    second = f"SHA1 (a) = {sha1}", f"MD5 (b) = {md5}", f"SHA1 (c) = {sha1}", f"MD5 (c) = {other}"
    assert diff(lines(*first), lines(*second)) == Difference(
        added=[], removed=[], changed=["c"], unchanged=["b"], incomparable=["a"]
    )
    assert diff(lines(first[0]), lines(second[0]))
    assert not diff(lines(*first), lines(*reversed(first)))
    assert not diff(lines(f"MD5 (a) = {'ab' * 16}"), lines(f"MD5 (a) = {'AB' * 16}"))
    with pytest.raises(ManifestError) as caught:
        diff(lines(first[0]), lines(first[0], "nonsense"))
    assert caught.value.line == 2


def test_differences_of_sizes() -> None:
    """They count where both are stated, and make nothing comparable."""
    md5 = base64.urlsafe_b64encode(bytes(16)).rstrip(b"=").decode()
    stated = ["a,,4", "a,,5", f"a,md5={md5},4", f"a,md5={md5},5", f"a,md5={md5},", "a,,"]
    for before, after, found in [
        (0, 0, "unchanged"), (0, 1, "changed"), (2, 3, "changed"), (2, 4, "unchanged"),
        (0, 2, "incomparable"), (1, 2, "changed"), (0, 5, "incomparable"), (5, 5, "unchanged"),
    ]:  # fmt: skip
        texts = (io.BytesIO(f"{stated[place]}\n".encode()) for place in (before, after))
        difference = diff(*texts, format="record")
        assert getattr(difference, found) == ["a"], (before, after)
        assert bool(difference) == (found != "unchanged")


def test_a_manifest_does_not_differ_from_itself() -> None:
    """Nor does its line without a digest, as RECORD's own."""
    url = base64.urlsafe_b64encode(hashlib.sha256(b"").digest()).rstrip(b"=")
    record = b"a,sha256=" + url + b",0\nRECORD,,\n"
    assert len(read_manifest(io.BytesIO(record))) == 2
    assert not diff(io.BytesIO(record), io.BytesIO(record))


# One file


def test_hashing_a_file(tmp_path: Path) -> None:
    """Sizes around the blocks, each algorithm against another implementation."""
    path = tmp_path / "file"
    pattern = bytes(range(251)) * 1100
    for size in (0, 1, 55, 56, 64, 127, 128, 131_071, 131_072, 131_073, 262_144):
        path.write_bytes(pattern[:size])
        assert hash_file(path, "crc32") == f"{zlib.crc32(pattern[:size]):08x}"
        for algorithm, name in HASHLIB.items():
            assert hash_file(path, algorithm) == hashlib.new(name, pattern[:size]).hexdigest()
    assert hash_file(path) == sha256(pattern[:262_144])
    path.write_bytes(b"")
    assert hash_file(str(path), "blake3") == BLAKE3_OF_NOTHING
    (tmp_path / "link").symlink_to("file")
    assert hash_file(os.fsencode(tmp_path / "link"), "BLAKE3") == BLAKE3_OF_NOTHING


def a_directory(root: Path) -> Path:
    return root


def a_fifo(root: Path) -> Path:
    os.mkfifo(root / "fifo")
    return root / "fifo"


def a_missing_file(root: Path) -> Path:
    return root / "nowhere"


def a_loop(root: Path) -> Path:
    (root / "loop").symlink_to("loop")
    return root / "loop"


@pytest.mark.parametrize(
    ("prepare", "error"),
    [
        (a_directory, "is a directory"),
        (a_fifo, "is a FIFO"),
        (a_missing_file, "No such file"),
        (a_loop, "symbolic links"),
    ],
)
def test_files_that_cannot_be_hashed(
    tmp_path: Path, prepare: Callable[[Path], Path], error: str
) -> None:
    """An error with the path, and no wait for a writer."""
    path = prepare(tmp_path)
    raised: list[BaseException] = []

    def work() -> None:
        with pytest.raises(ManifestError) as caught:
            hash_file(path)
        raised.append(caught.value)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(DEADLINE)
    (failure,) = raised
    assert str(failure).startswith(f'"{path}" - cannot read: ')
    assert error in str(failure)


@pytest.mark.parametrize("algorithm", ["", "sha2", "auto", "é"])
def test_hashing_by_an_unknown_algorithm(tmp_path: Path, algorithm: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ArgumentError, match="unknown algorithm"):
        hash_file(tmp_path / "file", algorithm)
    with pytest.raises(TypeError):
        hash_file(tmp_path / "file", None)  # type: ignore[arg-type]
