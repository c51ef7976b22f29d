"""DNSSEC: answers of a signed zone, true and forged, from Knot and from Unbound."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import dns_daemons
from checksig.dns import (
    NXDOMAIN,
    DNSError,
    DNSSECBogus,
    NoAnswer,
    Timeout,
    lookup_cname,
    lookup_cnames,
)
from dns_faults import tampering

PATIENT = 60.0

SIGNED = """$ORIGIN test.
$TTL 60
@ IN SOA ns hostmaster 1 60 60 60 60
@ IN NS ns
ns IN A 192.0.2.53
host IN A 192.0.2.9
www IN CNAME host
deep IN CNAME www
six IN AAAA 2001:db8::1
text IN TXT "no address"
to-text IN CNAME text
dangling IN CNAME nowhere
*.wild IN CNAME www
*.any IN A 192.0.2.10
old IN DNAME new
host.new IN A 192.0.2.11
odd IN CNAME my\\032printer
my\\032printer IN A 192.0.2.12
out IN CNAME host.plain
plain IN NS ns.plain
ns.plain IN A 127.0.0.1
"""
PLAIN = """$ORIGIN plain.test.
$TTL 60
@ IN SOA ns hostmaster 1 60 60 60 60
@ IN NS ns
ns IN A 127.0.0.1
host IN A 192.0.2.13
www IN CNAME host
"""
#: A key that signs nothing.
OTHER_KEY = (
    "test. 60 IN DNSKEY 257 3 13 "
    "mdsswUyr3DPW132mOi8V9xESWE8jTo0dxCjjnopKl+GqJxpVXckHAeF+KkxLbxILfDLUT0rAK9iUzy1L53eKGQ=="
)


class Signed(NamedTuple):
    """A server of the signed zone, and the zone's key."""

    address: str
    key: str


@pytest.fixture(scope="module")
def knot() -> Iterator[Signed]:
    """The authoritative server."""
    dns_daemons.need("knotd", "unbound")
    with dns_daemons.knot({"test.": SIGNED, "plain.test.": PLAIN}, signed=["test."]) as address:
        [key] = [str(record) for record in dns_daemons.ask(address, "test.", "DNSKEY").rr][:1]
        yield Signed(address, key)


@pytest.fixture(scope="module")
def unbound(knot: Signed) -> Iterator[Signed]:
    """A recursive server that validates by itself."""
    more = '    local-zone: "test." nodefault\n'
    zones = {"test.": knot.address, "plain.test.": knot.address}
    with dns_daemons.unbound(zones, anchors=[knot.key], more=more) as address:
        yield Signed(address, knot.key)


@pytest.fixture(params=["knot", "unbound"])
def server(request: pytest.FixtureRequest) -> Signed:
    """Each of the two."""
    signed = request.getfixturevalue(request.param)
    assert isinstance(signed, Signed)
    return signed


FOUND = [
    ("host", ["host"], True),
    ("www", ["www", "host"], True),
    ("deep", ["deep", "www", "host"], True),
    ("six", ["six"], True),
    ("a.wild", ["a.wild", "www", "host"], True),
    ("a.any", ["a.any"], True),
    ("host.old", ["host.old", "host.new"], True),
    ("odd", ["odd", "my\\032printer"], True),
    ("out", ["out", "host.plain"], False),
    ("host.plain", ["host.plain"], False),
    ("www.plain", ["www.plain", "host.plain"], False),
]
LOST = [
    ("nowhere", NXDOMAIN),
    ("dangling", NXDOMAIN),
    ("text", NoAnswer),
    ("to-text", NoAnswer),
    ("nowhere.plain", NXDOMAIN),
]


@pytest.mark.parametrize(("name", "chain", "authenticated"), FOUND)
def test_what_is_signed_is_authenticated(
    server: Signed, name: str, chain: list[str], authenticated: bool
) -> None:
    """From the anchor to the address; a part that is not signed makes all of it not so."""
    found = lookup_cname(
        f"{name}.test",
        nameservers=[server.address],
        validate=True,
        trust_anchor=server.key,
        timeout=PATIENT,
    )
    assert found.chain == tuple(f"{label}.test." for label in chain)
    assert found.authenticated is authenticated
    assert found.server == server.address


@pytest.mark.parametrize(("name", "error"), LOST)
def test_what_does_not_exist_is_proven(server: Signed, name: str, error: type[DNSError]) -> None:
    with pytest.raises(DNSError) as caught:
        lookup_cname(
            f"{name}.test",
            nameservers=[server.address],
            validate=True,
            trust_anchor=server.key,
            timeout=PATIENT,
        )
    assert type(caught.value) is error


def test_many_names(server: Signed, tmp_path: Path) -> None:
    """The anchor may be in a file; the fast path is not taken."""
    anchor = tmp_path / "anchor"
    anchor.write_text(server.key + "\n")
    names = {f"{name}.test": secure for name, _chain, secure in FOUND}
    found = dict(
        lookup_cnames(
            names,
            nameservers=[server.address],
            validate=True,
            trust_anchor=anchor,
            timeout=PATIENT,
        )
    )
    assert {name: getattr(one, "authenticated", None) for name, one in found.items()} == names


def test_without_validation_nothing_is_authenticated(server: Signed) -> None:
    found = lookup_cname("www.test", nameservers=[server.address], timeout=PATIENT)
    assert not found.authenticated


def test_a_forged_address_is_bogus(knot: Signed) -> None:
    """Without validation it passes: nobody can tell."""
    forged = socket.inet_aton("192.0.2.9"), socket.inet_aton("192.0.2.66")
    with tampering(knot.address, *forged) as address:
        found = lookup_cname("www.test", nameservers=[address], timeout=PATIENT)
        assert found == "host.test."
        for name in ("host.test", "www.test", "deep.test", "a.wild.test"):
            with pytest.raises(DNSSECBogus, match="not authentic") as caught:
                lookup_cname(
                    name,
                    nameservers=[address],
                    validate=True,
                    trust_anchor=knot.key,
                    timeout=PATIENT,
                )
            assert caught.value.server == address
            assert caught.value.qname == f"{name}."
        [(_, error)] = lookup_cnames(
            ["www.test"], nameservers=[address], validate=True, trust_anchor=knot.key
        )
        assert type(error) is DNSSECBogus


def test_a_forged_alias_is_bogus(knot: Signed) -> None:
    with tampering(knot.address, b"\3www\4test\0\0\5", b"\3www\4test\0\0\5") as address:
        found = lookup_cname(
            "www.test", nameservers=[address], validate=True, trust_anchor=knot.key
        )
        assert found.authenticated
    # The target's first label in the alias's data becomes another that exists.
    with tampering(knot.address, b"\4host\xc0\x10", b"\4nope\xc0\x10") as address:
        with pytest.raises(DNSError) as caught:
            lookup_cname("www.test", nameservers=[address], validate=True, trust_anchor=knot.key)
        assert type(caught.value) is DNSSECBogus


def test_removed_signatures_are_bogus(knot: Signed) -> None:
    """RRSIG records that have become something else."""
    with (
        tampering(knot.address, b"\0\x2e\0\1", b"\xff\x2e\0\1") as address,
        pytest.raises(DNSSECBogus),
    ):
        lookup_cname(
            "host.test",
            nameservers=[address],
            validate=True,
            timeout=PATIENT,
            trust_anchor=knot.key,
        )


def test_another_key_proves_nothing(server: Signed) -> None:
    with pytest.raises(DNSError):
        lookup_cname(
            "host.test",
            nameservers=[server.address],
            validate=True,
            trust_anchor=OTHER_KEY,
            timeout=2,
        )


def test_the_roots_keys_are_built_in(knot: Signed) -> None:
    """Nothing leads from them to this server's zone."""
    with pytest.raises(DNSError):
        lookup_cname("host.test", nameservers=[knot.address], validate=True, timeout=5)


@pytest.mark.parametrize("anchor", ["nonsense", "test. 60 IN A 192.0.2.1", "test. DNSKEY 257"])
def test_an_anchor_that_is_none(anchor: str) -> None:
    with pytest.raises(ValueError, match="trust anchor"):
        lookup_cname("host.test", nameservers=["127.0.0.1:1"], validate=True, trust_anchor=anchor)


def test_silence_is_a_timeout_not_a_forgery() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(Timeout):
            lookup_cname("host.test", nameservers=[address], validate=True, timeout=0.5)


def test_the_fast_path_does_not_validate() -> None:
    with pytest.raises(ValueError, match="the fast path does not validate"):
        lookup_cnames(["host.test"], validate=True, engine="fast")
