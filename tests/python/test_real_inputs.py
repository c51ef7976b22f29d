"""What real machines have: packages' manifests, a wheel, many files, a large one, odd names."""

from __future__ import annotations

import csv
import hashlib
import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path

import pytest

from checksig import Verdict, create, read_manifest, update, verify
from conftest import need

pytestmark = pytest.mark.once

#: How many manifests are compared line by line with what another program says.
SAMPLE = 25

#: How much of a file :mod:`hashlib` is given at once.
PIECE = 1024 * 1024


def md5sums() -> list[Path]:
    """The manifests of the packages that Debian's ``dpkg`` has installed."""
    found = sorted(Path("/var/lib/dpkg/info").glob("*.md5sums"))
    if not found:
        pytest.skip("needs a system of Debian's")
    return found


def test_the_files_of_every_package() -> None:
    """No line is malformed, and almost every file is as it was packed."""
    counts = dict.fromkeys(Verdict, 0)
    lines = 0
    for manifest in md5sums():
        with verify("/", manifest) as report:
            for verdict, count in report.counts.items():
                counts[verdict] += count
        lines += sum(1 for line in manifest.read_bytes().split(b"\n") if line)
    assert sum(counts.values()) == lines > 1000
    assert counts[Verdict.MALFORMED] == 0
    # A slim system lacks its documentation, and a file in use may be changed.
    allowed = {Verdict.OK, Verdict.MISSING, Verdict.MISMATCH}
    assert {verdict for verdict, count in counts.items() if count} <= allowed
    assert counts[Verdict.OK] >= 0.95 * (lines - counts[Verdict.MISSING])


def test_the_files_of_some_packages_as_md5sum_has_them() -> None:
    """Each verdict that another program has, line by line."""
    tool = need("md5sum")
    manifests = md5sums()
    words = {"OK": Verdict.OK, "FAILED": Verdict.MISMATCH, "FAILED open or read": Verdict.MISSING}
    compared = 0
    for manifest in manifests[:: max(1, len(manifests) // SAMPLE)]:
        done = subprocess.run(
            [tool, "--check", str(manifest)],
            cwd="/",
            capture_output=True,
            env={**os.environ, "LC_ALL": "C"},
        )
        expected = []
        for line in done.stdout.decode("utf-8", "surrogateescape").splitlines():
            name, _, word = line.rpartition(": ")
            # In this locale names that are not ASCII are quoted as they are.
            expected.append((name, words[word]))
        found = [(result.path, result.verdict) for result in verify("/", manifest).results]
        assert found == expected
        compared += len(found)
    assert compared > 100


def test_the_record_of_an_installed_wheel() -> None:
    """Every file of a package, by the RECORD that its installer wrote."""
    distribution = importlib.metadata.distribution("pytest")
    files = distribution.files
    assert files is not None
    (name,) = (file for file in files if file.name == "RECORD")
    record = Path(str(distribution.locate_file(name)))
    site_packages = record.parent.parent
    with record.open(newline="", encoding="utf-8") as opened:
        rows = list(csv.reader(opened))
    entries = read_manifest(record)
    assert [entry.path for entry in entries] == [row[0] for row in rows]
    assert [str(entry.size or 0) for entry in entries] == [row[2] or "0" for row in rows]
    # The scripts are in another directory, where names may lead only if they are allowed to.
    report = verify(site_packages, record, contain=False)
    assert report.message is None
    assert report.counts[Verdict.OK] == sum(1 for row in rows if row[1]) > 20
    assert report.counts.get(Verdict.SKIPPED, 0) == sum(1 for row in rows if not row[1]) > 0
    inside = verify(site_packages, record)
    scripts = [row[0] for row in rows if row[0].startswith("..") and row[1]]
    assert [failure.path for failure in inside.failures] == scripts
    assert inside.counts.get(Verdict.REFUSED, 0) == len(scripts)


def test_a_hundred_thousand_files(tmp_path: Path) -> None:
    """Made, verified, audited; then one of them is bad, one is gone, and one is new."""
    root = tmp_path / "root"
    for directory in range(100):
        (root / f"{directory:02}").mkdir(parents=True)
        for number in range(1000):
            path = f"{root}/{directory:02}/{number:03}"
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o644)
            os.write(descriptor, b"%d %d" % (directory, number))
            os.close(descriptor)
    report = create(root)
    assert report.ok
    assert report.counts == {Verdict.OK: 100_000}
    report = verify(root, audit=True)
    assert report.ok
    assert report.counts == {Verdict.OK: 100_000}
    assert report.results[12_345].path == "12/345"
    assert report.results[12_345].actual == hashlib.sha256(b"12 345").hexdigest()
    (root / "31" / "415").write_bytes(b"changed")
    (root / "92" / "653").unlink()
    (root / "58" / "new").write_bytes(b"")
    report = verify(root, audit=True)
    bad = [(failure.path, failure.verdict) for failure in report.failures]
    assert bad == [("31/415", Verdict.MISMATCH), ("92/653", Verdict.MISSING)]
    assert report.extra == ["58/new"]
    difference = update(root, root / "sha256sum.txt")
    assert (difference.added, difference.removed, difference.changed) == (
        ["58/new"],
        ["92/653"],
        ["31/415"],
    )
    assert len(difference.unchanged) == 99_998


def test_a_file_of_three_gibibytes(tmp_path: Path) -> None:
    """Longer than what 31 or 32 bits can count, and than what one read can give."""
    size = 3 * 1024**3 + 1
    with (tmp_path / "zeros").open("wb") as sparse:
        sparse.truncate(size)
    digest = hashlib.sha1()
    piece = bytes(PIECE)
    for _ in range(size // PIECE):
        digest.update(piece)
    digest.update(bytes(size % PIECE))
    (tmp_path / "sha1sum.txt").write_text(f"{digest.hexdigest()}  zeros\n")
    report = verify(tmp_path)
    (result,) = report.results
    assert (result.verdict, result.actual, result.size) == (Verdict.OK, digest.hexdigest(), size)
    assert report.bytes == size


@pytest.mark.skipif(sys.platform == "darwin", reason="needs a file system that takes any name")
def test_names_in_latin_1_and_with_newlines(tmp_path: Path) -> None:
    """Made and read here, and by coreutils; then one of them is bad."""
    tool = need("sha256sum")
    root = tmp_path / os.fsdecode("Übung".encode("latin-1"))
    root.mkdir()
    words = ["naïve", "café\nolé", "Ærø\r", "ÿ\\n", "straße\n\n"]
    names = sorted(word.encode("latin-1") for word in words)
    for name in names:
        (root / os.fsdecode(name)).write_bytes(name)
    assert create(root).ok
    report = verify(root, audit=True)
    assert report.ok
    assert [os.fsencode(result.path) for result in report.results] == names
    assert [result.actual for result in report.results] == [
        hashlib.sha256(name).hexdigest() for name in names
    ]
    checked = [tool, "--check", "--strict", "--quiet", "sha256sum.txt"]
    done = subprocess.run(checked, cwd=root, capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    arguments = [b"./" + name for name in names]
    made = subprocess.run(
        [os.fsencode(tool), *arguments], cwd=root, check=True, stdout=subprocess.PIPE
    )
    (tmp_path / "made").write_bytes(made.stdout)
    report = verify(root, tmp_path / "made")
    assert [os.fsencode(result.path) for result in report.results] == arguments
    assert report.ok
    (root / os.fsdecode(names[0])).write_bytes(b"changed")
    (failure,) = verify(root).failures
    assert (os.fsencode(failure.path), failure.verdict) == (names[0], Verdict.MISMATCH)
