"""Where the shared library and its header are."""

from __future__ import annotations

import sys
from pathlib import Path

from ..errors import LibraryNotFoundError

__all__ = ["include_dir", "library_path"]

_PACKAGE = Path(__file__).resolve().parent.parent
_NAME = "libchecksig.dylib" if sys.platform == "darwin" else "libchecksig.so"


def library_path() -> Path:
    """The shared library that was installed with this package.

    Raises:
        LibraryNotFoundError: it is not there, as in a source tree before
            ``pip install``.
    """
    return _existing(_PACKAGE / "lib" / _NAME)


def include_dir() -> Path:
    """The directory of ``checksig.h``, for a C compiler's ``-I``.

    Raises:
        LibraryNotFoundError: the header is not there.
    """
    return _existing(_PACKAGE / "include" / "checksig.h").parent


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise LibraryNotFoundError(
            f"{path} is missing: install the package, a source tree alone has no library"
        )
    return path
