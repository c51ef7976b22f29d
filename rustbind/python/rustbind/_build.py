"""Runs the ``rustbind`` program."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import List, Mapping, Optional, Sequence, Union

__all__ = ["CratePath", "RustbindError", "build", "options", "run"]

#: The directory of a crate, or ``name@version``.
CratePath = Union[str, "os.PathLike[str]"]


class RustbindError(Exception):
    """The crate could not be bound or built; what cargo says is on standard error."""


def program() -> str:
    """Finds the program: as ``RUSTBIND`` says, or on the path."""
    found = os.environ.get("RUSTBIND") or shutil.which("rustbind")
    if not found:
        raise RustbindError("the program `rustbind` is not on the path")
    return found


def run(command: str, crate: CratePath, arguments: Sequence[str]) -> str:
    """Runs one of its commands; gives what it prints. Cargo's progress is shown."""
    line = [program(), command, os.fspath(crate), *arguments]
    done = subprocess.run(line, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise RustbindError(f"`rustbind {command} {os.fspath(crate)}` failed")
    return done.stdout


def options(
    features: Sequence[str] = (),
    default_features: bool = True,
    exclude: Sequence[str] = (),
    rename: Optional[Mapping[str, str]] = None,
) -> List[str]:
    """Gives the options for what is bound."""
    line = ["--features", ",".join(features)] if features else []
    if not default_features:
        line.append("--no-default-features")
    for path in exclude:
        line += ["--exclude", path]
    for path, name in (rename or {}).items():
        line += ["--rename", f"{path}={name}"]
    return line


def build(
    crate: CratePath,
    output: Union[str, os.PathLike[str]] = ".",
    *,
    features: Sequence[str] = (),
    default_features: bool = True,
    exclude: Sequence[str] = (),
    rename: Optional[Mapping[str, str]] = None,
) -> Path:
    """Builds a wheel that has the crate, for every Python on this platform.

    Args:
        crate: The directory of a crate, or ``name@version`` in the registry.
        output: The directory for the wheel.
        features: Features of the crate.
        default_features: Whether its default features are on.
        exclude: Paths of items that are left out.
        rename: New names by path.

    Returns:
        The wheel.

    Raises:
        RustbindError: The crate could not be bound or built.
    """
    chosen = options(features, default_features, exclude, rename)
    printed = run("build", crate, ["--output", os.fspath(output), *chosen])
    return Path(printed.splitlines()[-1])
