"""The least time that a verification could take, from rates measured in the same run."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Callable, NamedTuple

from .corpora import KIB, MIB, Corpus, Group, Listed, make, remove

__all__ = ["BUFFER", "HashRate", "Rates", "least_seconds", "measure", "parse_hash_rates"]

PROJECT = Path(__file__).resolve().parents[1]

#: The buffer with which files are read, in bytes.
BUFFER = 128 * KIB

SMALL = Corpus("small", (Group(10_000, 4 * KIB),))
LARGE = Corpus("large", (Group(16, 8 * MIB),))
PASSES = 7


class HashRate(NamedTuple):
    """How fast one thread hashes so many messages of one length with a kernel."""

    algorithm: str
    kernel: str
    messages: int
    length: int
    bytes_a_second: float


class Rates(NamedTuple):
    """What the machine can do.

    Attributes:
        hashes: every algorithm with every kernel.
        read: bytes a second that a thread reads from the page cache, all threads busy.
        file: seconds that a thread needs to open, stat and close a file, all threads busy.
        threads: one a processor.
    """

    hashes: Sequence[HashRate]
    read: float
    file: float
    threads: int

    def hash_alone(self, algorithm: str) -> float:
        """Bytes a second of one message, with the best kernel."""
        return self._best(algorithm, lambda rate: rate.messages == 1)

    def hash_together(self, algorithm: str, length: int) -> float:
        """Bytes a second of many messages of about this length, with the best kernel."""
        lengths = {rate.length for rate in self.hashes if rate.messages > 1}
        nearest = min(lengths, key=lambda candidate: abs(candidate - length))
        return self._best(algorithm, lambda rate: rate.length == nearest and rate.messages > 1)

    def _best(self, algorithm: str, suits: Callable[[HashRate], bool]) -> float:
        return max(
            rate.bytes_a_second
            for rate in self.hashes
            if rate.algorithm == algorithm and suits(rate)
        )

    def knows(self, algorithm: str) -> bool:
        """Whether there are rates for an algorithm."""
        return any(rate.algorithm == algorithm for rate in self.hashes)


def least_seconds(files: Sequence[Listed], algorithm: str, rates: Rates) -> float:
    """The bound: all work evenly spread, or the longest file, which no second core can help.

    The work is that of hashing in lanes, of the copy out of the page cache and of the
    system calls. The longest file is hashed alone, while others are read and hashed.
    """
    work = sum(
        rates.file + file.size / rates.read + file.size / rates.hash_together(algorithm, file.size)
        for file in files
    )
    longest = max(file.size for file in files) / rates.hash_alone(algorithm)
    return max(work / rates.threads, longest)


def measure(reads: Path, hashes: Sequence[HashRate], directory: Path, scale: float = 1) -> Rates:
    """The rates of reading now; ``reads`` is the program of ``native/reads.c``."""
    threads = os.cpu_count() or 1
    large, small = LARGE.scaled(scale), SMALL.scaled(scale)
    read = large.size / _seconds(reads, large, threads, directory) / threads
    seconds = _seconds(reads, small, threads, directory)
    file = seconds * threads / small.groups[0].files - small.groups[0].size / read
    return Rates(hashes, read, file, threads)


def _seconds(reads: Path, corpus: Corpus, threads: int, directory: Path) -> float:
    root = directory / corpus.name
    names = make(corpus, root)
    done = subprocess.run(
        [str(reads), str(threads), str(BUFFER), str(PASSES), str(root)],
        input="".join(f"{name}\n" for name in names),
        capture_output=True,
        text=True,
        check=True,
    )
    remove(root)
    return float(done.stdout)


def measure_hash_rates() -> list[HashRate]:
    """What the example ``rates`` of lanehash finds, which cargo builds where it must."""
    command = ["cargo", "run", "--quiet", "--release", "--locked"]
    command += ["--package", "lanehash", "--example", "rates"]
    done = subprocess.run(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True, check=True)
    return parse_hash_rates(done.stdout.splitlines())


def parse_hash_rates(lines: Iterable[str]) -> list[HashRate]:
    """What the example ``rates`` printed."""
    rates = []
    for line in lines:
        algorithm, kernel, messages, length, rate = line.split()
        rates.append(HashRate(algorithm, kernel, int(messages), int(length), float(rate)))
    return rates
