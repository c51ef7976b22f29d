"""Runs the ``rustbind`` program."""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
import threading
from pathlib import Path
from typing import Dict, List, Mapping, Optional, Sequence, Union

__all__ = ["CratePath", "RustbindError", "build", "options", "run"]

#: The directory of a crate, or ``name@version``.
CratePath = Union[str, "os.PathLike[str]"]


class RustbindError(Exception):
    """The crate could not be bound or built; what cargo says of it is on standard error."""


def program() -> str:
    """Finds the program: as ``RUSTBIND`` says, beside this Python, or on the path."""
    own = Path(sysconfig.get_path("scripts")) / "rustbind"
    found = os.environ.get("RUSTBIND") or (str(own) if own.exists() else shutil.which("rustbind"))
    if not found:
        raise RustbindError("the program `rustbind` is not on the path")
    return found


def run(command: str, crate: CratePath, arguments: Sequence[str]) -> str:
    """Runs one of its commands; gives what it prints. Cargo's progress is shown."""
    line = [program(), command, os.fspath(crate), *arguments]
    pipe = subprocess.PIPE
    try:
        started = subprocess.Popen(line, stdout=pipe, stderr=pipe, env=_environment())
    except OSError as error:
        raise RustbindError(f"{line[0]} cannot be run: {error.strerror}") from error
    said = bytearray()
    assert started.stdout is not None
    assert started.stderr is not None
    with started, started.stdout as out, started.stderr as err:
        # What it prints comes last, and fits into a pipe only where it is short.
        printed: List[bytes] = []
        reader = threading.Thread(target=lambda: printed.append(out.read()))
        reader.start()
        while True:
            piece = os.read(err.fileno(), 4096)
            if not piece:
                break
            os.write(2, piece)
            said += piece
        reader.join()
    if started.returncode:
        raise RustbindError(_reason(said.decode(errors="replace"), os.fspath(crate)))
    return printed[0].decode()


def _environment() -> Dict[str, str]:
    """On a terminal cargo draws its progress, though it writes into a pipe."""
    if not os.isatty(2):
        return dict(os.environ)
    width = str(os.get_terminal_size(2).columns)
    shown = {"COLOR": "always", "PROGRESS_WHEN": "always", "PROGRESS_WIDTH": width}
    return {**{f"CARGO_TERM_{key}": value for key, value in shown.items()}, **os.environ}


def _reason(said: str, crate: str) -> str:
    """The program's own words, which are the last."""
    _, found, reason = said.rpartition("rustbind: ")
    return f"{crate}: {reason.strip()}" if found else f"{crate}: the program rustbind failed"


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
