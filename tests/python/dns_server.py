"""A real DNS server on loopback (dnslib's), over UDP and TCP, with one small zone."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Iterator

from dnslib import RCODE, DNSRecord
from dnslib.server import DNSHandler, DNSLogger, DNSServer
from dnslib.zoneresolver import ZoneResolver

ZONE = """
golang.org.                 60 IN A     192.0.2.1
www.golang.org.             60 IN CNAME golang.org.
deep.golang.org.            60 IN CNAME www.golang.org.
six.golang.org.             60 IN AAAA  2001:db8::1
text.golang.org.            60 IN TXT   "no address here"
dangling.golang.org.        60 IN CNAME nowhere.golang.org.
one.loop.golang.org.        60 IN CNAME two.loop.golang.org.
two.loop.golang.org.        60 IN CNAME one.loop.golang.org.
under_score.golang.org.     60 IN A     192.0.2.2
"""


class Resolver(ZoneResolver):  # type: ignore[misc]  # dnslib has no annotations
    """dnslib's own, which knows that a name can exist without the type asked for."""

    def resolve(self, request: DNSRecord, handler: DNSHandler) -> DNSRecord:
        """Answers from the zone; no error where the name has records of other types."""
        reply = super().resolve(request, handler)
        if any(request.q.qname == name for name, _type, _record in self.zone):
            reply.header.rcode = RCODE.NOERROR
        return reply


@contextmanager
def serve() -> Iterator[str]:
    """Runs the server; gives its address as ``127.0.0.1:port``."""
    resolver = Resolver(ZONE)
    quiet = DNSLogger(logf=lambda _line: None)
    udp = DNSServer(resolver, address="127.0.0.1", port=0, tcp=False, logger=quiet)
    port: int = udp.server.server_address[1]
    tcp = DNSServer(resolver, address="127.0.0.1", port=port, tcp=True, logger=quiet)
    for server in (udp, tcp):
        server.start_thread()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        for server in (udp, tcp):
            server.stop()
            server.server.server_close()
