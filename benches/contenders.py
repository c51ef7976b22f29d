"""What a contender is, what it has to do, and whether it truly does it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, NamedTuple, Optional

from .corpora import Corpus, Group, Listed, hashed, make, write_manifest
from .runs import Command, CommandError, run

__all__ = ["ALGORITHMS", "JOBS", "MANY_JOBS", "Contender", "Task", "find_flaw", "task"]

#: The algorithms that most contenders know.
ALGORITHMS = frozenset({"md5", "sha1", "sha256", "sha512"})

#: A process or thread for each processor.
JOBS = os.cpu_count() or 1

#: How many processes or threads a peer gets where files have to come from a disk.
MANY_JOBS = 32


class Task(NamedTuple):
    """A directory to verify.

    Attributes:
        root: the directory.
        algorithm: the digests'.
        files: what the manifest lists.
        manifest: the manifest, as ``sha1sum`` writes it.
        scratch: a directory outside of the root for what contenders prepare.
    """

    root: Path
    algorithm: str
    files: Sequence[Listed]
    manifest: Path
    scratch: Path


def task(root: Path, algorithm: str, files: Sequence[Listed], scratch: Path) -> Task:
    """A task, whose manifest goes into the scratch directory."""
    scratch.mkdir(parents=True)
    manifest = write_manifest(scratch / f"{algorithm}sum.txt", files)
    return Task(root, algorithm, files, manifest, scratch)


@dataclass(frozen=True)
class Contender:
    """A way to verify.

    Attributes:
        name: as the tables have it, where ``*`` stands for the algorithm.
        command: makes the command for a task; what it has to prepare is not timed.
        is_peer: whether it is another's, so that it may be the best peer.
        times_itself: whether what counts is the time that it measures itself: that of a
            call within a process.
        algorithms: those that it knows.
    """

    name: str
    command: Callable[[Task], Command]
    is_peer: bool = True
    times_itself: bool = False
    algorithms: frozenset[str] = ALGORITHMS

    def title(self, algorithm: str) -> str:
        """The name in the tables of an algorithm."""
        return self.name.replace("*", algorithm)


def find_flaw(contender: Contender, algorithm: str, directory: Path) -> Optional[str]:
    """Why a contender does not verify, tried on a few files; ``None`` where it does.

    It has to pass good files and to fail if one byte is another, or if a file is missing.
    """
    root = directory / "root"
    names = make(Corpus("flaws", (Group(7, 5_000), Group(1, 300_000))), root)
    work = task(root, algorithm, hashed(root, names, algorithm), directory / "scratch")
    command = contender.command(work)
    try:
        run(command)
    except CommandError as error:
        return f"fails on good files: {error}"
    for name in (names[0], names[-1]):
        path = root / name
        content = path.read_bytes()
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        if _passes(command):
            return "passes a file of which one byte is another"
        path.write_bytes(content)
    (root / names[3]).unlink()
    return "passes where a file is missing" if _passes(command) else None


def _passes(command: Command) -> bool:
    try:
        run(command)
    except CommandError:
        return False
    return True
