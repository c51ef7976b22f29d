"""What can go wrong: one base class, one subclass for each kind of failure.

Every exception carries ``status``, the number of the C library's
``checksig_status``, or ``None`` where the library was not asked.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Optional

if TYPE_CHECKING:
    from .checksig import Report

__all__ = [
    "NXDOMAIN",
    "ArgumentError",
    "BadName",
    "BadNameserver",
    "CNAMELoop",
    "Cancelled",
    "ChecksigError",
    "DNSError",
    "DNSSECBogus",
    "InternalError",
    "LibraryNotFoundError",
    "ManifestError",
    "NoAnswer",
    "Refused",
    "ServFail",
    "Timeout",
    "VerificationError",
]


class ChecksigError(Exception):
    """The base class of every error that this package raises by itself."""

    def __init__(self, message: str, status: Optional[int] = None) -> None:
        super().__init__(message)
        self.status = status


class ArgumentError(ChecksigError, ValueError):
    """An argument that the library refuses, such as a negative number."""


class InternalError(ChecksigError, RuntimeError):
    """A bug in the library, which caught itself; it can still be used."""


class LibraryNotFoundError(ChecksigError, ImportError):
    """The shared library is not where the package was installed."""


class ManifestError(ChecksigError, ValueError):
    """A directory, a manifest or a file that cannot be read or written.

    ``line`` is the line of the manifest, from 1, if the error is about one. ``report`` is
    the :class:`checksig.Report` of the run where :func:`checksig.update` has written nothing
    since a file could not be read; ``None`` in an error that came from another process.
    """

    line: Optional[int] = None
    report: Optional[Report] = None

    def __reduce__(self) -> tuple[type[ManifestError], tuple[str], dict[str, object]]:
        return type(self), (str(self),), {**vars(self), "report": None}


class _WithReport(ChecksigError):
    """An error with the whole :class:`checksig.Report` of the run.

    ``report`` is ``None`` in an error that came from another process, and where the call
    has no report.
    """

    def __init__(self, message: str, report: Optional[Report] = None) -> None:
        super().__init__(message)
        self.report = report

    def __reduce__(self) -> tuple[type[_WithReport], tuple[str, None]]:
        return type(self), (str(self), None)


class Cancelled(_WithReport):
    """A run that was ended early; ``report`` has what was done until then."""


class VerificationError(_WithReport, ValueError):
    """At least one file is not what the manifest states; ``report`` tells which."""


class DNSError(ChecksigError):
    """A name that could not be looked up.

    ``qname`` is the name asked for, ``chain`` the names from it to the one that failed,
    and ``server`` whose word it is, or who was asked last. Names end with a dot; what is
    not known is ``None`` or empty.
    """

    qname: Optional[str] = None
    server: Optional[str] = None
    chain: tuple[str, ...] = ()


class BadName(DNSError, ValueError):
    """Not a host name that can be looked up; nothing was sent."""


class BadNameserver(DNSError, ValueError):
    """A name server's address that is malformed, or no name server to ask."""


class NXDOMAIN(DNSError):
    """The domain name does not exist."""


class NoAnswer(DNSError):
    """The domain name exists, but has no address."""


class ServFail(DNSError):
    """The name server failed."""


class Refused(DNSError):
    """The name server refused to answer."""


class Timeout(DNSError, TimeoutError):
    """No answer came before the deadline."""


class CNAMELoop(DNSError):
    """The aliases lead in a circle, or there are too many in a row."""


class DNSSECBogus(DNSError):
    """What the servers say is not signed as the trust anchors demand."""


#: The exception for each ``checksig_status`` of the header but OK.
_BY_STATUS: dict[int, type[ChecksigError]] = {
    1: ArgumentError,
    2: ArgumentError,
    3: ArgumentError,
    4: InternalError,
    5: ManifestError,
    6: ManifestError,
    7: BadName,
    8: BadNameserver,
    9: NXDOMAIN,
    10: NoAnswer,
    11: ServFail,
    12: Refused,
    13: Timeout,
    14: CNAMELoop,
    15: DNSError,
    16: DNSSECBogus,
    17: Cancelled,
}


def from_status(status: int, message: bytes, line: Optional[int] = None) -> ChecksigError:
    """The exception for a failed call of the library, whose message may name a path."""
    error = _BY_STATUS.get(status, InternalError)(os.fsdecode(message))
    error.status = status
    if isinstance(error, ManifestError):
        error.line = line
    return error
