"""The C header as cffi reads it."""

from __future__ import annotations

import re

from .library import include_dir

__all__ = ["declarations"]


def declarations() -> str:
    """The header's declarations, without the preprocessor lines cffi can't read.

    What stands between ``#ifdef __cplusplus`` and its ``#endif`` goes with them.
    """
    header = (include_dir() / "checksig.h").read_text(encoding="utf-8")
    for_c = re.sub(r"^#ifdef __cplusplus$.*?^#endif.*?$", "", header, flags=re.M | re.S)
    return re.sub(r"^#.*$", "", for_c, flags=re.M)
