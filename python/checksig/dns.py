"""Canonical names in the DNS."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Optional, Union

from ._native import backend
from .errors import (
    NXDOMAIN,
    BadName,
    BadNameserver,
    CNAMELoop,
    DNSError,
    NoAnswer,
    Refused,
    ServFail,
    Timeout,
)

__all__ = [
    "NXDOMAIN",
    "BadName",
    "BadNameserver",
    "CNAMELoop",
    "DNSError",
    "NoAnswer",
    "Refused",
    "ServFail",
    "Timeout",
    "lookup_cname",
]


def lookup_cname(
    name: Union[str, bytes],
    *,
    nameservers: Optional[Iterable[str]] = None,
    timeout: float = 5.0,
) -> str:
    """The canonical name of a host, with a dot at its end.

    That is the name at the end of the chain of aliases (CNAME records) that starts
    at ``name``; a name that is no alias is its own. An alias of a name that has no
    address gives that name.

    Args:
        name: the host's name, absolute: no search list is applied.
        nameservers: whom to ask, as ``"192.0.2.1"``, ``"192.0.2.1:5353"`` or
            ``"[2001:db8::1]:53"``, one after the other. By default the servers of
            the environment variable ``CHECKSIG_NAMESERVERS`` (the same, separated
            by commas), or else of ``/etc/resolv.conf``.
        timeout: how many seconds the whole look-up may take.

    Raises:
        BadName: this can't be a host's name; nothing was sent.
        BadNameserver: an address is malformed, or there is nobody to ask.
        NXDOMAIN: the name does not exist.
        NoAnswer: the name exists, but has no address.
        CNAMELoop: the aliases lead in a circle, or there are more than 16.
        Timeout: no answer came in time.
        ServFail: the server failed.
        Refused: the server refused to answer.
        DNSError: anything else; the base class of all the above.

    Example:
        >>> lookup_cname("www.golang.org")
        'golang.org.'
    """
    if timeout < 0:
        raise ValueError(f"timeout is {timeout}, want at least 0 seconds")
    if not isinstance(name, (str, bytes)):
        raise TypeError(f"name is a {type(name).__name__}, want str or bytes")
    question = _encoded(name) if isinstance(name, str) else name
    servers = None if nameservers is None else _encoded(",".join(nameservers))
    return backend.lookup_cname(question, servers, float(timeout)).decode("ascii")


def _encoded(text: str) -> bytes:
    """The text for the library, which names what is wrong with a lone surrogate."""
    return text.encode("utf-8", "surrogatepass")
