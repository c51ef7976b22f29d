"""Many names at once: iterables, cancellation, signals, forks, lost packets."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator

import pytest

import dns_faults as faults
from checksig.dns import (
    BadNameserver,
    Cancel,
    CnameResult,
    DNSError,
    DNSProgress,
    Timeout,
    lookup_cname,
    lookup_cnames,
)
from checksig.errors import ArgumentError, Cancelled

PATIENT = 60.0


@pytest.fixture
def good() -> Iterator[faults.Faulty]:
    """A server that has an address for every name."""
    with faults.faulty(faults.good) as server:
        yield server


def test_an_endless_iterable_is_taken_bit_by_bit(good: faults.Faulty) -> None:
    """Not more names are taken than are in flight."""
    taken = itertools.count()
    names = (f"n{i}.golang.org" for i in taken)
    found = lookup_cnames(names, nameservers=[good.address], concurrency=50)
    seen = {name for name, _ in itertools.islice(found, 500)}
    assert len(seen) == 500
    assert next(taken) <= 500 + 2 * 50
    found.close()


def test_a_slow_iterable_does_not_hold_up_results(good: faults.Faulty) -> None:
    def slowly() -> Iterator[str]:
        for i in range(5):
            given.append(i)
            yield f"n{i}.golang.org"
            time.sleep(0.05)

    given: list[int] = []
    for name, _ in lookup_cnames(slowly(), nameservers=[good.address]):
        assert name == f"n{given[-1]}.golang.org" or len(given) < 5


def test_the_same_name_many_times(good: faults.Faulty) -> None:
    found = list(lookup_cnames(["golang.org"] * 100, nameservers=[good.address]))
    assert found == [("golang.org", "golang.org.")] * 100


def test_no_names(good: faults.Faulty) -> None:
    assert list(lookup_cnames([], nameservers=[good.address])) == []
    assert good.asked == []


def test_an_exception_of_the_iterable_comes_through(good: faults.Faulty) -> None:
    def names() -> Iterator[str]:
        yield "golang.org"
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        list(lookup_cnames(names(), nameservers=[good.address]))


@pytest.mark.parametrize("names", ["golang.org", b"golang.org", None, 5, [5], [None]])
def test_what_are_no_names(good: faults.Faulty, names: object) -> None:
    with pytest.raises(TypeError):
        list(lookup_cnames(names, nameservers=[good.address]))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "wrong",
    [
        {"timeout": -1},
        {"attempts": 0},
        {"concurrency": 0},
        {"rate": 0},
        {"rate": float("nan")},
        {"engine": "slow"},
        {"max_hops": -1},
        {"nameservers": ["nobody"]},
    ],
    ids=str,
)
def test_bad_arguments_are_refused_at_once(wrong: dict[str, object]) -> None:
    with pytest.raises((ValueError, BadNameserver)):
        lookup_cnames([], **wrong)  # type: ignore[arg-type]


def test_time_between_two_results_does_not_count(good: faults.Faulty) -> None:
    """A caller that is slower than the timeout loses nothing."""
    for engine in ("resolver", "fast"):
        names = [f"n{i}.golang.org" for i in range(400)]
        found = lookup_cnames(names, nameservers=[good.address], timeout=0.3, engine=engine)
        for count, (_, one) in enumerate(found):
            assert isinstance(one, CnameResult)
            if count % 100 == 0:
                time.sleep(0.5)


def test_the_rate_is_kept(good: faults.Faulty) -> None:
    """No more questions than it allows, whatever the machine does."""
    for engine in ("resolver", "fast"):
        before, start = len(good.asked), time.monotonic()
        names = [f"n{i}.golang.org" for i in range(100)]
        list(lookup_cnames(names, nameservers=[good.address], rate=100, engine=engine))
        assert len(good.asked) - before <= 1 + 5 + 100 * (time.monotonic() - start)


def test_progress(good: faults.Faulty) -> None:
    told: list[DNSProgress] = []
    names = [*(f"n{i}.golang.org" for i in range(60)), "a..b"]
    list(lookup_cnames(names, nameservers=[good.address], rate=100, progress=told.append))
    assert told
    assert all(now.done <= 61 and now.failed <= 1 for now in told)
    assert [now.done for now in told] == sorted(now.done for now in told)


def test_cancel() -> None:
    """Before the run, and from another thread."""
    with faults.faulty(faults.silent) as server:
        cancel = Cancel()
        threading.Timer(0.2, cancel.request).start()
        for _ in range(2):
            with pytest.raises(Cancelled):
                list(lookup_cnames(["golang.org"], nameservers=[server.address], cancel=cancel))


def wait_for(server: str, alone: bool) -> None:
    """Looks a name up, by itself or as one of many."""
    if alone:
        lookup_cname("golang.org", nameservers=[server], timeout=PATIENT)
    else:
        list(lookup_cnames(["golang.org"], nameservers=[server], timeout=PATIENT))


@pytest.mark.parametrize("alone", [True, False])
def test_ctrl_c(alone: bool) -> None:
    """It ends a look-up at once, and what is done again afterwards works."""
    with faults.faulty(faults.silent) as server:
        timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            wait_for(server.address, alone)
        timer.join()
    with faults.faulty(faults.good) as server:
        assert lookup_cname("golang.org", nameservers=[server.address]) == "golang.org."


def _in_child(address: str) -> int:
    """Looks names up in a forked process."""
    assert lookup_cname("golang.org", nameservers=[address], hosts=None) == "golang.org."
    names = [f"n{i}.golang.org" for i in range(20)]
    return sum(
        isinstance(found, CnameResult) for _, found in lookup_cnames(names, nameservers=[address])
    )


def test_multiprocessing_by_fork(good: faults.Faulty) -> None:
    """After this process has looked names up itself."""
    assert _in_child(good.address) == 20
    with multiprocessing.get_context("fork").Pool(3) as pool:
        assert pool.map(_in_child, [good.address] * 6) == [20] * 6


def test_siblings_draw_different_ids_and_ports(good: faults.Faulty) -> None:
    """Each forked from a thread that has looked names up, and asks for names of its own."""
    children = []

    def fork() -> None:
        _in_child(good.address)
        good.asked.clear()
        for child in range(4):
            process = os.fork()
            if process == 0:
                code = 1
                try:
                    for i in range(8):
                        lookup_cname(f"c{child}-{i}.golang.org", nameservers=[good.address])
                    names = [f"m{child}-{i}.golang.org" for i in range(8)]
                    list(lookup_cnames(names, nameservers=[good.address]))
                    code = 0
                finally:
                    os._exit(code)
            children.append(process)

    thread = threading.Thread(target=fork)
    thread.start()
    thread.join()
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 4
    for kind, least_ports in ((b"c", 28), (b"m", 4)):
        sent: dict[int, list[bytes]] = {}
        ports = set()
        for message, port in good.asked:
            label = message[13 : 13 + message[12]]
            if label[:1] == kind:
                sent.setdefault(int(chr(label[1])), []).append(message[:2])
                ports.add(port)
        assert sorted(sent) == [0, 1, 2, 3]
        drawn = [tuple(ids[:8]) for ids in sent.values()]
        assert len(set(drawn)) == 4
        assert all(
            not set(a) & set(b) or len(set(a) & set(b)) < 2
            for a, b in itertools.combinations(drawn, 2)
        )
        assert len(ports) >= least_ports


def test_a_run_is_of_no_use_to_a_forked_child(good: faults.Faulty) -> None:
    found = lookup_cnames(
        (f"n{i}.golang.org" for i in itertools.count()), nameservers=[good.address], concurrency=10
    )
    next(found)
    process = os.fork()
    if process == 0:
        code = 1
        try:
            list(itertools.islice(found, 1000))
        except ArgumentError:
            code = 0
        finally:
            os._exit(code)
    assert os.waitpid(process, 0)[1] == 0
    assert len(list(itertools.islice(found, 100))) == 100


def _alias(question: bytes) -> bytes:
    """Answers that ``n7`` is an alias of ``t7`` in the same domain, which has an address."""
    domain = 13 + question[12]
    label = question[12:domain]
    target = bytes([label[0]]) + b"t" + label[2:] + (0xC000 | domain).to_bytes(2, "big")
    end = question.index(b"\0", 12) + 5
    at = (0xC000 | end + 12).to_bytes(2, "big")
    alias = b"\xc0\x0c\0\5\0\1\0\0\0\x3c" + len(target).to_bytes(2, "big") + target
    address = at + b"\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\1"
    head = question[:2] + b"\x85\0\0\1\0\2\0\0\0\0"
    return head + question[12:end] + alias + address


@pytest.mark.once
def test_no_answer_is_lost_where_packets_are() -> None:
    """Each name gets its own answer, though two packets of a hundred are dropped."""
    count = int(os.environ.get("CHECKSIG_LOOKUPS", "20000"))
    names = [f"n{i}.golang.org" for i in range(count)]
    with (
        faults.faulty(lambda question, reply: reply(_alias(question))) as server,
        faults.dropping(server.address, 0.02) as address,
    ):
        found = dict(lookup_cnames(names, nameservers=[address], timeout=PATIENT, engine="fast"))
    assert found == {name: f"t{name[1:]}." for name in names}


def test_bad_names_among_good_ones(good: faults.Faulty) -> None:
    names: list[str | bytes] = [
        "golang.org",
        "",
        "a b",
        "a\nb",
        "a\tb",
        "\ud800",
        b"\xff",
        "x" * 100_000,
        "b.org",
    ]
    found = dict(lookup_cnames(names, nameservers=[good.address]))
    assert found.keys() == set(names)
    assert {name for name, one in found.items() if isinstance(one, CnameResult)} == {
        "golang.org",
        "b.org",
    }
    assert all(isinstance(one, (CnameResult, DNSError)) for one in found.values())


def test_results_have_the_way_they_were_found(nameserver: str) -> None:
    [(name, found)] = lookup_cnames([b"deep.golang.org"], nameservers=[nameserver])
    assert name == b"deep.golang.org"
    assert found.chain == ("deep.golang.org.", "www.golang.org.", "golang.org.")
    assert found.server == nameserver


def test_a_server_that_leaves_is_noticed() -> None:
    with faults.faulty(faults.good) as server:
        address = server.address
    with pytest.raises(DNSError) as caught:
        lookup_cname("golang.org", nameservers=[address], timeout=PATIENT)
    assert type(caught.value) not in (Timeout, BadNameserver)
