"""The only place that knows the C ABI: the shared library and how to call it.

``backend`` is one of two modules' worth of the same surface
(:class:`~checksig._native.surface.Backend`): ctypes by default on CPython, cffi
on PyPy. The environment variable ``CHECKSIG_BACKEND`` (``ctypes`` or ``cffi``)
chooses otherwise.
"""

from __future__ import annotations

import os
import sys

from .library import library_path
from .surface import Backend

__all__ = ["Backend", "backend"]


def _load_backend() -> Backend:
    default = "cffi" if sys.implementation.name == "pypy" else "ctypes"
    name = os.environ.get("CHECKSIG_BACKEND") or default
    if name == "ctypes":
        from .ctypes_backend import CtypesBackend

        return CtypesBackend(library_path())
    if name == "cffi":
        from .cffi_backend import CffiBackend

        return CffiBackend(library_path())
    raise ImportError(f"CHECKSIG_BACKEND is {name!r}, want 'ctypes' or 'cffi'")


backend: Backend = _load_backend()
