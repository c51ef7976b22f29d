"""Canonical names, asked of a real server on loopback."""

from __future__ import annotations

import doctest
import pickle
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Iterator, Union

import pytest

from checksig import ChecksigError, dns
from checksig.dns import (
    NXDOMAIN,
    BadName,
    BadNameserver,
    CNAMELoop,
    CnameResult,
    DNSError,
    NoAnswer,
    Refused,
    ServFail,
    Timeout,
    lookup_cname,
)

#: Where waiting is no part of a test: never reached.
PATIENT = 60.0

STATUS_INVALID_ARGUMENT = 1
STATUS_BAD_NAME = 7
STATUS_BAD_NAMESERVER = 8
STATUS_NXDOMAIN = 9
STATUS_NO_ANSWER = 10
STATUS_SERVFAIL = 11
STATUS_REFUSED = 12
STATUS_TIMEOUT = 13
STATUS_CNAME_LOOP = 14
STATUS_FAILED = 15


def address_of(server: socket.socket) -> str:
    """An IPv4 socket's address as ``lookup_cname`` takes it."""
    host, port = server.getsockname()
    return f"{host}:{port}"


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """A socket that receives questions and never answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.setblocking(False)
        yield server


@pytest.fixture
def dead() -> str:
    """The address of a port where nobody listens."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        return address_of(server)


def was_asked(server: socket.socket) -> bool:
    """Whether a packet has come in."""
    try:
        return len(server.recv(4096)) > 0
    except BlockingIOError:
        return False


# What there is


@pytest.mark.parametrize(
    ("name", "canonical"),
    [
        ("golang.org", "golang.org."),
        ("golang.org.", "golang.org."),
        ("www.golang.org", "golang.org."),
        ("deep.golang.org", "golang.org."),
        ("six.golang.org", "six.golang.org."),
        ("under_score.golang.org", "under_score.golang.org."),
        ("WWW.GoLang.ORG", "golang.org."),
        ("GOLANG.ORG.", "golang.org."),
        (b"www.golang.org", "golang.org."),
        (b"SIX.golang.org.", "six.golang.org."),
    ],
)
def test_canonical_names(nameserver: str, name: Union[str, bytes], canonical: str) -> None:
    """The end of the chain of aliases, in lower case and with its dot."""
    found = lookup_cname(name, nameservers=[nameserver], timeout=PATIENT)
    assert found == canonical
    assert type(found) is CnameResult
    assert (found.chain[-1], found.server) == (canonical, nameserver)


@pytest.mark.parametrize(
    ("name", "error", "status"),
    [
        ("missing.golang.org", NXDOMAIN, STATUS_NXDOMAIN),
        ("bücher.nowhere.golang.org", NXDOMAIN, STATUS_NXDOMAIN),
        ("dangling.golang.org", NXDOMAIN, STATUS_NXDOMAIN),
        ("text.golang.org", NoAnswer, STATUS_NO_ANSWER),
        ("one.loop.golang.org", CNAMELoop, STATUS_CNAME_LOOP),
        ("two.loop.golang.org", CNAMELoop, STATUS_CNAME_LOOP),
    ],
)
def test_names_without_a_canonical_name(
    nameserver: str, name: str, error: type[DNSError], status: int
) -> None:
    """Each kind of failure is a class of its own, and its text names the name."""
    with pytest.raises(DNSError) as caught:
        lookup_cname(name, nameservers=[nameserver], timeout=PATIENT)
    assert type(caught.value) is error
    assert isinstance(caught.value, ChecksigError)
    assert not isinstance(caught.value, ValueError)
    assert caught.value.status == status
    assert name.replace("bücher", "xn--bcher-kva") in str(caught.value)


def test_many_threads_at_once(nameserver: str) -> None:
    """Each gets the answer to its own question."""
    names = ["www.golang.org", "six.golang.org", "to-six.golang.org"] * 8
    with ThreadPoolExecutor(12) as pool:
        found = list(
            pool.map(
                lambda name: lookup_cname(name, nameservers=[nameserver], timeout=PATIENT), names
            )
        )
    assert found == ["golang.org.", "six.golang.org.", "six.golang.org."] * 8


class Answering:
    """A resolver whose every answer is one response code."""

    def __init__(self, code: str) -> None:
        self._code = code

    def resolve(self, request: Any, handler: object) -> Any:
        """The answer to a request, as dnslib's servers want it."""
        from dnslib import RCODE

        reply = request.reply()
        reply.header.rcode = getattr(RCODE, self._code)
        return reply


@contextmanager
def answering(code: str) -> Iterator[str]:
    """A server that gives every question this response code."""
    from dnslib.server import DNSServer

    server = DNSServer(Answering(code), address="127.0.0.1", port=0)
    server.start_thread()
    try:
        yield address_of(server.server.socket)
    finally:
        server.stop()
        server.server.server_close()


@pytest.mark.parametrize(
    ("code", "error", "status"),
    [
        ("SERVFAIL", ServFail, STATUS_SERVFAIL),
        ("REFUSED", Refused, STATUS_REFUSED),
        ("NXDOMAIN", NXDOMAIN, STATUS_NXDOMAIN),
        ("NOERROR", NoAnswer, STATUS_NO_ANSWER),
        ("NOTIMP", DNSError, STATUS_FAILED),
    ],
)
def test_response_codes(code: str, error: type[DNSError], status: int) -> None:
    """What the server says, as an exception."""
    with answering(code) as address, pytest.raises(DNSError) as caught:
        lookup_cname("golang.org", nameservers=[address], timeout=PATIENT)
    assert type(caught.value) is error
    assert caught.value.status == status


# Names that cannot be asked for

BAD_NAMES: list[Union[str, bytes]] = [
    "",
    ".",
    "..",
    "a..b",
    ".a",
    "a.example..",
    "a b.example",
    " golang.org",
    "golang.org\n",
    "a\tb",
    "a\0.example",
    b"a\0.example",
    "a\x7f.example",
    "https://golang.org",
    "golang.org/x",
    "golang.org:53",
    "a*b.example",
    "a-.example",
    "1.2.3",
    "a\\.b",
    "127.0.0.1",
    "::1",
    "[::1]",
    "a" * 64 + ".example",
    ".".join(["a" * 63] * 4),
    "a" * 100_000,
    "ü" * 100_000,
    b"b\xfccher.example",
    b"\xff" * 2000,
]


@pytest.mark.parametrize("name", BAD_NAMES, ids=lambda name: repr(name)[:24])
def test_bad_names(name: Union[str, bytes], silent: socket.socket, dead: str) -> None:
    """No packet is sent, so it makes no difference who would be asked."""
    for nameserver in (address_of(silent), dead):
        with pytest.raises(BadName) as caught:
            lookup_cname(name, nameservers=[nameserver], timeout=PATIENT)
        assert isinstance(caught.value, ValueError)
        assert isinstance(caught.value, DNSError)
        assert caught.value.status == STATUS_BAD_NAME
        assert 0 < len(str(caught.value)) < 4096
    assert not was_asked(silent)


@pytest.mark.parametrize("name", ["\ud800", "\udcff.example"])
def test_a_name_with_a_lone_surrogate(name: str, silent: socket.socket) -> None:
    """It can't be a host's name either."""
    with pytest.raises(BadName):
        lookup_cname(name, nameservers=[address_of(silent)], timeout=PATIENT)
    assert not was_asked(silent)


@pytest.mark.parametrize("name", [None, 5, ["golang.org"]])
def test_what_is_no_name(name: Any, silent: socket.socket) -> None:
    """A TypeError, and nobody is asked."""
    with pytest.raises(TypeError):
        lookup_cname(name, nameservers=[address_of(silent)], timeout=PATIENT)
    assert not was_asked(silent)


# Whom to ask


def test_the_environment_names_the_servers(
    system_nameserver: str, dead: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By default; an argument comes first."""
    assert lookup_cname("www.golang.org", timeout=PATIENT) == "golang.org."
    with pytest.raises(DNSError):
        lookup_cname("www.golang.org", nameservers=[dead], timeout=PATIENT)
    monkeypatch.setenv("CHECKSIG_NAMESERVERS", f"{dead}, {system_nameserver}")
    assert lookup_cname("www.golang.org", timeout=PATIENT) == "golang.org."
    monkeypatch.setenv("CHECKSIG_NAMESERVERS", dead)
    with pytest.raises(DNSError):
        lookup_cname("www.golang.org", timeout=PATIENT)
    found = lookup_cname("www.golang.org", nameservers=[system_nameserver], timeout=PATIENT)
    assert found == "golang.org."
    monkeypatch.setenv("CHECKSIG_NAMESERVERS", "dns.example")
    with pytest.raises(BadNameserver, match=r"dns\.example"):
        lookup_cname("www.golang.org", timeout=PATIENT)


def test_servers_are_asked_one_after_the_other(nameserver: str, dead: str) -> None:
    """Any iterable will do; a dead server does not end the look-up."""
    for servers in ([dead, nameserver], (nameserver, dead), iter([dead, dead, nameserver])):
        found = lookup_cname("www.golang.org", nameservers=servers, timeout=PATIENT)
        assert found == "golang.org."


@pytest.mark.parametrize(
    "server",
    [
        "dns.example",
        "192.0.2.256",
        "192.0.2.1:0",
        "192.0.2.1:65536",
        "192.0.2.1:",
        ":53",
        "[::1",
        "fe80::1%nowhere",
        "192.0.2.1%lo",
        "192.0.2.1#53",
        "ñ",
        "127.0.0.1\0",
    ],
)
def test_a_bad_nameserver(server: str, silent: socket.socket) -> None:
    """It is refused beside good ones too, before anybody is asked."""
    for servers in ([server], [address_of(silent), server]):
        with pytest.raises(BadNameserver) as caught:
            lookup_cname("golang.org", nameservers=servers, timeout=PATIENT)
        assert isinstance(caught.value, ValueError)
        assert isinstance(caught.value, DNSError)
        assert caught.value.status == STATUS_BAD_NAMESERVER
    assert not was_asked(silent)


@pytest.mark.parametrize("servers", [[], (), {}, [""], ["", ""], [" "], [","]], ids=repr)
def test_no_nameserver(servers: Any) -> None:
    """An empty list does not mean the system's servers."""
    with pytest.raises(BadNameserver):
        lookup_cname("checksig.invalid", nameservers=servers, timeout=1)


def test_a_nameserver_with_a_lone_surrogate() -> None:
    """It is no address."""
    with pytest.raises(BadNameserver):
        lookup_cname("golang.org", nameservers=["\ud800"], timeout=PATIENT)


@pytest.mark.parametrize("servers", [5, [5], [None], [b"127.0.0.1"]])
def test_what_are_no_nameservers(servers: Any) -> None:
    """A wrong type is a TypeError."""
    with pytest.raises(TypeError):
        lookup_cname("golang.org", nameservers=servers, timeout=PATIENT)


# How long


def test_a_dead_port(dead: str) -> None:
    """The system says so, and nobody waits for the timeout."""
    with pytest.raises(DNSError) as caught:
        lookup_cname("golang.org", nameservers=[dead], timeout=PATIENT)
    assert type(caught.value) is DNSError
    assert caught.value.status == STATUS_FAILED
    assert dead in str(caught.value)


def test_a_silent_server(silent: socket.socket) -> None:
    """It was asked, and did not answer."""
    with pytest.raises(Timeout) as caught:
        lookup_cname("golang.org", nameservers=[address_of(silent)], timeout=0.3)
    assert was_asked(silent)
    assert isinstance(caught.value, TimeoutError)
    assert isinstance(caught.value, DNSError)
    assert caught.value.status == STATUS_TIMEOUT
    assert "golang.org" in str(caught.value)


def test_no_time_at_all(silent: socket.socket) -> None:
    """Zero seconds are over before an answer can come."""
    with pytest.raises(Timeout):
        lookup_cname("golang.org", nameservers=[address_of(silent)], timeout=0)


@pytest.mark.parametrize(
    "timeout",
    [-1, -0.001, float("nan"), float("inf"), float("-inf"), 1e300],
)
def test_a_timeout_that_is_none(silent: socket.socket, timeout: float) -> None:
    """Refused before anybody is asked."""
    with pytest.raises(ValueError, match="timeout is"):
        lookup_cname("golang.org", nameservers=[address_of(silent)], timeout=timeout)
    assert not was_asked(silent)


@pytest.mark.parametrize("timeout", ["1", None, [1]])
def test_a_timeout_of_another_type(silent: socket.socket, timeout: Any) -> None:
    """A wrong type is a TypeError."""
    with pytest.raises(TypeError):
        lookup_cname("golang.org", nameservers=[address_of(silent)], timeout=timeout)
    assert not was_asked(silent)


def test_a_timeout_that_no_number_of_seconds_is(silent: socket.socket) -> None:
    """An integer too large for a float fails as Python's own functions do."""
    with pytest.raises((OverflowError, ValueError)):
        lookup_cname("golang.org", nameservers=[address_of(silent)], timeout=10**400)
    assert not was_asked(silent)


def test_very_long_timeouts(nameserver: str) -> None:
    """Whole numbers, and centuries."""
    for timeout in (60, 1e9, 1e15, 1e18):
        found = lookup_cname("www.golang.org", nameservers=[nameserver], timeout=timeout)
        assert found == "golang.org."


# The rest


def test_errors_survive_a_trip_to_another_process(dead: str) -> None:
    """Class, text and status."""
    for name, servers in [("golang.org", [dead]), ("a..b", [dead]), ("golang.org", [])]:
        with pytest.raises(DNSError) as caught:
            lookup_cname(name, nameservers=servers, timeout=PATIENT)
        again = pickle.loads(pickle.dumps(caught.value))
        assert type(again) is type(caught.value)
        assert (str(again), again.status) == (str(caught.value), caught.value.status)


def test_every_error_is_public() -> None:
    """And has one base class."""
    public = [getattr(dns, name) for name in dns.__all__]
    errors = [one for one in public if isinstance(one, type) and issubclass(one, Exception)]
    assert len(errors) == 10
    assert all(issubclass(error, DNSError) for error in errors)


def test_the_examples_of_the_documentation(system_nameserver: str) -> None:
    """What the docstrings promise, typed as there."""
    failed, attempted = doctest.testmod(dns)
    assert (failed, attempted > 0) == (0, True)
