"""Verify directories against checksum manifests, in parallel.

>>> import checksig
>>> report = checksig.verify("tests/data/logs")
>>> report.ok, report.message
(False, '"tests/data/logs/httpd-08.log" - mismatch')

Beside it: :mod:`checksig.dns` for canonical names, and :mod:`checksig.cookbook`,
one function for each way of passing data over a C ABI.
"""

from __future__ import annotations

from importlib import import_module as _import_module
from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

from ._native import backend as _backend
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
from .errors import Cancelled, ChecksigError, ManifestError, VerificationError
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

if _TYPE_CHECKING:
    from . import cookbook, dns

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


def __getattr__(name: str) -> _Any:
    """The modules beside the verifier, imported when they are asked for."""
    if name in ("cookbook", "dns"):
        return _import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
