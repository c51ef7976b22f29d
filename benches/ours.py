"""checksig as a contender: from C, from Python, as a command."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Optional

from .contenders import ALGORITHMS, Contender, Task
from .inprocess import in_process
from .runs import Command

__all__ = ["our_contenders"]


#: What the parts ask of the C program.
ALL = ALGORITHMS | {"blake3"}


def our_contenders(engine: Path) -> dict[str, Contender]:
    """checksig, by key; ``engine`` is the program of ``native/engine.c``."""
    return {
        "engine": Contender("checksig", _Engine(engine), is_peer=False, algorithms=ALL),
        # Without AVX-512 the fastest kernel is AVX2 for SHA-1, SHA-NI for SHA-256.
        "avx2": Contender("checksig on AVX2", _Engine(engine, "avx2"), is_peer=False),
        "shani": Contender("checksig on SHA-NI", _Engine(engine, "shani"), is_peer=False),
        "python": in_process("checksig.verify", "checksig", is_peer=False),
        "results": in_process("checksig.verify, all results", "results", is_peer=False),
        "command": Contender("checksig verify (command)", _command, is_peer=False),
    }


class _Engine:
    """Makes the command of the C program."""

    def __init__(self, program: Path, kernel: Optional[str] = None) -> None:
        self._program = program
        self._environment = {} if kernel is None else {"LANEHASH_KERNEL": kernel}

    def __call__(self, task: Task) -> Command:
        arguments = [str(self._program), str(task.root), str(task.manifest)]
        return Command(arguments, task.scratch, self._environment)


def _command(task: Task) -> Command:
    arguments = [sys.executable, "-m", "checksig", "verify", "--quiet", "--progress=never"]
    return Command([*arguments, "--manifest", str(task.manifest), str(task.root)], task.scratch)
