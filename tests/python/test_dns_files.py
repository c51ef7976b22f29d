"""The system's files: hosts, and the resolver's configuration."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from checksig.dns import (
    NXDOMAIN,
    BadName,
    BadNameserver,
    DNSError,
    NoAnswer,
    lookup_cname,
    lookup_cnames,
)

HOSTS = """# A comment
127.0.0.1   localhost
192.0.2.1   First.example.com first second # third
192.0.2.2   other second
2001:db8::1 v6.example v6
"""


@pytest.fixture
def hosts(tmp_path: Path) -> Path:
    """A hosts file."""
    path = tmp_path / "hosts"
    path.write_text(HOSTS)
    return path


@pytest.fixture
def silent() -> Iterator[str]:
    """A server that must not be asked."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.setblocking(False)
        yield f"127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(BlockingIOError):
            server.recv(1)


@pytest.mark.parametrize(
    ("name", "chain"),
    [
        ("first", ["first.", "first.example.com."]),
        ("FIRST.example.com", ["first.example.com."]),
        ("second.", ["second.", "first.example.com."]),
        ("other", ["other."]),
        ("v6", ["v6.", "v6.example."]),
        ("localhost", ["localhost."]),
        ("any.localhost", ["any.localhost."]),
    ],
)
def test_the_first_name_of_the_line(hosts: Path, silent: str, name: str, chain: list[str]) -> None:
    """And no packet."""
    found = lookup_cname(name, hosts=hosts, nameservers=[silent])
    assert found.chain == tuple(chain)
    assert found.server is None
    [(_, found_too)] = lookup_cnames([name], hosts=hosts, nameservers=[silent])
    assert found_too == found


def test_what_the_hosts_file_does_not_have_is_asked_for(hosts: Path, nameserver: str) -> None:
    with pytest.raises(DNSError):
        lookup_cname("third", hosts=hosts, nameservers=[nameserver])
    assert lookup_cname("www.golang.org", hosts=hosts, nameservers=[nameserver]) == "golang.org."


def test_a_change_of_the_hosts_file_counts_at_once(hosts: Path, nameserver: str) -> None:
    assert lookup_cname("www.golang.org", hosts=hosts, nameservers=[nameserver]) == "golang.org."
    hosts.write_text("192.0.2.1 mine.example www.golang.org\n")
    assert lookup_cname("www.golang.org", hosts=hosts, nameservers=[nameserver]) == "mine.example."
    assert lookup_cname("www.golang.org", hosts=None, nameservers=[nameserver]) == "golang.org."


def test_hosts_files_that_cannot_be_read(tmp_path: Path, nameserver: str) -> None:
    """One that is not there has no names; a directory is an error that names it."""
    missing = tmp_path / "missing"
    assert lookup_cname("golang.org", hosts=missing, nameservers=[nameserver]) == "golang.org."
    with pytest.raises(DNSError, match=str(tmp_path)):
        lookup_cname("golang.org", hosts=tmp_path, nameservers=[nameserver])


def test_the_search_list(nameserver: str) -> None:
    """As the C library has it: fewer dots than ndots means the list first."""

    def look_up(name: str, *search: str) -> tuple[str, ...]:
        return lookup_cname(name, search=search, nameservers=[nameserver]).chain

    assert look_up("www", "golang.org") == ("www.golang.org.", "golang.org.")
    assert look_up("www", "nowhere.golang.org", "GoLang.org.") == ("www.golang.org.", "golang.org.")
    assert look_up("www.golang.org", "nowhere.golang.org")[0] == "www.golang.org."
    assert look_up("one", "below.golang.org", "wild.golang.org")[0].endswith("wild.golang.org.")
    with pytest.raises(NXDOMAIN) as absolute:
        look_up("www.nowhere.golang.org.", "golang.org")
    assert absolute.value.chain == ("www.nowhere.golang.org.",)
    with pytest.raises(NoAnswer) as best:
        look_up("text.golang.org", "nowhere.golang.org", "golang.org")
    assert best.value.qname == "text.golang.org."
    with pytest.raises(DNSError):
        look_up("www")


@pytest.mark.parametrize("domain", ["a..b", "a/b", "192.0.2.1"])
def test_a_bad_search_domain(domain: str) -> None:
    with pytest.raises(BadName):
        lookup_cname("www", search=[domain], nameservers=["127.0.0.1:1"])


@pytest.fixture
def port_53() -> Iterator[str]:
    """A server at a loopback address of its own, where a resolver's configuration can name it."""
    from dnslib.server import DNSLogger, DNSServer

    from dns_server import Resolver
    from dns_zone import ZONE

    try:
        server = DNSServer(
            Resolver(ZONE),
            address="127.53.53.53",
            port=53,
            logger=DNSLogger(logf=lambda _line: None),
        )
    except OSError as error:
        pytest.skip(f"needs port 53: {error}")
    server.start_thread()
    try:
        yield "127.53.53.53"
    finally:
        server.stop()
        server.server.server_close()


def test_the_configuration(port_53: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers, search list and ndots; it is read anew when it has changed."""
    monkeypatch.delenv("CHECKSIG_NAMESERVERS", raising=False)
    conf = tmp_path / "resolv.conf"
    conf.write_text(f"# mine\nnameserver {port_53}\nsearch golang.org\noptions attempts:1\n")

    def look_up(name: str) -> str:
        return lookup_cname(name, resolv_conf=conf, hosts=None).chain[0]

    assert look_up("www") == "www.golang.org."
    assert look_up("www.golang.org") == "www.golang.org."
    conf.write_text(f"nameserver {port_53}\ndomain wild.golang.org\noptions ndots:3\n")
    assert look_up("www.golang.org") == "www.golang.org.wild.golang.org."
    assert [str(found) for _, found in lookup_cnames(["a.b"], resolv_conf=conf)] == ["golang.org."]
    conf.write_text(f"nonsense\nnameserver {port_53}\noptions nonsense:x\n")
    assert look_up("www.golang.org") == "www.golang.org."
    with pytest.raises(DNSError):
        look_up("www")


def test_the_search_list_goes_with_its_servers(tmp_path: Path, nameserver: str) -> None:
    """Whoever names servers does not mean the system's domains."""
    conf = tmp_path / "resolv.conf"
    conf.write_text("nameserver 127.0.0.1\nsearch golang.org\n")
    with pytest.raises(DNSError):
        lookup_cname("www", resolv_conf=conf, nameservers=[nameserver])


@pytest.mark.parametrize("text", ["", "search golang.org\n", "nameserver nonsense\n", None])
def test_nobody_to_ask(tmp_path: Path, text: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that names the file; but names that need no server are found."""
    monkeypatch.delenv("CHECKSIG_NAMESERVERS", raising=False)
    conf = tmp_path / "resolv.conf"
    if text is not None:
        conf.write_text(text)
    with pytest.raises(BadNameserver, match=str(conf)):
        lookup_cname("www.golang.org", resolv_conf=conf)
    [(_, error)] = lookup_cnames(["www.golang.org"], resolv_conf=conf)
    assert type(error) is BadNameserver
    assert lookup_cname("localhost", resolv_conf=conf) == "localhost."


def test_a_scoped_address(nameserver: str) -> None:
    """By an interface's name or number; one that is not there is refused."""
    index = socket.if_nametoindex("lo")
    for zone in ("lo", str(index)):
        with pytest.raises(DNSError) as caught:
            lookup_cname("golang.org", nameservers=[f"[fe80::1%{zone}]:9"], timeout=0.3)
        assert type(caught.value) is not BadNameserver
        assert f"%{index}]:9" in str(caught.value)
    servers = [f"[fe80::1%{index}]:9", nameserver]
    assert lookup_cname("golang.org", nameservers=servers, timeout=3) == "golang.org."
    for engine in ("resolver", "fast"):
        [(_, found)] = lookup_cnames(["golang.org"], nameservers=servers, engine=engine)
        assert found == "golang.org."
