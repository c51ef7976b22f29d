"""Canonical names in the DNS: of one host, or of millions."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Generator, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Callable, NamedTuple, Optional, Protocol, Union

from ._native import backend
from ._native.surface import BulkHandle, DNSOptions
from ._native.values import count
from ._run import Cancel
from .errors import (
    NXDOMAIN,
    BadName,
    BadNameserver,
    Cancelled,
    CNAMELoop,
    DNSError,
    DNSSECBogus,
    NoAnswer,
    Refused,
    ServFail,
    Timeout,
    from_status,
)

__all__ = [
    "NXDOMAIN",
    "BadName",
    "BadNameserver",
    "CNAMELoop",
    "Cancel",
    "CnameResult",
    "DNSError",
    "DNSProgress",
    "DNSSECBogus",
    "NoAnswer",
    "Refused",
    "ServFail",
    "Timeout",
    "lookup_cname",
    "lookup_cnames",
]

_Name = Union[str, bytes]
_Path = Union[str, bytes, "os.PathLike[str]", "os.PathLike[bytes]"]

#: How long the library may run before Python sees to signals, in seconds.
_STEP = 0.05
#: How often progress is told, in seconds.
_TELL = 0.1
#: How long names are taken from the caller before results have their turn, in seconds.
_TAKE = 0.005
#: The line of a result that is one.
_OK = "0"
_SECURE = "1"


class CnameResult(str):
    """A canonical name, with a dot at its end, and how it was found.

    Attributes:
        chain: every name from the one asked for to the canonical one, both included.
        authenticated: whether all of the chain was validated (DNSSEC).
        server: the address of the server that has answered, as in ``192.0.2.1:53``;
            ``None`` for a name from the hosts file.
    """

    __slots__ = ("authenticated", "chain", "server")

    authenticated: bool
    chain: tuple[str, ...]
    server: Optional[str]

    def __reduce__(self) -> tuple[Any, ...]:
        return _result, (self.chain, self.authenticated, self.server)


def _result(chain: tuple[str, ...], authenticated: bool, server: Optional[str]) -> CnameResult:
    result = CnameResult(chain[-1])
    result.chain = chain
    result.authenticated = authenticated
    result.server = server
    return result


class DNSProgress(NamedTuple):
    """How far a run of many look-ups has come."""

    #: How many names have a result, good or bad.
    done: int
    #: How many of these are errors.
    failed: int
    #: How many names have been taken and have no result yet.
    in_flight: int


def lookup_cname(
    name: _Name,
    *,
    nameservers: Optional[Iterable[str]] = None,
    search: Optional[Iterable[str]] = None,
    hosts: Optional[_Path] = "/etc/hosts",
    resolv_conf: _Path = "/etc/resolv.conf",
    timeout: float = 5.0,
    attempts: Optional[int] = None,
    max_hops: int = 16,
    validate: bool = False,
    trust_anchor: Union[str, os.PathLike[str], None] = None,
) -> CnameResult:
    """The canonical name of a host, with a dot at its end.

    That is the name at the end of the chain of aliases (CNAME records) that starts
    at ``name``, if it has an address (A, or else AAAA); a name that is no alias is its own.
    The files are read again when they were changed.

    Args:
        name: the host's name. One with a dot at its end is absolute; any other is looked
            for in the hosts file and in the domains of ``search``. Names outside ASCII
            are converted as UTS-46 has it.
        nameservers: whom to ask, as ``"192.0.2.1"``, ``"192.0.2.1:5353"``,
            ``"[2001:db8::1]:53"`` or ``"fe80::1%eth0"``, one after the other. By default
            the servers of the environment variable ``CHECKSIG_NAMESERVERS`` (the same,
            separated by commas), or else of ``resolv_conf``.
        search: the domains to look for a name in. By default those of ``resolv_conf`` where
            its servers are asked, and none otherwise.
        hosts: the hosts file, whose names need no server; ``None`` for none.
        resolv_conf: the resolver's configuration: servers, search list, and the options
            ``ndots``, ``timeout`` and ``attempts``.
        timeout: how many seconds the whole look-up may take.
        attempts: how many times each server is asked, if it does not answer. By default
            as ``resolv_conf`` says, or twice.
        max_hops: how many aliases in a row are followed.
        validate: whether the answers' signatures are checked (DNSSEC, RFC 4035).
        trust_anchor: the keys to start from: DNSKEY records as a zone file has them, or
            the path of a file with them. By default those of the root zone.

    Raises:
        BadName: this can't be a host's name; nothing was sent.
        BadNameserver: an address is malformed, or there is nobody to ask.
        NXDOMAIN: the name, or the one that it is an alias of, does not exist.
        NoAnswer: likewise, it exists, but has no address.
        CNAMELoop: the aliases lead in a circle, or there are more than ``max_hops``.
        Timeout: no answer came in time.
        ServFail: the server failed.
        Refused: the server refused to answer.
        DNSSECBogus: an answer is not signed as it must be.
        DNSError: anything else; the base class of all the above.

    Example:
        >>> found = lookup_cname("www.golang.org")
        >>> found
        'golang.org.'
        >>> found.chain
        ('www.golang.org.', 'golang.org.')
    """
    options = options_of(
        nameservers, search, hosts, resolv_conf, timeout, attempts, max_hops, validate,
        trust_anchor, concurrency=1,
    )  # fmt: skip
    bulk = backend.new_bulk(options)
    lines = bulk.step([_encoded(name)], _STEP)
    while not lines:
        lines = bulk.step([], _STEP)
    _number, found = _read(lines.decode().rstrip("\n"))
    if isinstance(found, DNSError):
        raise found
    return found


def lookup_cnames(
    names: Iterable[_Name],
    *,
    nameservers: Optional[Iterable[str]] = None,
    search: Optional[Iterable[str]] = None,
    hosts: Optional[_Path] = "/etc/hosts",
    resolv_conf: _Path = "/etc/resolv.conf",
    timeout: float = 5.0,
    attempts: Optional[int] = 2,
    max_hops: int = 16,
    validate: bool = False,
    trust_anchor: Union[str, os.PathLike[str], None] = None,
    concurrency: Optional[int] = None,
    rate: Optional[float] = None,
    engine: str = "auto",
    progress: Optional[Callable[[DNSProgress], None]] = None,
    cancel: Optional[Cancel] = None,
) -> Generator[tuple[_Name, Union[CnameResult, DNSError]], None, None]:
    """Looks many names up at once; gives each with its result or error, as they come.

    The names are taken bit by bit, on the thread that takes the results, and only as many
    as are in flight are kept. No thread runs, and nothing happens between two results: that
    time does not count for timeouts. Files are read once.

    Args:
        names: any iterable of names, also an endless one.
        nameservers: as of :func:`lookup_cname`, like everything down to ``trust_anchor``.
        search: likewise.
        hosts: likewise.
        resolv_conf: likewise.
        timeout: how many seconds the look-up of one name may take.
        attempts: how many times each server is asked, if it does not answer. Over a network
            that loses packets, more attempts lose fewer names, and none of the speed.
        max_hops: likewise.
        validate: likewise.
        trust_anchor: likewise.
        concurrency: how many names are in flight at once; by default 2000 with the engine
            ``fast`` and 200 with ``resolver``, each of which has a socket.
        rate: how many questions a second are sent at the most.
        engine: ``resolver`` sends each question from a source port of its own, ``fast``
            from a few that change often, several times as fast, but easier prey for those who
            forge answers; ``auto`` is ``fast`` where nobody can, because all servers
            are on the loopback interface, or where it takes a port for each question, too,
            because ``concurrency`` is 1; and if nothing is to be validated.
        progress: told about every tenth of a second how far the run has come.
        cancel: ends the run when it is raised.

    Raises:
        BadNameserver: an address is malformed.
        ValueError: another argument is.
        Cancelled: ``cancel`` was raised.

    Example:
        >>> names = ["www.golang.org", "no such name"]
        >>> for name, found in lookup_cnames(names):
        ...     print(name, "->", found)
        no such name -> bad name "no such name": white space
        www.golang.org -> golang.org.
    """
    if isinstance(names, (str, bytes)):
        raise TypeError(f"names is a {type(names).__name__}, want an iterable of names")
    options = options_of(
        nameservers, search, hosts, resolv_conf, timeout, attempts, max_hops, validate,
        trust_anchor, concurrency, rate, engine,
    )  # fmt: skip
    return results(given(names), backend.new_bulk(options), progress, cancel)


class Supply(Protocol):
    """Where the names of a run come from."""

    def take(self, wanted: int, idle: bool) -> Optional[list[_Name]]:
        """So many names at the most; ``None`` after the last.

        It may give none for now, unless the run is ``idle``: then it waits for one.
        """


def given(names: Iterable[_Name]) -> Supply:
    """The names of an iterable."""
    return _Iterated(iter(names))


class _Iterated:
    """The names of an iterable, of which a slow one does not hold up results."""

    def __init__(self, names: Iterator[_Name]) -> None:
        self._names = names

    def take(self, wanted: int, idle: bool) -> Optional[list[_Name]]:
        """As many as come in a short time."""
        taken: list[_Name] = []
        start, size = time.monotonic(), 1
        while len(taken) < wanted:
            more = list(islice(self._names, min(size, wanted - len(taken))))
            taken += more
            if len(more) < size or time.monotonic() - start > _TAKE:
                break
            size *= 2
        return taken or (None if wanted else [])


def results(
    supply: Supply,
    bulk: BulkHandle,
    progress: Optional[Callable[[DNSProgress], None]] = None,
    cancel: Optional[Cancel] = None,
) -> Generator[tuple[_Name, Union[CnameResult, DNSError]], None, None]:
    """Drives a run, and gives each name with what was found."""
    waiting: dict[str, _Name] = {}
    number = done = failed = 0
    told = time.monotonic()
    ended = False
    while waiting or not ended:
        if cancel is not None and cancel.requested:
            raise Cancelled("the look-ups were cancelled", None)
        names: list[_Name] = []
        if not ended:
            taken = supply.take(bulk.wanted(), not waiting)
            ended = taken is None
            names = taken or []
            waiting.update(zip(map(str, range(number, number + len(names))), names))
            number += len(names)
        for line in bulk.step([_encoded(name) for name in names], _STEP).decode().splitlines():
            place, found = _read(line)
            done += 1
            failed += isinstance(found, DNSError)
            yield waiting.pop(place), found
        if progress is not None and time.monotonic() - told >= _TELL:
            told = time.monotonic()
            progress(DNSProgress(done, failed, len(waiting)))


def _read(line: str) -> tuple[str, Union[CnameResult, DNSError]]:
    """Reads a line of the library's results: the name's number, and what was found."""
    number, status, secure, server, names, message = line.split("\t")
    chain = tuple(names.split(" ")) if names else ()
    if status == _OK:
        return number, _result(chain, secure == _SECURE, server or None)
    error = from_status(int(status), message.encode("utf-8"))
    assert isinstance(error, DNSError)
    error.qname = chain[0] if chain else None
    error.server = server or None
    error.chain = chain
    return number, error


def options_of(
    nameservers: Optional[Iterable[str]],
    search: Optional[Iterable[str]],
    hosts: Optional[_Path],
    resolv_conf: _Path,
    timeout: float,
    attempts: Optional[int],
    max_hops: int = 16,
    validate: bool = False,
    trust_anchor: Union[str, os.PathLike[str], None] = None,
    concurrency: Optional[int] = None,
    rate: Optional[float] = None,
    engine: str = "auto",
) -> DNSOptions:
    """The arguments, checked as far as the library does not."""
    if timeout < 0:
        raise ValueError(f"timeout is {timeout}, want at least 0 seconds")
    if rate is not None and not 0 < rate < math.inf:
        raise ValueError(f"rate is {rate}, want a number above 0")
    return DNSOptions(
        nameservers=_joined(nameservers),
        search=_joined(search),
        hosts=None if hosts is None else os.fsencode(hosts),
        resolv_conf=os.fsencode(resolv_conf),
        timeout=float(timeout),
        attempts=0 if attempts is None else _at_least_1(attempts, "attempts"),
        max_hops=count(max_hops, "max_hops"),
        validate=bool(validate),
        trust_anchor=_anchor(trust_anchor),
        concurrency=0 if concurrency is None else _at_least_1(concurrency, "concurrency"),
        rate=rate or 0.0,
        engine=engine.encode("utf-8"),
    )


def _at_least_1(number: int, what: str) -> int:
    """The number, where 0 would be the library's default."""
    if count(number, what) == 0:
        raise ValueError(f"{what} is 0, want at least 1")
    return number


def _anchor(anchor: Union[str, os.PathLike[str], None]) -> Optional[bytes]:
    if anchor is None:
        return None
    return anchor.encode("utf-8") if isinstance(anchor, str) else Path(anchor).read_bytes()


def _joined(items: Optional[Iterable[str]]) -> Optional[bytes]:
    """Items for the library, which names what is wrong with a lone surrogate."""
    if items is None:
        return None
    if isinstance(items, (str, bytes)):
        raise TypeError(f"want an iterable of texts, not one {type(items).__name__}")
    return ",".join(items).encode("utf-8", "surrogatepass")


def _encoded(name: _Name) -> bytes:
    """A name for the library, which says what is wrong with a lone surrogate."""
    if isinstance(name, str):
        return name.encode("utf-8", "surrogatepass")
    if isinstance(name, bytes):
        return name
    raise TypeError(f"name is a {type(name).__name__}, want str or bytes")
