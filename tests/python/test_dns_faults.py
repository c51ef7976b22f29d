"""Servers and networks that misbehave, for one name and for many."""

from __future__ import annotations

import time
from typing import Union

import pytest

import dns_faults as faults
from checksig.dns import (
    CnameResult,
    DNSError,
    Refused,
    ServFail,
    Timeout,
    lookup_cname,
    lookup_cnames,
)
from dns_daemons import free_port

ENGINES = ["alone", "resolver", "fast"]


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """Each way to look a name up."""
    return str(request.param)


def look_up(
    engine: str, *servers: str, timeout: float = 20, attempts: int = 2
) -> Union[CnameResult, DNSError]:
    """What is found, or the error."""
    if engine != "alone":
        [(_, found)] = lookup_cnames(
            ["golang.org"],
            nameservers=servers,
            timeout=timeout,
            attempts=attempts,
            engine=engine,
            hosts=None,
        )
        return found
    try:
        return lookup_cname(
            "golang.org", nameservers=servers, timeout=timeout, attempts=attempts, hosts=None
        )
    except DNSError as error:
        return error


@pytest.mark.parametrize(
    "behaviour",
    [
        faults.silent,
        faults.wrong_id,
        faults.wrong_question,
        faults.no_answer_at_all,
        faults.garbage,
        faults.flood,
    ],
    ids=lambda behaviour: behaviour.__name__,
)
def test_the_deadline_is_kept(engine: str, behaviour: faults.OnDatagram) -> None:
    """Nothing that comes ends the wait, or prolongs it; the error says what came."""
    took = []
    with faults.faulty(behaviour) as server:
        for _ in range(3):  # a machine may be busy, but not always
            start = time.monotonic()
            found = look_up(engine, server.address, timeout=1)
            took.append(time.monotonic() - start)
            assert type(found) is Timeout
            assert isinstance(found, TimeoutError)
            assert found.server == server.address
            rubbish = behaviour not in (faults.silent, faults.wrong_id, faults.flood)
            assert ("only" in str(found)) or not rubbish
            if 0.9 <= took[-1] <= 1.1:
                return
    pytest.fail(f"took {took}")


@pytest.mark.parametrize("connection", [faults.tcp_nothing, faults.tcp_half, faults.tcp_drip])
def test_a_connection_that_leads_nowhere(engine: str, connection: faults.OnConnection) -> None:
    """Truncated over UDP, and over TCP nothing, half an answer, or one too slow."""
    with faults.faulty(faults.truncated, connection) as server:
        found = look_up(engine, server.address, timeout=1)
    assert isinstance(found, DNSError)
    assert found.server == server.address
    if connection is faults.tcp_drip:
        assert type(found) is Timeout
    else:
        assert "the connection ended in the middle of an answer" in str(found)


def test_a_truncated_answer_is_fetched_over_tcp(engine: str) -> None:
    with faults.faulty(faults.truncated, faults.tcp_good) as server:
        assert look_up(engine, server.address) == "golang.org."


def test_forged_answers_before_the_true_one(engine: str) -> None:
    with faults.faulty(faults.first_rubbish_then_good) as server:
        assert look_up(engine, server.address) == "golang.org."


def test_a_failure_without_its_question(engine: str) -> None:
    """From a server that could not even read it."""
    with faults.faulty(faults.bare_servfail) as server:
        found = look_up(engine, server.address)
    assert type(found) is ServFail


def test_a_server_from_before_edns(engine: str) -> None:
    """It is asked again without the record that it does not know."""
    with faults.faulty(faults.no_edns) as server:
        assert look_up(engine, server.address) == "golang.org."
        assert len(server.asked) == 2


def test_a_dead_port_is_told_at_once(engine: str) -> None:
    server = f"127.0.0.1:{free_port()}"
    found = look_up(engine, server, timeout=60)
    assert type(found) is DNSError
    assert "refused" in str(found)
    assert server in str(found)


def test_the_next_server_is_asked(engine: str) -> None:
    dead = f"127.0.0.1:{free_port()}"
    with faults.faulty(faults.silent) as silent, faults.faulty(faults.good) as good:
        for servers in ([dead, good.address], [silent.address, good.address]):
            found = look_up(engine, *servers, timeout=4)
            assert found == "golang.org."
            assert found.server == good.address


def test_a_refusal_tells_more_than_silence(engine: str) -> None:
    def refusing(question: bytes, reply: faults.Reply) -> None:
        reply(faults.answer(question, code=5))

    with faults.faulty(faults.silent) as silent, faults.faulty(refusing) as other:
        for servers in ([silent.address, other.address], [other.address, silent.address]):
            found = look_up(engine, *servers, timeout=1, attempts=1)
            assert type(found) is Refused
            assert found.server == other.address


def test_many_names_of_a_black_hole_end_in_time() -> None:
    """All of them, and with their own names."""
    names = [f"n{i}.golang.org" for i in range(300)]
    with faults.faulty(faults.silent) as server:
        found = dict(
            lookup_cnames(names, nameservers=[server.address], timeout=0.5, concurrency=300)
        )
    assert found.keys() == set(names)
    assert all(type(error) is Timeout for error in found.values())
    assert {error.chain for error in found.values()} == {(f"{name}.",) for name in names}


def test_no_two_questions_share_id_and_port() -> None:
    """Ids are drawn anew for each, and ports change often."""
    names = [f"n{i}.golang.org" for i in range(3000)]
    with faults.faulty(faults.good) as server:
        found = dict(lookup_cnames(names, nameservers=[server.address], engine="fast"))
        asked = list(server.asked)
    assert all(isinstance(one, CnameResult) for one in found.values())
    ids = [message[:2] for message, _port in asked]
    ports = {port for _message, port in asked}
    assert len(set(ids)) > 0.9 * len(ids)
    assert len(ports) >= 6


def test_the_resolver_takes_a_port_for_each_question() -> None:
    names = [f"n{i}.golang.org" for i in range(300)]
    with faults.faulty(faults.good) as server:
        list(lookup_cnames(names, nameservers=[server.address], engine="resolver"))
        ports = {port for _message, port in server.asked}
    assert len(ports) > 250
