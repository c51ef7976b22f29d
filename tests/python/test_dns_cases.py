"""The same names asked of every server there is: one at a time, and many at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Union

import pytest

import dns_daemons
import dns_server
from checksig.dns import (
    NXDOMAIN,
    CnameResult,
    DNSError,
    NoAnswer,
    lookup_cname,
    lookup_cnames,
)
from dns_zone import BROKEN, CASES, DNAME, ORIGIN, ZONE, Case

#: Where waiting is no part of a test: never reached.
PATIENT = 60.0

_DNAME_LINE = f"{DNAME[0]} IN DNAME {DNAME[1]}\n"


@contextmanager
def dnslib() -> Iterator[str]:
    """Python's own server."""
    with dns_server.serve() as address:
        yield address


@contextmanager
def knot() -> Iterator[str]:
    """An authoritative server."""
    with dns_daemons.knot({ORIGIN: ZONE + _DNAME_LINE, BROKEN: None}) as address:
        yield address


@contextmanager
def unbound() -> Iterator[str]:
    """A recursive server in front of it."""
    refuse = '    local-zone: "refused.example." refuse\n'
    with (
        knot() as address,
        dns_daemons.unbound({ORIGIN: address, BROKEN: address}, more=refuse) as recursive,
    ):
        yield recursive


@pytest.fixture(scope="module", params=[dnslib, knot, unbound], ids=lambda f: f.__name__)
def server(request: pytest.FixtureRequest) -> Iterator[str]:
    """Each kind of server in turn."""
    if request.param is not dnslib:
        dns_daemons.need("knotd", "unbound")
    with request.param() as address:
        yield address


def check(case: Case, found: Union[CnameResult, DNSError], server: str) -> None:
    """Asserts that this is the case's chain, and its error, if it has one."""
    assert (type(found), found.chain) == (case.error or CnameResult, case.chain), found
    assert found.server == server
    if isinstance(found, DNSError):
        assert found.qname == case.chain[0]
        assert all(name in str(found) for name in case.chain)
        assert (server in str(found)) is (type(found) not in (NXDOMAIN, NoAnswer))
    else:
        assert found == case.chain[-1]
        assert not found.authenticated


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_one_name(case: Case, server: str) -> None:
    found: Union[CnameResult, DNSError]
    try:
        found = lookup_cname(case.name, nameservers=[server], timeout=PATIENT)
    except DNSError as error:
        found = error
    check(case, found, server)


@pytest.mark.parametrize("engine", ["resolver", "fast", "auto"])
@pytest.mark.parametrize("concurrency", [1, 3, None])
def test_many_names(server: str, engine: str, concurrency: Union[int, None]) -> None:
    cases = {case.name: case for case in CASES}
    found = lookup_cnames(
        list(cases) * 3,
        nameservers=[server],
        timeout=PATIENT,
        engine=engine,
        concurrency=concurrency,
    )
    seen = []
    for name, result in found:
        assert isinstance(name, str)
        seen.append(name)
        check(cases[name], result, server)
    assert sorted(seen) == sorted(list(cases) * 3)
