"""Servers that misbehave, and a network that loses, spoils or delays what it carries."""

from __future__ import annotations

import random
import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Callable

from dns_daemons import free_port

#: Sends a datagram back to where the question came from.
Reply = Callable[[bytes], None]
#: What a server does with a datagram: it gets the question and a way to answer.
OnDatagram = Callable[[bytes, Reply], None]
#: What it does with a connection.
OnConnection = Callable[[socket.socket], None]

_FLAG_QR, _FLAG_TC = 0x80, 0x02
_FORMERR, _SERVFAIL, _REFUSED = 1, 2, 5


class Faulty:
    """A server on 127.0.0.1, over UDP and TCP, that does what it is told."""

    def __init__(self, on_datagram: OnDatagram, on_connection: OnConnection | None) -> None:
        port = free_port()
        self.address = f"127.0.0.1:{port}"
        #: The questions so far: the message, and the source port.
        self.asked: list[tuple[bytes, int]] = []
        self._on_datagram = on_datagram
        self._on_connection = on_connection
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        for sock in (self._udp, self._tcp):
            sock.bind(("127.0.0.1", port))
        self._tcp.listen()
        self.stopped = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while not self.stopped.is_set():
            ready, _, _ = select.select([self._udp, self._tcp], [], [], 0.05)
            if self._udp in ready:
                question, client = self._udp.recvfrom(65536)
                self.asked.append((question, client[1]))
                self._on_datagram(question, partial(self._send, client))
            if self._tcp in ready:
                connection, _client = self._tcp.accept()
                with connection:
                    connection.settimeout(5)
                    if self._on_connection is not None:
                        self._on_connection(connection)

    def _send(self, client: tuple[str, int], reply: bytes) -> None:
        try:
            self._udp.sendto(reply, client)
        except OSError:
            self.stopped.wait(0.001)  # nobody is there any more

    def stop(self) -> None:
        """Ends the server."""
        self.stopped.set()
        self._thread.join()
        self._udp.close()
        self._tcp.close()


@contextmanager
def faulty(on_datagram: OnDatagram, on_connection: OnConnection | None = None) -> Iterator[Faulty]:
    """Runs a server that does what it is told."""
    server = Faulty(on_datagram, on_connection)
    try:
        yield server
    finally:
        server.stop()


def answer(question: bytes, code: int = 0, flags: int = 0, address: str = "192.0.2.1") -> bytes:
    """An answer to a question, with one address unless the code says otherwise."""
    end = question.index(b"\0", 12) + 5
    count = b"\0\0" if code or flags else b"\0\1"
    head = question[:2] + bytes([_FLAG_QR | question[2] | flags, code]) + b"\0\1" + count
    record = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + socket.inet_aton(address)
    return head + b"\0\0\0\0" + question[12:end] + (b"" if code or flags else record)


def silent(_question: bytes, _reply: Reply) -> None:
    """A black hole."""


def wrong_id(question: bytes, reply: Reply) -> None:
    """An answer with another message id."""
    reply(bytes([question[0] ^ 1]) + answer(question)[1:])


def wrong_question(question: bytes, reply: Reply) -> None:
    """An answer to the question for another name."""
    good = answer(question)
    reply(good[:13] + bytes([good[13] ^ 2]) + good[14:])


def no_answer_at_all(question: bytes, reply: Reply) -> None:
    """The question itself comes back."""
    reply(question)


def garbage(question: bytes, reply: Reply) -> None:
    """Bytes that are no message, and less."""
    for rubbish in (question[:2] + b"\xff" * 40, question[:2], b"", b"\0", answer(question)[:-3]):
        reply(rubbish)


def flood(question: bytes, reply: Reply) -> None:
    """Rubbish as fast as it goes, for a while."""
    rubbish = answer(question)
    end = time.monotonic() + 3
    while time.monotonic() < end:
        reply(bytes([rubbish[0] ^ 1]) + rubbish[1:])


def good(question: bytes, reply: Reply) -> None:
    """What a server should do."""
    reply(answer(question))


def first_rubbish_then_good(question: bytes, reply: Reply) -> None:
    """Forged answers before the true one."""
    garbage(question, reply)
    wrong_id(question, reply)
    wrong_question(question, reply)
    reply(answer(question))


def truncated(question: bytes, reply: Reply) -> None:
    """An answer for which a datagram has no room."""
    reply(answer(question, flags=_FLAG_TC))


def bare_servfail(question: bytes, reply: Reply) -> None:
    """A failure without the question that it is about."""
    reply(question[:2] + bytes([_FLAG_QR, _SERVFAIL]) + b"\0" * 8)


def no_edns(question: bytes, reply: Reply) -> None:
    """A server from before EDNS: it does not understand the additional record."""
    has_opt = question[10:12] != b"\0\0"
    reply(answer(question, code=_FORMERR if has_opt else 0))


def _question_of(connection: socket.socket) -> bytes:
    length = int.from_bytes(connection.recv(2, socket.MSG_WAITALL), "big")
    return connection.recv(length, socket.MSG_WAITALL)


def tcp_good(connection: socket.socket) -> None:
    """An answer over TCP."""
    message = answer(_question_of(connection))
    connection.sendall(len(message).to_bytes(2, "big") + message)


def tcp_nothing(connection: socket.socket) -> None:
    """The end, as soon as the question is there: before, it would be a reset."""
    _question_of(connection)


def tcp_half(connection: socket.socket) -> None:
    """The first half of an answer, and the end."""
    message = answer(_question_of(connection))
    connection.sendall(len(message).to_bytes(2, "big") + message[: len(message) // 2])


def tcp_drip(connection: socket.socket) -> None:
    """An answer byte by byte, more slowly than anybody waits."""
    message = answer(_question_of(connection))
    try:
        for byte in len(message).to_bytes(2, "big") + message:
            connection.sendall(bytes([byte]))
            time.sleep(0.1)
    except OSError:
        pass  # the client has had enough


class Proxy:
    """Carries datagrams between clients and a server, and does something to each."""

    def __init__(self, server: str, spoil: Callable[[bytes], bytes | None]) -> None:
        host, port = server.rsplit(":", 1)
        self._server = (host, int(port))
        self._spoil = spoil
        self._front = _socket()
        self._front.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._front.getsockname()[1]}"
        #: The socket towards the server of each client, and the client of each socket.
        self._backs: dict[tuple[str, int], socket.socket] = {}
        self._poll = select.epoll()
        self._poll.register(self._front, select.EPOLLIN)
        self._clients: dict[int, tuple[socket.socket, tuple[str, int]]] = {}
        self._stopped = False
        self._thread = threading.Thread(target=self._carry)
        self._thread.start()

    def _carry(self) -> None:
        while not self._stopped:
            for descriptor, _event in self._poll.poll(0.05):
                try:
                    self._carry_all(descriptor)
                except (BlockingIOError, ConnectionRefusedError):
                    continue

    def _carry_all(self, descriptor: int) -> None:
        for _ in range(256):
            if descriptor == self._front.fileno():
                message, client = self._front.recvfrom(4096)
                spoilt = self._spoil(message)
                if spoilt is not None:
                    self._back(client).send(spoilt)
            else:
                back, client = self._clients[descriptor]
                spoilt = self._spoil(back.recv(4096))
                if spoilt is not None:
                    self._front.sendto(spoilt, client)

    def _back(self, client: tuple[str, int]) -> socket.socket:
        back = self._backs.get(client)
        if back is None:
            if len(self._backs) >= 200:
                # The oldest: a client changes its ports often.
                oldest = self._backs.pop(next(iter(self._backs)))
                del self._clients[oldest.fileno()]
                oldest.close()
            back = self._backs[client] = _socket()
            back.connect(self._server)
            self._clients[back.fileno()] = back, client
            self._poll.register(back, select.EPOLLIN)
        return back

    def stop(self) -> None:
        """Ends the proxy."""
        self._stopped = True
        self._thread.join()
        self._poll.close()
        for sock in (self._front, *self._backs.values()):
            sock.close()


def _socket() -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    return sock


@contextmanager
def dropping(server: str, share: float, seed: int = 0) -> Iterator[str]:
    """A way to a server on which this share of all datagrams is lost, both ways."""
    draw = random.Random(seed).random
    with _proxy(server, lambda message: None if draw() < share else message) as address:
        yield address


@contextmanager
def tampering(server: str, old: bytes, new: bytes) -> Iterator[str]:
    """A way to a server on which some bytes become others."""
    with _proxy(server, lambda message: message.replace(old, new)) as address:
        yield address


@contextmanager
def _proxy(server: str, spoil: Callable[[bytes], bytes | None]) -> Iterator[str]:
    proxy = Proxy(server, spoil)
    try:
        yield proxy.address
    finally:
        proxy.stop()
