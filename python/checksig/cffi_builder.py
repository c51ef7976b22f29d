"""Builds the extension ``_checksig_cffi``: the library through cffi's API mode.

API mode compiles a C module against the header and links it to the shared library:
calls cost half of what ctypes' do, but the module fits one Python alone and needs a
C compiler. For those who want it::

    python -m checksig.cffi_builder DIRECTORY

or, in a project's own ``setup.py``, from the function :func:`ffibuilder`::

    setup(cffi_modules=[f"{checksig.cffi_builder.__file__}:ffibuilder"], ...)
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Union

import cffi

from checksig._native.header import declarations
from checksig._native.library import include_dir, library_path

__all__ = ["build", "ffibuilder"]


def ffibuilder() -> cffi.FFI:
    """A builder with the header's declarations, ready to compile."""
    directory = str(library_path().parent)
    ffi = cffi.FFI()
    ffi.cdef(declarations())
    ffi.set_source(
        "_checksig_cffi",
        '#include "checksig.h"',
        include_dirs=[str(include_dir())],
        library_dirs=[directory],
        runtime_library_dirs=[directory],
        libraries=["checksig"],
    )
    return ffi


def build(directory: Union[str, os.PathLike[str]]) -> Path:
    """Compiles the extension into a directory and returns its path.

    The extension finds the shared library where it is installed now.

    Raises:
        cffi.VerificationError: the C compiler failed, or there is none.
    """
    return Path(ffibuilder().compile(tmpdir=os.fspath(directory)))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m checksig.cffi_builder DIRECTORY")
    print(build(sys.argv[1]))
