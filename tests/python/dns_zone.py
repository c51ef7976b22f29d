"""A zone with what canonical names can be, and what is to be found in it."""

from __future__ import annotations

from typing import NamedTuple

from checksig.dns import (
    NXDOMAIN,
    CNAMELoop,
    DNSError,
    NoAnswer,
    Refused,
    ServFail,
)

ORIGIN = "golang.org."


def _chain(links: int) -> str:
    """Records of a chain of so many aliases, from ``c<links>-0`` on."""
    lines = [f"c{links}-{i} CNAME c{links}-{i + 1}" for i in range(links)]
    return "\n".join([*lines, f"c{links}-{links} A 192.0.2.1\n"])


#: As a zone file has it, for any server.
ZONE = f"""$ORIGIN {ORIGIN}
$TTL 60
@ IN SOA ns hostmaster 1 60 60 60 60
@ IN NS ns
ns IN A 192.0.2.53
@ IN A 192.0.2.1
www IN CNAME {ORIGIN}
deep IN CNAME www
six IN AAAA 2001:db8::1
to-six IN CNAME six
both IN A 192.0.2.3
both IN AAAA 2001:db8::3
text IN TXT "no address here"
mail IN MX 10 ns
to-text IN CNAME text
dangling IN CNAME nowhere
far IN CNAME dangling
a.below IN A 192.0.2.4
one.loop IN CNAME two.loop
two.loop IN CNAME one.loop
into.loop IN CNAME one.loop
self IN CNAME self
under_score IN A 192.0.2.2
_sip._tcp IN CNAME under_score
xn--bcher-kva IN A 192.0.2.5
odd IN CNAME my\\032printer
my\\032printer IN A 192.0.2.6
to-broken IN CNAME www.broken
to-foreign IN CNAME www.refused.example.
large IN CNAME larger
*.wild IN CNAME www
*.host IN A 192.0.2.7
no.host IN TXT "hides the wildcard"
host.new IN A 192.0.2.8
alias.new IN CNAME www
"""
ZONE += "".join(f"larger IN A 198.51.100.{i}\n" for i in range(120))
ZONE += "".join(map(_chain, (1, 2, 15, 16, 17, 40)))

#: Owner and target: not every tool reads this type.
DNAME = ("old", f"new.{ORIGIN}")

#: The names below it cannot be asked for: the server fails.
BROKEN = f"broken.{ORIGIN}"


def names(*labels: str) -> tuple[str, ...]:
    """These labels as absolute names; those with a dot at the end are."""
    return tuple(
        label if label.endswith(".") else f"{label}.{ORIGIN}" if label else ORIGIN
        for label in labels
    )


class Case(NamedTuple):
    """What to ask for, the chain that is found, and the error if it leads nowhere."""

    name: str
    chain: tuple[str, ...]
    error: type[DNSError] | None = None


def _found(*labels: str) -> Case:
    chain = names(*labels)
    return Case(chain[0], chain)


def _lost(error: type[DNSError], *labels: str) -> Case:
    chain = names(*labels)
    return Case(chain[0], chain, error)


def _links(links: int, to: int | None = None) -> list[str]:
    return [f"c{links}-{i}" for i in range((links if to is None else to) + 1)]


CASES = [
    _found(""),
    _found("www", ""),
    _found("deep", "www", ""),
    _found("six"),
    _found("to-six", "six"),
    _found("both"),
    _found("a.below"),
    _found("under_score"),
    _found("_sip._tcp", "under_score"),
    _found("odd", "my\\032printer"),
    _found("large", "larger"),
    _found("larger"),
    _found("any.wild", "www", ""),
    _found("a.b.wild", "www", ""),
    _found("any.host"),
    _found("host.old", "host.new"),
    _found("alias.old", "alias.new", "www", ""),
    Case("bücher.golang.org", names("xn--bcher-kva")),
    Case("WWW.GoLang.ORG", names("www", "")),
    *(_found(*_links(links)) for links in (1, 2, 15, 16)),
    *(_lost(CNAMELoop, *_links(links, 17)) for links in (17, 40)),
    _lost(CNAMELoop, "one.loop", "two.loop", "one.loop"),
    _lost(CNAMELoop, "into.loop", "one.loop", "two.loop", "one.loop"),
    _lost(CNAMELoop, "self", "self"),
    _lost(NXDOMAIN, "nowhere"),
    _lost(NXDOMAIN, "dangling", "nowhere"),
    _lost(NXDOMAIN, "far", "dangling", "nowhere"),
    _lost(NXDOMAIN, "none.old", "none.new"),
    _lost(NoAnswer, "text"),
    _lost(NoAnswer, "mail"),
    _lost(NoAnswer, "to-text", "text"),
    _lost(NoAnswer, "below"),
    _lost(NoAnswer, "no.host"),
    _lost(ServFail, "www.broken"),
    _lost(ServFail, "to-broken", "www.broken"),
    _lost(Refused, "www.refused.example."),
]
