"""Verifiers that a Python program calls, each in a process of its own.

``python -m benches.inprocess WAY ROOT MANIFEST`` prints, as JSON, the seconds of the call
and the peak of the process's memory.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Optional

import checksig

from .contenders import ALGORITHMS, MANY_JOBS, Contender, Task
from .runs import Command

__all__ = ["in_process"]

PROJECT = Path(__file__).resolve().parents[1]

PIECE = 256 * 1024


def in_process(
    name: str,
    way: str,
    *,
    is_peer: bool = True,
    environment: Optional[Mapping[str, str]] = None,
    algorithms: frozenset[str] = ALGORITHMS,
) -> Contender:
    """The contender of one of the :data:`WAYS`."""

    def command(task: Task) -> Command:
        arguments = [sys.executable, "-m", "benches.inprocess", way]
        return Command([*arguments, str(task.root), str(task.manifest)], PROJECT, environment or {})

    return Contender(name, command, is_peer, times_itself=True, algorithms=algorithms)


def by_checksig(root: Path, manifest: Path) -> None:
    """The report, and what is wrong according to it."""
    checksig.verify(root, manifest).raise_for_status()


def by_checksig_results(root: Path, manifest: Path) -> None:
    """The report, and every result of it as a Python object."""
    report = checksig.verify(root, manifest)
    if not all(result.verdict is checksig.Verdict.OK for result in report.results):
        report.raise_for_status()


def by_hashlib(root: Path, manifest: Path, threads: int = os.cpu_count() or 1) -> None:
    """Python's hashlib (OpenSSL) in threads, as a careful script does it."""
    algorithm = manifest.name.partition("sum")[0]
    lines = iter(manifest.read_text(encoding="utf-8", errors="surrogateescape").splitlines())
    failures: list[str] = []

    def check(lines: Iterator[str]) -> None:
        buffer = memoryview(bytearray(PIECE))
        for line in lines:
            expected, _, name = line.partition("  ")
            try:
                digest = hashlib.new(algorithm)
                with open(f"{root}/{name}", "rb", buffering=0) as file:  # noqa: PTH123
                    while count := file.readinto(buffer):
                        digest.update(buffer[:count])
                if digest.hexdigest() != expected:
                    failures.append(f"{name}: mismatch")
            except OSError as error:
                failures.append(str(error))

    workers = [threading.Thread(target=check, args=(lines,)) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if failures:
        raise ValueError(failures[0])


def by_many_hashlib_threads(root: Path, manifest: Path) -> None:
    """The same with more threads than processors, for files that have to come from a disk."""
    by_hashlib(root, manifest, threads=MANY_JOBS)


@cache
def go_library() -> ctypes.CDLL:
    """The library of ``native/verify.go``."""
    return ctypes.CDLL(os.environ["GO_LIBRARY"])


def by_go(root: Path, manifest: Path) -> None:
    """A Go library called through ctypes, as in the tutorial."""
    verify = go_library().GoVerify
    verify.argtypes = [ctypes.c_char_p, ctypes.c_char_p]
    verify.restype = ctypes.c_void_p
    message = verify(os.fsencode(root), os.fsencode(manifest))
    if message:
        text = ctypes.string_at(message)
        ctypes.CDLL(None).free(ctypes.c_void_p(message))
        raise ValueError(text.decode(errors="replace"))


WAYS = {
    "checksig": by_checksig,
    "results": by_checksig_results,
    "hashlib": by_hashlib,
    "hashlib-many": by_many_hashlib_threads,
    "go": by_go,
}


def peak_memory() -> int:
    """Bytes; 0 where the system does not tell.

    ``ru_maxrss`` would have what the process that started this one used.
    """
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return 0
    found = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(found[0]) * 1024 if found else 0


def main() -> None:
    """Verifies with the way, the root and the manifest that the arguments name."""
    way, root, manifest = sys.argv[1:]
    if way == "go":
        go_library()  # loaded before the clock starts, as an import is
    start = time.perf_counter()
    WAYS[way](Path(root), Path(manifest))
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "peak": peak_memory()}))


if __name__ == "__main__":
    main()
