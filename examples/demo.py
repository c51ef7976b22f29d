"""checksig's main job on real input: run by ``make demo``.

First the ten web-server logs of ``tests/data/logs``, one of which is not what its
manifest says. Then a copy of this Python's whole standard library, against a manifest
that coreutils' ``sha1sum`` made; and once more after one bit of one file has changed.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Sequence
from pathlib import Path

import checksig

LOGS = Path(__file__).resolve().parents[1] / "tests" / "data" / "logs"
MANIFEST = "sha1sum.txt"


def main() -> None:
    """Shows the three verifications; exits with an error if one is not as it should be."""
    print(f"checksig {checksig.__version__}: web-server logs\n")
    report = checksig.verify(LOGS)
    for result in report.results:
        print(f"  {result.path}: {result.verdict.name}")
    print(f"\n{report.message}\n")
    expect(report, ["httpd-08.log"])

    with tempfile.TemporaryDirectory(prefix="checksig-demo-") as directory:
        root = Path(directory) / "stdlib"
        files = copy_standard_library(root)
        maker = write_manifest(root, files)
        print(f"Python's standard library, manifest by {maker}\n")
        report = checksig.verify(root)
        show(report)
        expect(report, [])

        victim = files[len(files) // 2]
        flip_a_bit(root / victim)
        print(f"\nthe same with one bit of {victim} flipped\n")
        report = checksig.verify(root)
        show(report)
        expect(report, [victim])


def copy_standard_library(target: Path) -> list[str]:
    """Copies the standard library without installed packages; the names of its files."""
    packages = shutil.ignore_patterns("site-packages", "dist-packages")
    source = sysconfig.get_path("stdlib")
    shutil.copytree(source, target, ignore=packages, ignore_dangling_symlinks=True)
    paths = sorted(path for path in target.rglob("*") if path.is_file() and path.stat().st_size)
    return [path.relative_to(target).as_posix() for path in paths]


def write_manifest(root: Path, files: Sequence[str]) -> str:
    """Writes the manifest of these files; the name of the program that made it."""
    sha1sum = shutil.which("sha1sum")
    with (root / MANIFEST).open("wb") as manifest:
        if sha1sum is None:
            for name in files:
                digest = hashlib.sha1((root / name).read_bytes()).hexdigest()
                manifest.write(f"{digest}  {name}\n".encode())
            return "Python's hashlib"
        for start in range(0, len(files), 1000):
            command = [sha1sum, "--", *files[start : start + 1000]]
            subprocess.run(command, cwd=root, stdout=manifest, check=True)
    return "sha1sum"


def flip_a_bit(path: Path) -> None:
    """Changes the lowest bit of the byte in the middle of a file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def show(report: checksig.Report) -> None:
    """Prints how much was verified, how fast, and what is wrong."""
    files, size = len(report.results), report.bytes / 1e6
    counts = ", ".join(f"{count} {verdict.name}" for verdict, count in report.counts.items())
    print(f"  {files} files, {size:.1f} MB in {report.seconds:.3f} s: {counts}")
    for result in report.failures:
        print(f"  {result.path}: {result.verdict.name}")


def expect(report: checksig.Report, bad: Sequence[str]) -> None:
    """Ends the demo unless exactly these files are bad."""
    found = [result.path for result in report.failures]
    if found != list(bad) or report.ok == bool(bad):
        sys.exit(f"the demo failed: expected {list(bad)} to be bad, found {found}")


if __name__ == "__main__":
    main()
