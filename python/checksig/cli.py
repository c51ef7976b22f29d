"""``python -m checksig``: where the C header and the shared library are."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Optional

from . import __version__
from ._native.library import include_dir, library_path

__all__ = ["main"]


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Runs the command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m checksig",
        description="Tells a C compiler where the header and the library are.",
    )
    one = parser.add_mutually_exclusive_group(required=True)
    one.add_argument("--include-dir", action="store_true", help="print the directory of checksig.h")
    one.add_argument("--library", action="store_true", help="print the path of the shared library")
    one.add_argument("--version", action="version", version=f"checksig {__version__}")
    options = parser.parse_args(arguments)
    print(include_dir() if options.include_dir else library_path())
    return 0
