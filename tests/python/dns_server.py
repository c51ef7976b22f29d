"""A real DNS server on loopback (dnslib's), over UDP and TCP, with the zone of the tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dnslib import CNAME, QTYPE, RCODE, RD, RR, DNSLabel, DNSRecord
from dnslib.server import DNSHandler, DNSLogger, DNSServer

from dns_zone import BROKEN, DNAME, ORIGIN, ZONE

_TYPE_DNAME = 39
#: How many records one answer follows.
_MOST_LINKS = 20


class _Handler(DNSHandler):  # type: ignore[misc]  # dnslib has no annotations
    """Truncates what does not fit into the datagrams that the questions allow."""

    udplen = 1232


class Resolver:
    """Answers from a zone as an authoritative server does (RFC 1034, 4.3.2)."""

    def __init__(self, zone: str) -> None:
        self._records: dict[DNSLabel, list[RR]] = {}
        for record in RR.fromZone(zone):
            self._records.setdefault(_key(record.rname), []).append(record)
        owner, target = DNAME
        self._renamed = DNSLabel(f"{owner}.{ORIGIN}"), DNSLabel(target)

    def resolve(self, request: DNSRecord, _handler: object) -> DNSRecord:
        """The answer to a request, as dnslib's servers want it."""
        reply = request.reply(ra=0)
        name, kind = request.q.qname, request.q.qtype
        for _ in range(_MOST_LINKS):
            if name.matchSuffix(BROKEN):
                reply.header.rcode = RCODE.SERVFAIL
                break
            if not name.matchSuffix(ORIGIN):
                if not reply.rr:
                    reply.header.rcode = RCODE.REFUSED
                break
            records = self._of(name)
            if records is None:
                reply.header.rcode = RCODE.NXDOMAIN
                break
            found = [r for r in records if r.rtype == kind]
            links = [r for r in records if r.rtype == QTYPE.CNAME]
            for record in found or [*self._maker(name), *links]:
                reply.add_answer(record)
            if found or not links:
                break
            name = links[0].rdata.label
            if any(_key(r.rname) == _key(name) for r in reply.rr):
                break
        return reply

    def _of(self, name: DNSLabel) -> list[RR] | None:
        """The records of a name; ``None`` where it does not exist."""
        owner, target = self._renamed
        if name.matchSuffix(owner) and name != owner:
            kept = name.label[: len(name.label) - len(owner.label)]
            return [RR(name, QTYPE.CNAME, ttl=0, rdata=CNAME(DNSLabel((*kept, *target.label))))]
        if _key(name) in self._records:
            return self._records[_key(name)]
        if any(other.matchSuffix(_key(name)) for other in self._records):
            return []
        for cut in range(1, len(name.label)):
            above = DNSLabel(_key(name).label[cut:])
            wildcard = self._records.get(DNSLabel((b"*", *above.label)))
            if wildcard is not None:
                return [RR(name, r.rtype, ttl=r.ttl, rdata=r.rdata) for r in wildcard]
            if any(other.matchSuffix(above) for other in self._records):
                break
        return None

    def _maker(self, name: DNSLabel) -> list[RR]:
        """The DNAME that a name's CNAME is made of, if it is."""
        owner, target = self._renamed
        if not name.matchSuffix(owner) or name == owner:
            return []
        data = b"".join(bytes([len(label)]) + label for label in target.label) + b"\0"
        return [RR(owner, _TYPE_DNAME, ttl=60, rdata=RD(data))]


def _key(name: DNSLabel) -> DNSLabel:
    return DNSLabel(tuple(label.lower() for label in name.label))


@contextmanager
def serve(resolver: Any = None) -> Iterator[str]:
    """Runs the server; gives its address as ``127.0.0.1:port``."""
    resolver = resolver or Resolver(ZONE)
    quiet = DNSLogger(logf=lambda _line: None)
    options = {"address": "127.0.0.1", "logger": quiet, "handler": _Handler}
    udp = DNSServer(resolver, port=0, tcp=False, **options)
    port: int = udp.server.server_address[1]
    tcp = DNSServer(resolver, port=port, tcp=True, **options)
    for server in (udp, tcp):
        server.start_thread()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        for server in (udp, tcp):
            server.stop()
            server.server.server_close()
