"""Verify directories against checksum manifests, in parallel.

>>> import checksig
>>> report = checksig.verify("tests/data/logs")
>>> report.ok, report.message
(False, '"tests/data/logs/httpd-08.log" - mismatch')

Beside it: :mod:`checksig.dns` for canonical names, and :mod:`checksig.cookbook`,
one function for each way of passing data over a C ABI.
"""

from __future__ import annotations

from . import cookbook, dns
from ._native import backend as _backend
from .checksig import Report, Result, Verdict, check_signature, verify
from .errors import ChecksigError, ManifestError, VerificationError

__all__ = [
    "ChecksigError",
    "ManifestError",
    "Report",
    "Result",
    "Verdict",
    "VerificationError",
    "__version__",
    "check_signature",
    "cookbook",
    "dns",
    "verify",
]

__version__: str = _backend.version()
