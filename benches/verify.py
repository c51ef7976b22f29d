"""checksig against other ways to verify SHA-1 manifests: ``make bench``.

Every contender verifies the same directories from the warm page cache, in one run and in
rotating order; what counts is the ratio of the medians. The corpora are made anew each
time from a fixed seed.
"""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import checksig

ROUNDS = 5
MANIFEST = "sha1sum.txt"
PIECE = 256 * 1024


class Corpus(NamedTuple):
    """Files of one size."""

    name: str
    files: int
    size: int


CORPORA = [
    Corpus("small", 20_000, 4 * 1024),
    Corpus("medium", 1_000, 512 * 1024),
    Corpus("huge", 2, 256 * 1024 * 1024),
]


def make(corpus: Corpus, root: Path) -> None:
    """Writes the files and their manifest."""
    generator = random.Random(corpus.name)
    lines = []
    for index in range(corpus.files):
        name = f"{index % 100:02}/{index:06}"
        (root / name).parent.mkdir(exist_ok=True)
        digest = hashlib.sha1()
        with (root / name).open("wb") as file:
            for start in range(0, corpus.size, PIECE):
                piece = generator.randbytes(min(PIECE, corpus.size - start))
                digest.update(piece)
                file.write(piece)
        lines.append(f"{digest.hexdigest()}  {name}\n")
    (root / MANIFEST).write_text("".join(lines), encoding="ascii")


def by_checksig(root: Path) -> None:
    """This library, called from Python."""
    checksig.check_signature(root)


def by_sha1sum(root: Path) -> None:
    """Coreutils, one process."""
    subprocess.run(["sha1sum", "--quiet", "--check", MANIFEST], cwd=root, check=True)


def by_xargs(root: Path) -> None:
    """Coreutils, a process for each processor, each with its share of the manifest."""
    jobs = os.cpu_count() or 1
    script = f"split -n l/{jobs} {MANIFEST} part. && ls part.* | xargs -P {jobs} -n 1 "
    script += "sha1sum --quiet --check; status=$?; rm part.*; exit $status"
    subprocess.run(["sh", "-c", script], cwd=root, check=True)


def by_hashlib(root: Path) -> None:
    """Python's hashlib (OpenSSL) in a pool of threads, as a careful script does it."""

    def check(line: str) -> bool:
        expected, _, name = line.partition("  ")
        digest, buffer = hashlib.sha1(), memoryview(bytearray(PIECE))
        with (root / name).open("rb", buffering=0) as file:
            while count := file.readinto(buffer):
                digest.update(buffer[:count])
        return digest.hexdigest() == expected

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        lines = (root / MANIFEST).read_text(encoding="ascii").splitlines()
        assert all(pool.map(check, lines))


def contenders() -> dict[str, Callable[[Path], None]]:
    """Those that this machine has."""
    found: dict[str, Callable[[Path], None]] = {
        "checksig": by_checksig,
        "hashlib threads": by_hashlib,
    }
    if shutil.which("sha1sum"):
        found["sha1sum -c"] = by_sha1sum
        found[f"xargs -P{os.cpu_count()} sha1sum"] = by_xargs
    return found


def measure(root: Path) -> dict[str, list[float]]:
    """Each contender's seconds, round by round."""
    runs = contenders()
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    names = list(runs)
    for round_ in range(ROUNDS):
        shift = round_ % len(names)
        for name in names[shift:] + names[:shift]:
            start = time.perf_counter()
            runs[name](root)
            seconds[name].append(time.perf_counter() - start)
    return seconds


def main() -> None:
    """Measures every corpus and prints a table of each."""
    for corpus in CORPORA:
        with tempfile.TemporaryDirectory(prefix="checksig-bench-") as directory:
            root = Path(directory)
            make(corpus, root)
            seconds = measure(root)
        size = corpus.files * corpus.size / 1e6
        print(f"\n{corpus.name}: {corpus.files} files of {corpus.size} bytes, {size:.0f} MB")
        ours = statistics.median(seconds["checksig"])
        for name, values in sorted(seconds.items(), key=lambda item: statistics.median(item[1])):
            median = statistics.median(values)
            spread = f"{min(values):.3f} to {max(values):.3f}"
            print(f"  {name:<20} {median:7.3f} s ({spread})  {median / ours:5.2f} x checksig")


if __name__ == "__main__":
    main()
