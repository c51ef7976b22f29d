"""Verify directories against checksum manifests, in parallel.

>>> import checksig
>>> report = checksig.verify("tests/data/logs")
>>> report.ok, report.message
(False, '"tests/data/logs/httpd-08.log" - mismatch')

Beside it: :mod:`checksig.dns` for canonical names, and :mod:`checksig.cookbook`,
one function for each way of passing data over a C ABI.
"""

from __future__ import annotations

import os as _os
import threading as _threading
from importlib import import_module as _import_module
from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

from ._native import backend as _backend
from .errors import Cancelled, ChecksigError, ManifestError, VerificationError

if _TYPE_CHECKING:
    from . import cookbook, dns
    from .checksig import (
        Cancel,
        Progress,
        Report,
        Result,
        Verdict,
        check_signature,
        iter_verify,
        verify,
        verify_async,
    )
    from .manifest import (
        Difference,
        Entry,
        create,
        diff,
        hash_file,
        read_manifest,
        update,
        write_manifest,
    )

__all__ = [
    "Cancel",
    "Cancelled",
    "ChecksigError",
    "Difference",
    "Entry",
    "ManifestError",
    "Progress",
    "Report",
    "Result",
    "Verdict",
    "VerificationError",
    "__version__",
    "check_signature",
    "cookbook",
    "create",
    "diff",
    "dns",
    "hash_file",
    "iter_verify",
    "read_manifest",
    "update",
    "verify",
    "verify_async",
    "write_manifest",
]

__version__: str = _backend.version()


#: Of whoever asks for the version alone, most of the time would go into these modules.
_SUBMODULES = ("checksig", "cookbook", "dns", "manifest")

#: Held while one of them is imported, and while the process forks: a child would wait for ever
#: for a module that another thread was importing.
_importing = _threading.RLock()
_os.register_at_fork(
    before=_importing.acquire,
    after_in_parent=_importing.release,
    after_in_child=_importing.release,
)


def __getattr__(name: str) -> _Any:
    """A name of a module that is imported when it is first asked for."""
    with _importing:
        if name in _SUBMODULES:
            return _import_module(f".{name}", __name__)
        if name in __all__:
            for submodule in ("checksig", "manifest"):
                module = _import_module(f".{submodule}", __name__)
                if name in module.__all__:
                    return globals().setdefault(name, getattr(module, name))
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
