"""The options of ``verify``: algorithms, formats, where names may lead, and the report."""

from __future__ import annotations

import base64
import hashlib
import io
import itertools
import json
import os
import pickle
import socket
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Callable, Optional, TypeVar

import pytest

from checksig import (
    ManifestError,
    Progress,
    Report,
    Result,
    Verdict,
    VerificationError,
    create,
    read_manifest,
    verify,
)
from checksig.errors import ArgumentError

T = TypeVar("T")

#: How long what must happen may take, in seconds.
DEADLINE = 60

CONTENT = b"checksig" * 1000

#: Every algorithm that :mod:`hashlib` or :mod:`zlib` has too.
OTHERS: dict[str, Callable[[bytes], str]] = {
    "crc32": lambda content: f"{zlib.crc32(content):08x}",
    "md5": lambda content: hashlib.md5(content).hexdigest(),
    "sha1": lambda content: hashlib.sha1(content).hexdigest(),
    "sha224": lambda content: hashlib.sha224(content).hexdigest(),
    "sha256": lambda content: hashlib.sha256(content).hexdigest(),
    "sha384": lambda content: hashlib.sha384(content).hexdigest(),
    "sha512": lambda content: hashlib.sha512(content).hexdigest(),
    "sha3-256": lambda content: hashlib.sha3_256(content).hexdigest(),
    "sha3-512": lambda content: hashlib.sha3_512(content).hexdigest(),
    "blake2b": lambda content: hashlib.blake2b(content).hexdigest(),
}

#: BLAKE3's own test vectors, by the number of bytes of 0, 1, ..., 250, 0, 1, ...
BLAKE3 = {
    0: "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
    1: "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213",
    1024: "42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7",
    1025: "d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444",
    102400: "bc3e3d41a1146b069abffad3c0d44860cf664390afce4d9661f7902e7943e085",
}

PATTERN = bytes(range(251)) * 600

#: macOS refuses names that are not UTF-8.
any_bytes_in_names = pytest.mark.skipif(
    sys.platform == "darwin", reason="needs a file system that takes any name"
)


def digest_of(algorithm: str, content: bytes) -> str:
    """A digest from another implementation."""
    return OTHERS[algorithm](content)


def line_of(name: str, content: bytes, algorithm: str = "sha1") -> str:
    """A line as coreutils write it."""
    return f"{digest_of(algorithm, content)}  {name}\n"


def write_files(root: Path, files: Mapping[str, bytes]) -> None:
    """Writes files, and the directories that they are in."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def of_text(root: Path, text: str, **options: Any) -> Report:
    """Verifies against a manifest of this text, whose name says nothing."""
    return verify(root, io.BytesIO(os.fsencode(text)), **options)


def found(report: Report) -> list[tuple[str, Verdict]]:
    """The names and verdicts of a report, whose sums are right."""
    results = [(result.path, result.verdict) for result in report.results]
    assert sum(report.counts.values()) == len(results) == len(report.results)
    for verdict, count in report.counts.items():
        assert [verdict for _, verdict in results].count(verdict) == count > 0
    return results


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
def files(tmp_path: Path) -> Path:
    """A directory with three files and no manifest."""
    root = tmp_path / "files"
    write_files(root, {"a": CONTENT, "b": b"", "d/c": b"c\n"})
    return root


# Algorithms


@pytest.mark.parametrize("size", [0, 1, 63, 64, 65, 127, 128, 129, 135, 136, 137, 150_000])
def test_every_algorithm_against_another_implementation(tmp_path: Path, size: int) -> None:
    """Sizes around the blocks of each; then one byte is another."""
    content = PATTERN[:size]
    write_files(tmp_path, {"a": content})
    for algorithm, other in OTHERS.items():
        text = line_of("a", content, algorithm)
        (result,) = of_text(tmp_path, text, algorithm=algorithm).results
        assert result == Result(
            path="a",
            verdict=Verdict.OK,
            algorithm=algorithm,
            expected=other(content),
            actual=other(content),
            size=size,
            line=1,
            error=None,
        )
        stated = other(content + b"!")
        (result,) = of_text(tmp_path, f"{stated}  a\n", algorithm=algorithm).results
        assert (result.verdict, result.algorithm) == (Verdict.MISMATCH, algorithm)
        assert (result.expected, result.actual) == (stated, other(content))


@pytest.mark.parametrize("size", list(BLAKE3))
def test_blake3_against_its_published_vectors(tmp_path: Path, size: int) -> None:
    """By a name, a tag, and when it is asked for."""
    write_files(tmp_path, {"a": PATTERN[:size]})
    for text, options in [
        (f"{BLAKE3[size]}  a\n", {"algorithm": "blake3"}),
        (f"BLAKE3 (a) = {BLAKE3[size]}\n", {}),
    ]:
        report = of_text(tmp_path, text, **options)
        assert found(report) == [("a", Verdict.OK)]
        assert report.results[0].actual == BLAKE3[size]
    write_files(tmp_path, {"a": PATTERN[:size] + b"!"})
    assert found(of_text(tmp_path, f"BLAKE3 (a) = {BLAKE3[size]}\n")) == [("a", Verdict.MISMATCH)]


def test_crc32_against_the_published_check_value(tmp_path: Path) -> None:
    """That of the nine digits, which every description of a CRC states."""
    write_files(tmp_path, {"a": b"123456789"})
    assert found(of_text(tmp_path, "cbf43926  a\n")) == [("a", Verdict.OK)]


@pytest.mark.parametrize("length", [1, 16, 32, 63, 64])
def test_blake2b_of_every_length(files: Path, length: int) -> None:
    """The digest's own length counts, or that of the tag."""
    digest = hashlib.blake2b(CONTENT, digest_size=length).hexdigest()
    assert of_text(files, f"{digest}  a\n", algorithm="blake2b").ok
    tag = "BLAKE2b" if length == 64 else f"BLAKE2b-{8 * length}"
    report = of_text(files, f"{tag} (a) = {digest}\n")
    assert report.ok
    assert (report.results[0].algorithm, report.results[0].actual) == ("blake2b", digest)
    wrong = "".join(reversed(digest)) if digest != digest[::-1] else "0" * len(digest)
    assert found(of_text(files, f"{tag} (a) = {wrong}\n")) == [("a", Verdict.MISMATCH)]


@pytest.mark.parametrize("algorithm", ["crc32", "md5", "sha1", "sha224", "sha256", "sha384"])
def test_the_length_tells_the_algorithm(files: Path, algorithm: str) -> None:
    """Where nothing else does."""
    report = of_text(files, line_of("a", CONTENT, algorithm))
    assert found(report) == [("a", Verdict.OK)]
    assert report.results[0].algorithm == algorithm


@pytest.mark.parametrize(
    ("name", "algorithm"),
    [
        ("B2SUMS", "blake2b"),
        ("checksums.sha3-256", "sha3-256"),
        ("sha3_512sums.txt", "sha3-512"),
        ("SHA512SUMS", "sha512"),
        ("a.md5", "md5"),
    ],
)
def test_the_name_tells_the_algorithm(files: Path, name: str, algorithm: str) -> None:
    """Where a digest of this length would be another one's."""
    (files / name).write_text(line_of("a", CONTENT, algorithm))
    report = verify(files, files / name)
    assert found(report) == [("a", Verdict.OK)]
    assert report.results[0].algorithm == algorithm
    assert report.manifest == str(files / name)


@pytest.mark.parametrize("algorithm", ["sha3-256", "sha3-512", "blake2b"])
def test_what_the_length_does_not_tell(files: Path, algorithm: str) -> None:
    """It is taken for SHA-2, and so is no match: never a good verdict by chance."""
    text = line_of("a", CONTENT, algorithm)
    assert found(of_text(files, text)) == [("a", Verdict.MISMATCH)]
    assert of_text(files, text, algorithm=algorithm).ok


@pytest.mark.parametrize("tag", ["SHA3-256 ({}) = {}", "SHA3-256({})= {}", "sha3_256 ({}) = {}"])
def test_the_tag_tells_the_algorithm(files: Path, tag: str) -> None:
    """Whatever the manifest's name says."""
    (files / "MD5SUMS").write_text(tag.format("a", digest_of("sha3-256", CONTENT)) + "\n")
    report = verify(files, files / "MD5SUMS")
    assert [result.algorithm for result in report.results] == ["sha3-256"]
    assert report.ok


def test_digests_in_every_mix(files: Path) -> None:
    """Each line by its own algorithm; in an order that no length could explain."""
    mix = list(itertools.chain.from_iterable(itertools.permutations(OTHERS, 2)))
    text = "".join(f"{name.upper()} (a) = {digest_of(name, CONTENT)}\n" for name in mix)
    report = of_text(files, text)
    assert [result.algorithm for result in report.results] == mix
    assert report.counts == {Verdict.OK: len(mix)}
    assert len(mix) == 180
    text = "".join(line_of("a", CONTENT, name) for name in ("md5", "sha512", "crc32", "sha224"))
    report = of_text(files, text)
    assert [result.algorithm for result in report.results] == ["md5", "sha512", "crc32", "sha224"]
    assert report.ok


def test_an_algorithm_that_is_asked_for(files: Path) -> None:
    """A line of another one is malformed, and no digest is taken for what it is not."""
    text = line_of("a", CONTENT, "sha1") + line_of("a", CONTENT, "sha256")
    report = of_text(files, text, algorithm="sha256")
    assert found(report) == [("", Verdict.MALFORMED), ("a", Verdict.OK)]
    error = report.results[0].error
    assert error == "want a SHA-256 digest of 64 hexadecimal digits, got 40 digits"
    report = of_text(files, f"SHA1 (a) = {digest_of('sha1', CONTENT)}\n", algorithm="md5")
    assert found(report) == [("", Verdict.MALFORMED)]


@pytest.mark.parametrize("name", ["SHA-256", "sha_256", "Sha256"])
def test_spellings_of_an_algorithm(files: Path, name: str) -> None:
    """As tools and people spell it."""
    report = of_text(files, line_of("a", CONTENT, "sha256"), algorithm=name)
    assert [result.algorithm for result in report.results] == ["sha256"]


@pytest.mark.parametrize("option", ["algorithm", "format"])
@pytest.mark.parametrize("name", ["", "sha2", "AUTO", "gnu ", "sha256\n", "é"])
def test_names_that_nothing_has(files: Path, option: str, name: str) -> None:
    """An error that says so, and not a guess."""
    with pytest.raises(ArgumentError, match=f"unknown {option}"):
        of_text(files, line_of("a", CONTENT), **{option: name})


@pytest.mark.parametrize("option", ["algorithm", "format"])
@pytest.mark.parametrize("name", [None, 1, ["sha1"]])
def test_names_that_are_none(files: Path, option: str, name: Any) -> None:
    with pytest.raises(TypeError):
        of_text(files, line_of("a", CONTENT), **{option: name})
    with pytest.raises(ValueError, match="null"):
        of_text(files, line_of("a", CONTENT), **{option: "sha1\0"})


# Formats


def base64_of(algorithm: str, content: bytes, url: bool = True) -> str:
    """A digest as a RECORD or a BSD has it."""
    digest = bytes.fromhex(digest_of(algorithm, content))
    if url:
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")
    return base64.b64encode(digest).decode()


def gnu(content: bytes) -> str:
    return line_of("a", content, "sha256")


def bsd(content: bytes) -> str:
    return f"SHA256 (a) = {digest_of('sha256', content)}\n"


def openssl(content: bytes) -> str:
    return f"SHA2-256(a)= {digest_of('sha256', content)}\n"


def bsd_base64(content: bytes) -> str:
    return f"SHA256 (a) = {base64_of('sha256', content, url=False)}\n"


def sfv(content: bytes) -> str:
    return f"; a comment\na {digest_of('crc32', content).upper()}\n"


def hashdeep(content: bytes) -> str:
    digests = ",".join(digest_of(name, content) for name in ("md5", "sha256", "sha1"))
    head = "%%%% HASHDEEP-1.0\n%%%% size,md5,sha256,sha1,filename\n## Invoked from: /\n##\n"
    return f"{head}{len(content)},{digests},a\n"


def bagit(content: bytes) -> str:
    return f"{digest_of('sha512', content)}  a\n"


def record(content: bytes) -> str:
    return f"a,sha256={base64_of('sha256', content)},{len(content)}\n"


FORMATS: list[tuple[Callable[[bytes], str], str, str]] = [
    (gnu, "gnu", "list.txt"),
    (bsd, "bsd", "list.txt"),
    (openssl, "bsd", "list.txt"),
    (bsd_base64, "bsd", "list.txt"),
    (sfv, "sfv", "list.sfv"),
    (hashdeep, "hashdeep", "list.txt"),
    (bagit, "bagit", "manifest-sha512.txt"),
    (record, "record", "RECORD"),
]


@pytest.mark.parametrize(
    ("text_of", "format_", "name"), FORMATS, ids=[text_of.__name__ for text_of, _, _ in FORMATS]
)
def test_every_format(
    files: Path, text_of: Callable[[bytes], str], format_: str, name: str
) -> None:
    """Found out or asked for; good, then bad."""
    manifest = files / name
    for options in ({}, {"format": "auto"}, {"format": format_}):
        manifest.write_text(text_of(CONTENT))
        report = verify(files, manifest, **options)  # type: ignore[arg-type]
        assert found(report) == [("a", Verdict.OK)]
        assert report.ok
        manifest.write_text(text_of(CONTENT[:-1] + b"!"))
        report = verify(files, manifest, **options)  # type: ignore[arg-type]
        assert found(report) == [("a", Verdict.MISMATCH)]
        assert not report.ok
    manifest.write_text(text_of(CONTENT))
    other = "hashdeep" if format_ == "sfv" else "sfv"
    try:
        wrong = verify(files, manifest, format=other)
    except ManifestError:
        assert other == "hashdeep"
    else:
        assert not wrong.ok
        assert Verdict.MALFORMED in wrong.counts


@pytest.mark.parametrize("wrong", ["size", "md5", "sha256", "sha1"])
def test_each_digest_of_hashdeep_counts(files: Path, wrong: str) -> None:
    """And the size; the result has the digest that decided."""
    size = str(len(CONTENT) + 1) if wrong == "size" else str(len(CONTENT))
    names = ("md5", "sha256", "sha1")
    stated = {name: digest_of(name, b"other" if name == wrong else CONTENT) for name in names}
    head = "%%%% HASHDEEP-1.0\n%%%% size,md5,sha256,sha1,filename\n"
    report = of_text(files, f"{head}{size},{','.join(stated.values())},a\n")
    assert found(report) == [("a", Verdict.MISMATCH)]
    (result,) = report.results
    decided = "md5" if wrong == "size" else wrong
    assert (result.algorithm, result.expected) == (decided, stated[decided])
    if wrong == "size":
        assert result.error == f"the manifest states {size} bytes"
    else:
        assert (result.actual, result.error) == (digest_of(wrong, CONTENT), None)


def test_escapes_of_a_bag(tmp_path: Path) -> None:
    """A bag has its own."""
    write_files(tmp_path, {"data/a\nb%": b"1", "data/100%25": b"2", "data/c d": b"3"})
    lines = [
        line_of("data/a%0Ab%25", b"1", "md5"),
        line_of("data/100%2525", b"2", "md5"),
        line_of("data/c d", b"3", "md5"),
    ]
    (tmp_path / "manifest-md5.txt").write_text("".join(lines))
    report = verify(tmp_path, tmp_path / "manifest-md5.txt")
    assert [path for path, _ in found(report)] == ["data/a\nb%", "data/100%25", "data/c d"]
    assert report.ok


def test_a_wrong_size_in_a_record(files: Path) -> None:
    """The digest alone is not enough."""
    good, bad = record(CONTENT), record(CONTENT).replace(str(len(CONTENT)), "7")
    report = of_text(files, good + bad, format="record")
    assert found(report) == [("a", Verdict.OK), ("a", Verdict.MISMATCH)]
    assert report.results[1].error == "the manifest states 7 bytes"
    assert report.results[1].size == len(CONTENT)
    assert report.message == f'"{files}/a" - mismatch: the manifest states 7 bytes'


def test_a_file_of_a_wrong_size_was_read(files: Path) -> None:
    """So it has a digest, the right one."""
    bad = record(CONTENT).replace(str(len(CONTENT)), "7")
    (result,) = of_text(files, bad, format="record").results
    assert result.verdict is Verdict.MISMATCH
    assert result.actual == result.expected == digest_of("sha256", CONTENT)


def test_a_line_without_a_digest_is_skipped(files: Path) -> None:
    """As RECORD's own; a manifest of nothing else verifies nothing."""
    (files / "b").write_bytes(CONTENT)
    (files / "RECORD").write_text(record(CONTENT) + f"RECORD,,\nb,,{len(CONTENT)}\n")
    report = verify(files, files / "RECORD")
    assert found(report) == [
        ("a", Verdict.OK),
        ("RECORD", Verdict.SKIPPED),
        ("b", Verdict.SKIPPED),
    ]
    assert report.ok
    assert list(report.failures) == []
    skipped = report.results[1]
    assert (skipped.algorithm, skipped.expected, skipped.actual) == (None, None, None)
    assert skipped.error == "the manifest states no digest"
    (files / "RECORD").write_text("RECORD,,\n")
    report = verify(files, files / "RECORD")
    assert found(report) == [("RECORD", Verdict.SKIPPED)]
    assert not report.ok
    assert report.message == f'"{files}/RECORD" - no file was verified'


def test_a_file_without_a_digest_must_be_there(files: Path) -> None:
    """And have the size that is stated; it is not read."""
    (files / "directory").mkdir()
    (files / "closed").write_bytes(CONTENT)
    (files / "closed").chmod(0)
    names = ["a,,", "closed,,", "a,,1", "none,,", "none,,999", "directory,,", "../a,,"]
    text = record(CONTENT) + "\n".join(names)
    report = of_text(files, text, format="record")
    assert [verdict for _, verdict in found(report)[1:]] == [
        Verdict.SKIPPED,
        Verdict.SKIPPED,
        Verdict.MISMATCH,
        Verdict.MISSING,
        Verdict.MISSING,
        Verdict.REFUSED,
        Verdict.REFUSED,
    ]
    wrong = report.results[3]
    assert (wrong.expected, wrong.actual, wrong.size) == (None, None, 0)
    assert wrong.error == "the manifest states 1 bytes"
    assert not report.ok
    text = record(CONTENT) + "none,,\n"
    assert not of_text(files, text, format="record").ok
    for excused in ({"ignore_missing": True}, {"exclude": ["none"]}):
        report = of_text(files, text, format="record", **excused)
        assert found(report)[1] == ("none", Verdict.SKIPPED)
        assert report.ok


def test_lines_that_end_with_nul(tmp_path: Path) -> None:
    """Names are then what they are: nothing is escaped."""
    names = ["new\nline", "back\\slash", "\\n", "#hash", "plain"]
    write_files(tmp_path, {name: name.encode() for name in names})
    text = "".join(line_of(name, name.encode()).rstrip("\n") + "\0" for name in names)
    # The newline that `rstrip` takes is the line's own.
    report = of_text(tmp_path, text, zero=True)
    assert found(report) == [(name, Verdict.OK) for name in names]
    assert report.ok
    assert not of_text(tmp_path, text).ok
    tagged = "".join(f"SHA1 ({name}) = {digest_of('sha1', name.encode())}\0" for name in names)
    assert found(of_text(tmp_path, tagged, zero=True)) == [(name, Verdict.OK) for name in names]
    with pytest.raises(ManifestError, match="no lines that end with NUL"):
        of_text(tmp_path, text, zero=True, format="sfv")


def test_lines_that_are_malformed(files: Path) -> None:
    """They fail a run that is strict, and are reported by one that is not."""
    text = "nonsense\n" + line_of("a", CONTENT) + "more\n"
    verdicts = [("", Verdict.MALFORMED), ("a", Verdict.OK), ("", Verdict.MALFORMED)]
    strict, lenient = of_text(files, text), of_text(files, text, strict=False)
    assert found(strict) == found(lenient) == verdicts
    assert (strict.ok, lenient.ok) == (False, True)
    assert strict.message is not None
    assert [line.split(" - ")[0] for line in strict.message.split("\n")] == [
        '"-" line 1',
        '"-" line 3',
    ]
    assert lenient.message is None
    lenient.raise_for_status()
    assert [result.line for result in strict.failures] == [1, 3]
    assert list(lenient.failures) == []
    bad = of_text(files, text + line_of("b", b"other"), strict=False)
    assert bad.message == f'"{files}/b" - mismatch'
    assert [result.path for result in bad.failures] == ["b"]
    nothing = of_text(files, "nonsense\n", strict=False)
    assert (nothing.ok, found(nothing)) == (False, [("", Verdict.MALFORMED)])


def test_missing_files(files: Path) -> None:
    """They fail the run, or are skipped; one that is there must still be good."""
    text = line_of("a", CONTENT) + line_of("gone", b"") + line_of("b/gone", b"")
    report = of_text(files, text)
    missing, skipped = Verdict.MISSING, Verdict.SKIPPED
    assert found(report) == [("a", Verdict.OK), ("gone", missing), ("b/gone", missing)]
    assert not report.ok
    report = of_text(files, text, ignore_missing=True)
    assert found(report) == [("a", Verdict.OK), ("gone", skipped), ("b/gone", skipped)]
    assert [result.error for result in report.results] == [None, "missing", "missing"]
    assert report.ok
    assert report.message is None
    report = of_text(files, line_of("gone", b""), ignore_missing=True)
    assert not report.ok
    assert report.message == '"-" - no file was verified'
    report = of_text(files, text + line_of("b", b"other"), ignore_missing=True)
    assert [failure.path for failure in report.failures] == ["b"]
    (files / "dangling").symlink_to("nowhere")
    report = of_text(files, line_of("dangling", b""))
    assert found(report) == [("dangling", missing)]


def test_one_name_on_many_lines(files: Path) -> None:
    """Each line is judged; two different digests are never both right."""
    text = line_of("a", CONTENT) + line_of("a", b"other") + line_of("./a", CONTENT)
    assert [verdict for _, verdict in found(of_text(files, text))] == [
        Verdict.OK,
        Verdict.MISMATCH,
        Verdict.OK,
    ]


# Audits


def test_an_audit(files: Path) -> None:
    """What is not listed fails the run, the manifest itself apart."""
    manifest = files / "sha1sum.txt"
    manifest.write_text(line_of("a", CONTENT) + line_of("./d//c", b"c\n"))
    report = verify(files)
    assert (report.ok, report.extra) == (True, [])
    report = verify(files, audit=True)
    assert report.counts == {Verdict.OK: 2}
    assert (report.ok, report.extra) == (False, ["b"])
    assert report.message == f'"{files}/b" - not listed'
    assert list(report.failures) == []
    with pytest.raises(VerificationError, match="not listed"):
        report.raise_for_status()
    with manifest.open("a") as more:
        more.write(line_of("b", b""))
    assert verify(files, audit=True).ok
    write_files(files, {"z/sha1sum.txt": b"", "new\nline": b"", "d/\x1b": b""})
    report = verify(files, audit=True)
    assert report.extra == ["d/\x1b", "new\nline", "z/sha1sum.txt"]
    assert report.message is not None
    assert len(report.message.split("\n")) == 3


def test_an_audit_by_a_manifest_elsewhere(files: Path, tmp_path: Path) -> None:
    """Only the manifest that is used is none of the files."""
    (files / "sha1sum.txt").write_text("")
    elsewhere = tmp_path / "sha1sum.txt"
    elsewhere.write_text(
        "".join(line_of(name, content) for name, content in [("a", CONTENT), ("b", b"")])
    )
    assert verify(files, elsewhere, audit=True).extra == ["d/c", "sha1sum.txt"]
    inside = files / "d" / "list"
    inside.write_text(elsewhere.read_text())
    assert verify(files, inside, audit=True).extra == ["d/c", "sha1sum.txt"]


def test_an_audit_of_special_files(
    files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is waited for, and what no manifest can list is no file that it lacks."""
    write_files(tmp_path, {"outside": b"out"})
    os.mkfifo(files / "fifo")
    monkeypatch.chdir(files)
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("socket")
    monkeypatch.undo()
    (files / "to-file").symlink_to("a")
    (files / "to-directory").symlink_to("d")
    (files / "out").symlink_to(tmp_path / "outside")
    (files / "dangling").symlink_to("nowhere")
    (files / "loop").symlink_to("loop")
    listed = line_of("a", CONTENT) + line_of("b", b"") + line_of("d/c", b"c\n")
    report = in_time(lambda: of_text(files, listed, audit=True))
    # A link to a directory inside is no file: what is in there has its own name.
    assert report.extra == ["to-file"]
    assert report.counts == {Verdict.OK: 3}
    assert report.message is not None
    assert report.message.endswith('/to-file" - not listed')
    assert of_text(files, listed, audit=True, exclude=["to-file"]).ok
    # What `create` has just made passes, too.
    (files / "to-file").unlink()
    report = create(files, tmp_path / "sha256sum.txt")
    assert report.counts == {Verdict.OK: 3, Verdict.SKIPPED: 6}
    assert verify(files, tmp_path / "sha256sum.txt", audit=True).ok


def test_globs_of_an_audit(tmp_path: Path) -> None:
    """With a slash they match the whole name, without one any part of it."""
    names = ["a.tmp", "d/b.tmp", "d/c", ".git/HEAD", "d/.git/x/y", "e/f/g", "e/h", "k"]
    write_files(tmp_path, dict.fromkeys(names, b""))
    listed = line_of("k", b"")

    def extra(*globs: str) -> Sequence[str]:
        return of_text(tmp_path, listed, audit=True, exclude=globs).extra

    assert extra() == sorted(set(names) - {"k"})
    assert extra("*.tmp") == [".git/HEAD", "d/.git/x/y", "d/c", "e/f/g", "e/h"]
    assert extra(".git", "*.tmp") == ["d/c", "e/f/g", "e/h"]
    assert extra("e/*") == [".git/HEAD", "a.tmp", "d/.git/x/y", "d/b.tmp", "d/c", "e/f/g"]
    assert extra("e/**", "d/**", "?.tmp", ".git/*") == []
    everything = of_text(tmp_path, listed, audit=True, exclude=("*",))
    assert everything.extra == []
    assert everything.counts == {Verdict.SKIPPED: 1}
    assert not everything.ok
    with pytest.raises(ArgumentError, match="glob"):
        extra("a[b")
    with pytest.raises(TypeError):
        extra(3)  # type: ignore[arg-type]


def test_one_glob_is_not_many(files: Path) -> None:
    """A text would be taken letter by letter, and its ``*`` would hide every file."""
    with pytest.raises(TypeError):
        of_text(files, line_of("a", CONTENT), audit=True, exclude="*.tmp")


# Where names may lead


@pytest.fixture
def contained(tmp_path: Path) -> Path:
    """A directory with ways out of it, to a good file that is there, and to none."""
    root = tmp_path / "root"
    write_files(root, {"inside": CONTENT, "d/e": b""})
    write_files(tmp_path, {"outside": CONTENT})
    (root / "relative").symlink_to("../outside")
    (root / "absolute").symlink_to(root / "inside")
    (root / "parent").symlink_to("..")
    (root / "within").symlink_to("d/../inside")
    (root / "nowhere").symlink_to("../no-such-file")
    return root


WAYS_OUT = [
    "../outside",
    "d/../../outside",
    "../root/inside",
    "/{root}/inside",
    "relative",
    "absolute",
    "parent/outside",
    "parent/root/inside",
]


@pytest.mark.parametrize("name", WAYS_OUT)
def test_names_that_lead_out(contained: Path, name: str) -> None:
    """Refused without a look, unless they are allowed."""
    name = name.format(root=str(contained).lstrip("/"))
    text = line_of(name, CONTENT) + line_of("inside", CONTENT)
    report = of_text(contained, text)
    assert found(report) == [(name, Verdict.REFUSED), ("inside", Verdict.OK)]
    refused = report.results[0]
    assert (refused.actual, refused.size, refused.error) == (None, 0, "outside the directory")
    assert not report.ok
    report = of_text(contained, text, contain=False)
    assert found(report) == [(name, Verdict.OK), ("inside", Verdict.OK)]
    assert report.ok
    assert not of_text(contained, line_of(name, b"other"), contain=False).ok


@pytest.mark.parametrize("name", ["../no-such-file", "/no/such/file", "nowhere", "parent/none"])
def test_what_is_outside_stays_unknown(contained: Path, name: str) -> None:
    """The verdict on what is not there is that on what is."""
    report = of_text(contained, line_of(name, CONTENT), ignore_missing=True)
    assert found(report) == [(name, Verdict.REFUSED)]
    assert report.results[0].error == "outside the directory"
    assert found(of_text(contained, line_of(name, CONTENT), contain=False)) == [
        (name, Verdict.MISSING)
    ]


@pytest.mark.parametrize("name", ["inside", "./inside", "d/../inside", "d//..//inside", "within"])
def test_names_that_stay_inside(contained: Path, name: str) -> None:
    """However they get there."""
    for contain in (True, False):
        report = of_text(contained, line_of(name, CONTENT), contain=contain)
        assert found(report) == [(name, Verdict.OK)]


COLLISION = "shows signs of a SHA-1 collision attack"


def test_collisions_pass_unless_they_are_looked_for(colliding: Path) -> None:
    """Two different files have one digest, which is right for both."""
    report = verify(colliding)
    assert report.ok
    assert report.counts == {Verdict.OK: 5}
    assert len({result.expected for result in report.results}) == 3
    report = verify(colliding, detect_collisions=True)
    assert not report.ok
    assert found(report) == [
        ("plain", Verdict.OK),
        ("shambles-1", Verdict.REFUSED),
        ("shambles-2", Verdict.REFUSED),
        ("shattered-1", Verdict.REFUSED),
        ("shattered-2", Verdict.REFUSED),
    ]
    for result in report.failures:
        content = (colliding / result.path).read_bytes()
        assert result.error == COLLISION
        assert (result.expected, result.actual) == (digest_of("sha1", content), None)
        assert (result.algorithm, result.size) == ("sha1", len(content))
    assert report.message is not None
    assert f'"{colliding}/shattered-2" - refused: {COLLISION}' in report.message.split("\n")


def test_collisions_are_refused_whatever_the_digest(colliding: Path) -> None:
    """But only where it is one of SHA-1."""
    content = (colliding / "shattered-1").read_bytes()
    text = "".join(
        f"{algorithm.upper()} ({name}) = {digest_of(algorithm, content)}\n"
        for algorithm in ("sha1", "md5", "sha256")
        for name in ("shattered-1", "shattered-2", "shambles-1", "plain")
    )
    of_content = [Verdict.OK, *[Verdict.MISMATCH] * 3]
    assert [verdict for _, verdict in found(of_text(colliding, text))] == [
        *[Verdict.OK, Verdict.OK, Verdict.MISMATCH, Verdict.MISMATCH],
        *of_content,
        *of_content,
    ]
    report = of_text(colliding, text, detect_collisions=True)
    assert [verdict for _, verdict in found(report)] == [
        *[Verdict.REFUSED, Verdict.REFUSED, Verdict.REFUSED, Verdict.MISMATCH],
        *of_content,
        *of_content,
    ]


@pytest.mark.parametrize("name", ["/dev/null", "/dev/zero", "fifo"])
def test_only_regular_files_are_read(contained: Path, name: str) -> None:
    """Devices and FIFOs are refused wherever they are, and nothing waits."""
    os.mkfifo(contained / "fifo")
    for contain in (True, False):
        text = line_of(name, b"")
        report = in_time(partial(of_text, contained, text, contain=contain))
        assert found(report) == [(name, Verdict.REFUSED)]


# Files that change


def changes_seen(root: Path, change: Callable[[Path], object]) -> Result:
    """The result of a file that changes again and again while it is read."""
    path = root / "growing"
    size = 48 * 1024 * 1024
    with path.open("wb") as sparse:
        sparse.truncate(size)
    digest = hashlib.sha1()
    for _ in range(48):
        digest.update(bytes(1024 * 1024))
    text = f"{digest.hexdigest()}  growing\n"
    assert found(of_text(root, text)) == [("growing", Verdict.OK)]
    stop = threading.Event()

    def keep_changing() -> None:
        while not stop.wait(0.002):
            change(path)

    thread = threading.Thread(target=keep_changing)
    thread.start()
    end = time.monotonic() + DEADLINE
    try:
        while True:
            report = of_text(root, text)
            if Verdict.CHANGED in report.counts:
                break
            assert time.monotonic() < end, f"only {report} was seen"
    finally:
        stop.set()
        thread.join(DEADLINE)
    assert found(report) == [("growing", Verdict.CHANGED)]
    assert not report.ok
    assert report.message == f'"{root}/growing" - changed: while it was read'
    assert list(report.failures) == list(report.results)
    return report.results[0]


def append(path: Path) -> None:
    """Adds a byte."""
    with path.open("ab") as file:
        file.write(b"x")


def replace(path: Path) -> None:
    """Puts another file of the same length and time in its place."""
    status = path.stat()
    other = path.with_name("other")
    with other.open("wb") as sparse:
        sparse.truncate(status.st_size)
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    other.replace(path)


def overwrite(path: Path) -> None:
    """Writes what was there already, which takes another time."""
    with path.open("r+b") as file:
        file.write(b"\0")


@pytest.mark.parametrize("change", [append, replace, overwrite])
def test_a_file_that_changes_while_it_is_read(
    tmp_path: Path, change: Callable[[Path], object]
) -> None:
    """Neither a good nor a bad digest could be trusted, and none is given."""
    result = changes_seen(tmp_path, change)
    assert result.error == "while it was read"
    assert result.actual is None
    assert result.expected is not None


# Manifests


class AsPath:
    """A path that is neither text nor a :class:`pathlib.Path`."""

    def __init__(self, path: bytes) -> None:
        self._path = path

    def __fspath__(self) -> bytes:
        return self._path


def test_files_of_the_system_whose_size_says_nothing() -> None:
    """Those of /proc state none, those of /sys a whole page."""
    files = [Path("/proc/version"), Path("/sys/kernel/mm/transparent_hugepage/enabled")]
    for file in files:
        if not file.exists():
            pytest.skip(f"needs {file}")
    text = "".join(line_of(str(file).lstrip("/"), file.read_bytes()) for file in files)
    assert found(of_text(Path("/"), text)) == [(str(f).lstrip("/"), Verdict.OK) for f in files]


def test_a_file_that_has_nothing_to_give_yet() -> None:
    """It is not waited for, and not asked for ever."""
    log = Path("/proc/kmsg")
    if os.geteuid() != 0 or not os.access(log, os.R_OK):
        pytest.skip("needs root, to read the kernel's messages")
    for algorithm in ("sha1", "crc32"):
        text = line_of("proc/kmsg", b"", algorithm)
        report = in_time(partial(of_text, Path("/"), text))
        assert found(report)[0][1] in (Verdict.UNREADABLE, Verdict.MISMATCH)


@pytest.mark.parametrize(
    "kind",
    [str, os.fsencode, Path, lambda path: AsPath(os.fsencode(path))],
    ids=["str", "bytes", "Path", "PathLike[bytes]"],
)
def test_manifests_by_their_path(
    files: Path, tmp_path: Path, kind: Callable[[Path], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is one from where the caller is, and not from the root."""
    path = tmp_path / "list"
    path.write_text(line_of("a", CONTENT))
    report = verify(files, kind(path))
    assert (report.ok, report.manifest) == (True, str(path))
    monkeypatch.chdir(tmp_path)
    report = verify("files", kind(Path("list")))
    assert (report.ok, report.manifest) == (True, "list")
    with pytest.raises(ManifestError, match="cannot read the manifest: No such file"):
        verify("files", kind(Path("a")))
    with pytest.raises(ValueError, match="null byte"):
        verify(files, kind(Path("li\0st")))


def test_manifests_that_are_open(files: Path, tmp_path: Path) -> None:
    """From where they are read up to, and left open; their name tells the algorithm."""
    path = tmp_path / "checksums.sha3-256"
    path.write_text("skipped\n" + line_of("a", CONTENT, "sha3-256"))
    with path.open("rb") as opened:
        opened.readline()
        report = verify(files, opened)
        assert (report.ok, report.manifest) == (True, str(path))
        assert not opened.closed
        assert verify(files, opened).message == f'"{path}" - lists no file'
    report = verify(files, io.BytesIO(line_of("a", CONTENT).encode()))
    assert (report.ok, report.manifest) == (True, "-")
    unbuffered = path.open("rb", buffering=0)
    with unbuffered:
        unbuffered.seek(len("skipped\n"))
        assert verify(files, unbuffered).ok
    reader, writer = os.pipe()
    with open(reader, "rb") as pipe:  # noqa: PTH123  # a descriptor has no path
        os.write(writer, line_of("a", CONTENT).encode())
        os.close(writer)
        report = verify(files, pipe)
        assert (report.ok, report.manifest) == (True, "-")


def test_a_pipe_that_does_not_wait_is_no_end(files: Path) -> None:
    there, here = os.pipe()
    os.set_blocking(there, False)
    with os.fdopen(there, "rb") as pipe, os.fdopen(here, "wb", 0) as writer:
        for has_some in (False, True):
            if has_some:
                writer.write(line_of("a", CONTENT).encode())
            with pytest.raises(ManifestError, match="no more so far"):
                verify(files, pipe)


def test_manifests_that_are_open_without_a_buffer(files: Path, tmp_path: Path) -> None:
    """The library reads them, and waits for a pipe also where it is not meant to wait."""
    path = tmp_path / "list"
    path.write_text(line_of("a", CONTENT))
    with path.open("rb", buffering=0) as opened:
        report = verify(files, opened)
        assert (report.ok, report.manifest, opened.tell()) == (True, str(path), path.stat().st_size)
        assert read_manifest(opened) == []
        opened.seek(0)
        assert [entry.path for entry in read_manifest(opened)] == ["a"]
    with pytest.raises(ValueError, match="closed file"):
        verify(files, opened)
    with path.open("ab", buffering=0) as written, pytest.raises(ManifestError, match="Bad file"):
        verify(files, written)
    there, here = os.pipe()
    os.set_blocking(there, False)
    with os.fdopen(there, "rb", 0) as pipe:

        def write() -> None:
            with os.fdopen(here, "wb") as writer:
                writer.write(path.read_bytes())

        late = threading.Timer(0.3, write)
        late.start()
        report = verify(files, pipe)
        assert (report.ok, report.manifest) == (True, "-")
        late.join()


@pytest.mark.parametrize("reads", [verify, lambda _, manifest: read_manifest(manifest)])
def test_who_writes_into_a_pipe_is_told_that_nobody_reads(
    reads: Callable[[Path, BinaryIO], object], files: Path
) -> None:
    """When the caller has closed it, also where the error is kept."""
    there, here = os.pipe()
    told: list[BrokenPipeError] = []

    def write() -> None:
        with os.fdopen(here, "wb", 0) as writer:
            try:
                for _ in range(64):
                    writer.write(b"\x1f\x8b".ljust(1 << 16, b"\0"))
            except BrokenPipeError as error:
                told.append(error)

    thread = threading.Thread(target=write)
    thread.start()
    with os.fdopen(there, "rb", 0) as pipe, pytest.raises(ManifestError, match="gzip") as caught:
        reads(files, pipe)
    thread.join(DEADLINE)
    assert len(told) == 1
    assert caught.value.__traceback__ is not None


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux' /proc")
@pytest.mark.parametrize("text", ["sparse", "lines"])
def test_a_manifest_of_any_size_needs_little_memory(text: str, tmp_path: Path) -> None:
    """Garbage without a newline, in a file and in a pipe, and a million lines in a pipe."""
    path = tmp_path / "list"
    with path.open("wb") as file:
        if text == "sparse":
            file.truncate(1 << 30)
        else:
            file.writelines(b"%040x  file%d\n" % (number, number) for number in range(1_000_000))
    for script in ('"$@" --status -m list', 'cat list | "$@" --status -m -'):
        command = ["sh", "-c", f"{script}; test $? = 1", "sh", sys.executable, "-c", GROWN]
        done = subprocess.run(command, cwd=tmp_path, stdout=subprocess.PIPE, check=True)
        assert int(done.stdout) < 64 << 10


#: Verifies as the command does, and then prints by how many KiB the process's memory had grown.
GROWN = """
import sys
from checksig.cli import commands, main

def memory(what):
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(what))

before = memory("VmRSS:")
code = main(["verify", *sys.argv[1:]])
print(memory("VmHWM:") - before)
sys.exit(code)
"""


def test_manifests_that_are_open_as_text(files: Path, tmp_path: Path) -> None:
    """Names need not be text."""
    path = tmp_path / "list"
    path.write_text(line_of("a", CONTENT))
    with path.open() as opened, pytest.raises(TypeError, match="binary"):
        verify(files, opened)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="binary"):
        verify(files, io.StringIO(line_of("a", CONTENT)))  # type: ignore[arg-type]


@pytest.mark.parametrize("manifest", [3, 1.5, ["sha1sum.txt"], object()])
def test_what_is_no_manifest(files: Path, manifest: Any) -> None:
    with pytest.raises(TypeError):
        verify(files, manifest)


USUAL = {
    "sha1sum.txt": "sha1",
    "SHA1SUMS": "sha1",
    "SHA256SUMS": "sha256",
    "sha512sum.txt": "sha512",
    "MD5SUMS": "md5",
    "B2SUMS": "blake2b",
}


@pytest.mark.parametrize("name", list(USUAL))
def test_the_only_manifest_of_a_usual_name(files: Path, name: str) -> None:
    """It is taken, and its name tells the algorithm."""
    (files / name).write_text(line_of("a", CONTENT, USUAL[name]))
    report = verify(files)
    assert (report.ok, report.manifest) == (True, f"{files}/{name}")
    assert report.results[0].algorithm == USUAL[name]
    assert verify(files, audit=True).extra == ["b", "d/c"]


def test_several_manifests_of_usual_names(files: Path) -> None:
    """The error names them; ``sha1sum.txt`` is taken whatever else there is."""
    (files / "SHA256SUMS").write_text(line_of("a", CONTENT, "sha256"))
    (files / "MD5SUMS").write_text(line_of("a", CONTENT, "md5"))
    with pytest.raises(ManifestError) as caught:
        verify(files)
    start, _, names = str(caught.value).partition(": ")
    assert start == f'"{files}" - several manifests, name one of them'
    assert sorted(names.split(", ")) == ["MD5SUMS", "SHA256SUMS"]
    assert verify(files, files / "MD5SUMS").ok
    (files / "sha1sum.txt").write_text(line_of("a", b"other"))
    report = verify(files)
    assert report.manifest == f"{files}/sha1sum.txt"
    assert found(report) == [("a", Verdict.MISMATCH)]


def test_no_manifest_of_a_usual_name(files: Path) -> None:
    (files / "list.txt").write_text(line_of("a", CONTENT))
    with pytest.raises(ManifestError, match="no manifest such as") as caught:
        verify(files)
    assert str(caught.value).startswith(f'"{files}" - ')


@pytest.mark.parametrize(
    ("name", "text", "error"),
    [
        ("a.txt", b"\xff\xfea\0", "UTF-16"),
        ("a.gz", b"\x1f\x8b\x08\0", "compressed with gzip"),
        ("a.txt", b"%%%% HASHDEEP-1.0\n0,1,a\n", "line 2"),
    ],
)
def test_what_is_no_text_of_a_manifest(
    files: Path, tmp_path: Path, name: str, text: bytes, error: str
) -> None:
    """The whole is refused, with the number of the line if it is one."""
    path = tmp_path / name
    path.write_bytes(text)
    for manifest in (path, io.BytesIO(text)):
        with pytest.raises(ManifestError, match=error) as caught:
            verify(files, manifest)
        assert caught.value.line == (2 if error == "line 2" else None)
        again = pickle.loads(pickle.dumps(caught.value))
        assert (str(again), again.line) == (str(caught.value), caught.value.line)


# Threads and reports


@pytest.mark.parametrize("threads", [None, 1, 3, 1000])
def test_any_number_of_threads(files: Path, threads: Optional[int]) -> None:
    text = "".join(line_of("a", CONTENT[:-number] or CONTENT) for number in range(50))
    report = of_text(files, text, threads=threads)
    expected = [("a", Verdict.OK)] + 49 * [("a", Verdict.MISMATCH)]
    assert found(report) == expected
    assert [result.line for result in report.results] == list(range(1, 51))
    with pytest.raises(ValueError, match="threads is 0"):
        of_text(files, text, threads=0)


@any_bytes_in_names
def test_a_report_as_json(tmp_path: Path) -> None:
    """Every value comes back, names that are not UTF-8 too."""
    root = tmp_path / os.fsdecode(b"caf\xe9")
    odd = os.fsdecode(b"\xff\xfe\n\"'\x1b")
    write_files(root, {"good": b"1", odd: b"2", "extra": b"", os.fsdecode(b"ex\xe9"): b""})
    text = line_of("good", b"1") + "\\" + line_of(odd.replace("\n", "\\n"), b"other") + "bad\n"
    (root / "sha1sum.txt").write_bytes(os.fsencode(text))
    report = verify(root, audit=True)
    for indent in (None, 2):
        written = report.to_json(indent=indent)
        assert written.isascii()
        assert ("\n" in written) is (indent is not None)
        read = json.loads(written)
        assert list(read) == [
            "ok",
            "manifest",
            "counts",
            "extra",
            "bytes",
            "seconds",
            "cancelled",
            "results",
        ]
        assert (read["ok"], read["cancelled"], read["bytes"]) == (False, False, 2)
        assert os.fsencode(read["manifest"]) == os.fsencode(root) + b"/sha1sum.txt"
        assert read["counts"] == {"OK": 1, "MISMATCH": 1, "MALFORMED": 1}
        assert list(map(os.fsencode, read["extra"])) == [b"extra", b"ex\xe9"]
        assert read["seconds"] == report.seconds
        assert read["results"][1] == {
            "path": odd,
            "verdict": "MISMATCH",
            "algorithm": "sha1",
            "expected": digest_of("sha1", b"other"),
            "actual": digest_of("sha1", b"2"),
            "size": 1,
            "line": 2,
            "error": None,
        }
        again = [Result(**{**one, "verdict": Verdict[one["verdict"]]}) for one in read["results"]]
        assert again == list(report.results)
        assert [result.to_dict() for result in report.results] == read["results"]


def test_raising_for_a_status(files: Path) -> None:
    """Nothing where all is well; else the whole text, and the report."""
    of_text(files, line_of("a", CONTENT)).raise_for_status()
    report = of_text(files, line_of("a", b"other") + line_of("gone", b""))
    with pytest.raises(VerificationError) as caught:
        report.raise_for_status()
    assert str(caught.value) == f'"{files}/a" - mismatch\n"{files}/gone" - missing'
    assert caught.value.report is report
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("count", [10, 11, 5000])
def test_raising_for_many(files: Path, count: int) -> None:
    """The text has ten lines of them at the most, and their number."""
    report = of_text(files, "".join(line_of(f"{number}", b"") for number in range(count)))
    with pytest.raises(VerificationError) as caught:
        report.raise_for_status()
    lines = [f'"{files}/{number}" - missing' for number in range(10)]
    more = [f"and {count - 10} more"] if count > 10 else []
    assert str(caught.value) == "\n".join(lines + more)


def test_what_a_report_has(files: Path) -> None:
    """Its attributes, in a ``with`` and after it."""
    text = line_of("a", CONTENT) + line_of("gone", b"")
    with of_text(files, text, audit=True) as report:
        assert (report.ok, report.cancelled, report.manifest) == (False, False, "-")
        assert report.extra == ["b", "d/c"]
        assert report.counts == {Verdict.OK: 1, Verdict.MISSING: 1}
        assert report.bytes == len(CONTENT)
        assert 0 <= report.seconds < DEADLINE
        assert repr(report) == "<Report: 1 OK, 1 MISSING>"
        assert isinstance(report, Report)
    uses: list[Callable[[], object]] = [
        lambda: report.extra,
        lambda: report.cancelled,
        lambda: report.manifest,
        report.to_json,
        report.raise_for_status,
    ]
    for use in uses:
        with pytest.raises(ValueError, match="closed"):
            use()
    with pytest.raises(AttributeError):
        report.ok = True  # type: ignore[misc]


def test_progress_is_a_value() -> None:
    """Equal to another one, and not to be changed."""
    now = Progress(files=1, files_total=2, bytes=3, bytes_total=None, path="a")
    assert now == Progress(1, 2, 3, None, "a")
    with pytest.raises(AttributeError):
        now.files = 2  # type: ignore[misc]
