"""Imports an ordinary Rust crate.

>>> import rustbind
>>> hi = rustbind.load("path/to/crate")  # doctest: +SKIP
>>> hi.add(1, 2)  # doctest: +SKIP
3
"""

from ._build import RustbindError, build
from ._load import load

__all__ = ["RustbindError", "build", "load"]
