"""Deterministic directories of files, and the manifests of them."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import NamedTuple, Optional

import checksig

__all__ = [
    "CORPORA",
    "DPKG_LISTS",
    "KIB",
    "MIB",
    "Corpus",
    "Group",
    "Listed",
    "dpkg_files",
    "hashed",
    "make",
    "remove",
    "shares",
    "with_links",
    "write_manifest",
]

KIB = 1024
MIB = 1024 * KIB

#: How much of a file is made or hashed at a time.
PIECE = MIB

#: How many threads remove files.
REMOVERS = 32

#: Where Debian keeps a list of MD5 digests for each package.
DPKG_LISTS = Path("/var/lib/dpkg/info")


class Group(NamedTuple):
    """So many files of one size in bytes."""

    files: int
    size: int


class Corpus(NamedTuple):
    """Files to verify, in groups."""

    name: str
    groups: tuple[Group, ...]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(group.files * group.size for group in self.groups)

    def scaled(self, scale: float) -> Corpus:
        """The same in small: fewer files where there are many, smaller ones where there are not."""
        return self._replace(groups=tuple(_scaled(group, scale) for group in self.groups))


def _scaled(group: Group, scale: float) -> Group:
    files = max(min(group.files, 4), round(group.files * scale))
    return Group(files, max(1, round(group.files * group.size * scale / files)))


#: The least of them has 100,000 files for the curve; what is called small are the first 50,000.
CORPORA = {
    corpus.name: corpus
    for corpus in [
        Corpus("small", (Group(100_000, 4 * KIB),)),
        Corpus("medium", (Group(2_000, 512 * KIB),)),
        Corpus("pair", (Group(2, 1024 * MIB),)),
        Corpus("one", (Group(1, 2048 * MIB),)),
        Corpus("skewed", (Group(1, 1024 * MIB), Group(5_000, 16 * KIB))),
    ]
}


class Listed(NamedTuple):
    """A file of a manifest: its name below the root, its size, its digest in hexadecimal."""

    name: str
    size: int
    digest: str


@cache
def _pool() -> bytes:
    return random.Random(1).randbytes(2 * PIECE)


def _pieces(number: int, size: int) -> Iterable[bytes]:
    """The content of a file: no two pieces are alike."""
    pool = _pool()
    for place, start in enumerate(range(0, size, PIECE)):
        header = b"%d %d\n" % (number, place)
        length = min(PIECE, size - start)
        offset = (number * 4093 + place * 509) % PIECE
        yield (header + pool[offset : offset + length])[:length]


def make(corpus: Corpus, root: Path) -> list[str]:
    """Writes the files, in a hundred directories; their names."""
    names: list[str] = []
    for group in corpus.groups:
        for number in range(len(names), len(names) + group.files):
            name = f"{number % 100:02}/{number:06}"
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb", buffering=0) as file:
                for piece in _pieces(number, group.size):
                    file.write(piece)
            names.append(name)
    return names


def with_links(root: Path, files: Sequence[Listed], count: int) -> list[Listed]:
    """So many of the files, and, where these are too few, new hard links to them.

    Those of each turn over the files have a tree of their own.
    """
    found = list(files[:count])
    while len(found) < count:
        turn = f"turn-{len(found) // len(files)}"
        for file in files[: count - len(found)]:
            name = f"{turn}/{file.name}"
            link = root / name
            if not link.parent.is_dir():
                link.parent.mkdir(parents=True)
            os.link(root / file.name, link)
            found.append(file._replace(name=name))
    return found


def remove(root: Path) -> None:
    """Removes what :func:`make` made.

    Many threads at once: where a file system tells its disk of every block that falls free,
    one thread waits milliseconds for each file.
    """
    with ThreadPoolExecutor(REMOVERS) as pool:
        list(pool.map(shutil.rmtree, root.iterdir()))
    root.rmdir()


def _digest(path: Path, algorithm: str) -> Listed:
    if algorithm not in hashlib.algorithms_available:
        # Then a peer that finds this digest in all files stands for it.
        return Listed("", path.stat().st_size, checksig.hash_file(path, algorithm))
    digest, buffer = hashlib.new(algorithm), memoryview(bytearray(PIECE))
    size = 0
    with path.open("rb", buffering=0) as file:
        while count := file.readinto(buffer):
            digest.update(buffer[:count])
            size += count
    return Listed("", size, digest.hexdigest())


def hashed(root: Path, names: Sequence[str], algorithm: str) -> list[Listed]:
    """The files with their digests, which hashlib computes if it knows the algorithm."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        digests = pool.map(lambda name: _digest(root / name, algorithm), names)
        return [found._replace(name=name) for name, found in zip(names, digests)]


def write_manifest(path: Path, files: Iterable[Listed]) -> Path:
    """Writes the files' manifest as ``sha1sum`` does; the path."""
    text = "".join(f"{file.digest}  {file.name}\n" for file in files)
    path.write_text(text, encoding="utf-8", errors="surrogateescape")
    return path


def dpkg_files(lists: Path, root: Path) -> tuple[list[Listed], int]:
    """The files of all of Debian's MD5 lists that are as installed, and how many are not.

    Those that are missing or were changed since would fail every contender.
    """
    expected: dict[str, str] = {}
    for path in sorted(lists.glob("*.md5sums")):
        text = path.read_text(encoding="utf-8", errors="surrogateescape")
        for line in text.splitlines():
            digest, _, name = line.partition("  ")
            expected[name] = digest

    def check(name: str) -> Optional[Listed]:
        try:
            found = _digest(root / name, "md5")
        except OSError:
            return None
        return found._replace(name=name) if found.digest == expected[name] else None

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = [file for file in pool.map(check, sorted(expected)) if file is not None]
    return found, len(expected) - len(found)


def shares(files: Iterable[Listed], count: int) -> list[list[Listed]]:
    """The files in so many parts of about equal work, none of them empty."""
    parts: list[list[Listed]] = [[] for _ in range(count)]
    loads = [0] * count
    for file in sorted(files, key=lambda file: -file.size):
        least = loads.index(min(loads))
        parts[least].append(file)
        # To open a file costs about as much as to hash this many bytes.
        loads[least] += file.size + 4 * KIB
    return [part for part in parts if part]
