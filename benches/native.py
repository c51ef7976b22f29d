"""The programs and libraries of ``benches/native``, compiled for one run."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from checksig._native.library import include_dir, library_path

__all__ = [
    "BuildError",
    "build_canonical",
    "build_engine",
    "build_go_library",
    "build_reads",
    "has_go",
]

SOURCES = Path(__file__).parent / "native"

C_FLAGS = ("-std=c11", "-D_POSIX_C_SOURCE=200809L", "-Wall", "-Wextra", "-Wpedantic", "-O2")


class BuildError(Exception):
    """A compiler failed; the text has what it said."""


def _compiler() -> str:
    for name in ("cc", "gcc", "clang"):
        path = shutil.which(name)
        if path is not None:
            return path
    raise BuildError("there is no C compiler")


def _build(command: Sequence[object], target: Path, **environment: str) -> Path:
    done = subprocess.run(
        [str(part) for part in command],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise BuildError(f"{target.name} can't be built: {done.stderr.strip()}")
    return target


def _build_linked(directory: Path, name: str) -> Path:
    """A C program that calls the installed library."""
    target, library = directory / name, library_path().parent
    link = (f"-I{include_dir()}", f"-L{library}", "-lchecksig", f"-Wl,-rpath,{library}")
    return _build([_compiler(), *C_FLAGS, SOURCES / f"{name}.c", *link, "-o", target], target)


def build_engine(directory: Path) -> Path:
    """The C program that verifies a directory."""
    return _build_linked(directory, "engine")


def build_canonical(directory: Path) -> Path:
    """The C program that looks canonical names up."""
    return _build_linked(directory, "canonical")


def build_reads(directory: Path) -> Path:
    """The C program that reads files and does nothing with them."""
    target = directory / "reads"
    return _build(
        [_compiler(), *C_FLAGS, "-pthread", SOURCES / "reads.c", "-o", target],
        target,
    )


def has_go() -> bool:
    """Whether there is a Go compiler."""
    return shutil.which("go") is not None


def build_go_library(directory: Path) -> Path:
    """The Go library; all that its compiler keeps goes into the directory, too."""
    target = directory / "libgoverify.so"
    # Modules are kept read-only otherwise, which no one could clean up.
    return _build(
        ["go", "build", "-buildmode=c-shared", "-o", target, SOURCES / "verify.go"],
        target,
        GOCACHE=str(directory / "go-cache"),
        GOPATH=str(directory / "go"),
        GOFLAGS="-modcacherw",
    )
