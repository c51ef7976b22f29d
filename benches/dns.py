"""Canonical names: checksig against other resolvers, at the same server in one run.

20,000 names, each an alias of a name with an address, from NSD or Knot on this machine. Every
contender looks all of them up, in rotating order; medians of five rounds. Needs NSD or Knot;
peers that are not installed are left out: aiodns and dnspython from PyPI, massdns.
Writes ``docs/benchmarks/dns.md`` and ``docs/benchmarks/dns.svg``.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import os
import platform
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from checksig import dns

from .native import build_canonical

ROOT = Path(__file__).resolve().parents[1]
# The name servers are started as the tests start them.
sys.path.append(str(ROOT / "tests" / "python"))

import dns_daemons  # noqa: E402

COUNT = 20_000
ROUNDS = 5
SINGLE = 300
ZONE = "bench.test."
NAMES = [f"n{i}.bench.test" for i in range(COUNT)]

Contender = Callable[[str], None]


def zone() -> str:
    """The zone's text."""
    head = f"$ORIGIN {ZONE}\n$TTL 60\n@ SOA ns h 1 60 60 60 60\n@ NS ns\n@ A 192.0.2.1\n"
    lines = [f"n{i} CNAME t{i}\nt{i} A 192.0.2.2\n" for i in range(COUNT)]
    return head + "ns A 192.0.2.1\n" + "".join(lines)


def by_checksig(server: str) -> None:
    """This library's fast path."""
    found = 0
    for _name, one in dns.lookup_cnames(NAMES, nameservers=[server], engine="fast"):
        found += isinstance(one, dns.CnameResult)
    assert found == COUNT, found


def by_resolver(server: str) -> None:
    """This library's resolver: a socket for each question."""
    found = dns.lookup_cnames(NAMES, nameservers=[server], engine="resolver")
    assert all(isinstance(one, dns.CnameResult) for _name, one in found)


def by_aiodns(server: str) -> None:
    """c-ares below asyncio, 100 at a time, which suits it best."""
    import asyncio

    aiodns = importlib.import_module("aiodns")

    async def all_names() -> int:
        resolver = aiodns.DNSResolver(nameservers=[server], timeout=5, tries=3)
        limit = asyncio.Semaphore(100)

        async def one(name: str) -> bool:
            async with limit:
                return bool(await resolver.query_dns(name, "A"))

        return sum(await asyncio.gather(*map(one, NAMES)))

    assert asyncio.run(all_names()) == COUNT


def by_dnspython(server: str) -> None:
    """Its stub resolver in 16 threads."""
    from concurrent.futures import ThreadPoolExecutor

    resolvers = importlib.import_module("dns.resolver")

    host, port = server.rsplit(":", 1)
    resolver = resolvers.Resolver(configure=False)
    resolver.nameservers, resolver.port = [host], int(port)
    with ThreadPoolExecutor(16) as pool:
        found = pool.map(lambda name: resolver.resolve(name, "A").canonical_name, NAMES)
        assert sum(1 for _ in found) == COUNT


def by_massdns(server: str, names: Path) -> None:
    """One process, with as many names in flight as this library has."""
    servers = names.with_name("servers")
    servers.write_text(server + "\n")
    command = ["massdns", "-q", "-r", str(servers), "-t", "A", "-o", "S", "-s", "2000"]
    done = subprocess.run([*command, str(names)], check=True, stdout=subprocess.PIPE)
    assert done.stdout.count(b" CNAME ") == COUNT


def by_c_program(server: str, names: Path, program: Path) -> None:
    """This library's fast path, from a C program: nothing of Python is in it."""
    command = [str(program), server, str(names)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    assert int(done.stdout) == COUNT


def contenders(directory: Path) -> dict[str, Contender]:
    """Those that this machine has; what they need is put into the directory."""
    names = directory / "names"
    names.write_text("\n".join(NAMES) + "\n")
    program = build_canonical(directory)
    found: dict[str, Contender] = {
        "checksig fast": by_checksig,
        "checksig fast, from C": partial(by_c_program, names=names, program=program),
        "checksig resolver": by_resolver,
    }
    if importlib.util.find_spec("aiodns"):
        found["aiodns"] = by_aiodns
    if importlib.util.find_spec("dns"):
        found["dnspython"] = by_dnspython
    if shutil.which("massdns"):
        found["massdns"] = partial(by_massdns, names=names)
    return found


def measure(runs: Mapping[str, Contender], server: str) -> dict[str, list[float]]:
    """Names a second, round by round."""
    rates: dict[str, list[float]] = {name: [] for name in runs}
    names = list(runs)
    for round_ in range(ROUNDS):
        shift = round_ % len(names)
        for name in names[shift:] + names[:shift]:
            start = time.perf_counter()
            runs[name](server)
            rates[name].append(COUNT / (time.perf_counter() - start))
    return rates


def measure_single(name: str) -> dict[str, float]:
    """Medians for one name in seconds: this library's, and the C library's."""
    times: dict[str, list[float]] = {"checksig": [], "getaddrinfo": []}
    for _ in range(SINGLE):
        start = time.perf_counter()
        dns.lookup_cname(name)
        middle = time.perf_counter()
        socket.getaddrinfo(name, None, socket.AF_INET, socket.SOCK_STREAM)
        times["checksig"].append(middle - start)
        times["getaddrinfo"].append(time.perf_counter() - middle)
    return {who: statistics.median(took) for who, took in times.items()}


def measure_asked() -> dict[str, float] | None:
    """:func:`measure_single` of a name that a server is asked for; needs root and Linux.

    The C library asks port 53 of the servers in ``/etc/resolv.conf`` alone, so this takes a
    network and a view of the files of its own.
    """
    if os.geteuid() != 0 or not all(map(shutil.which, ("unshare", "ip", "mount", "nsd"))):
        return None
    command = ["unshare", "--net", "--mount", sys.executable, "-m", "benches.dns", "--asked"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=ROOT)
    return dict(json.loads(done.stdout))


def ask_own_server() -> None:
    """Prints :func:`measure_single` of a name of the zone, within a network of its own."""
    with tempfile.NamedTemporaryFile("w") as configuration, tempfile.NamedTemporaryFile() as hosts:
        configuration.write("nameserver 127.0.0.1\n")
        configuration.flush()
        hosts.write(b"127.0.0.1\tlocalhost\n::1\tlocalhost\n")
        hosts.flush()
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        for ours, system in ((configuration, "/etc/resolv.conf"), (hosts, "/etc/hosts")):
            subprocess.run(["mount", "--bind", ours.name, system], check=True)
        with dns_daemons.nsd({ZONE: zone()}, port=53):
            print(json.dumps(measure_single(NAMES[0])))


def table(rates: dict[str, list[float]]) -> str:
    """The results as Markdown."""
    ours = statistics.median(rates["checksig fast"])
    lines = ["| resolver | names a second (median) | lowest to highest | checksig fast is |"]
    lines.append("| --- | ---: | ---: | ---: |")
    for name, values in sorted(rates.items(), key=lambda item: -statistics.median(item[1])):
        median = statistics.median(values)
        spread = f"{min(values):,.0f} to {max(values):,.0f}"
        lines.append(f"| {name} | {median:,.0f} | {spread} | {ours / median:.1f} times |")
    return "\n".join(lines)


def plot(rates: dict[str, list[float]]) -> str:
    """The medians as bars."""
    rows = sorted(rates.items(), key=lambda item: -statistics.median(item[1]))
    most = statistics.median(rows[0][1])
    bars = []
    for place, (name, values) in enumerate(rows):
        median, y = statistics.median(values), 10 + 30 * place
        bars.append(f'<text x="140" y="{y + 15}" text-anchor="end">{name}</text>')
        bars.append(f'<rect x="150" y="{y}" width="{400 * median / most:.0f}" height="20"/>')
        x = 156 + 400 * median / most
        bars.append(f'<text x="{x:.0f}" y="{y + 15}">{median:,.0f}/s</text>')
    style = "text{font:13px sans-serif}rect{fill:#4a7ab5}"
    height = 20 + 30 * len(rows)
    size = f'width="660" height="{height}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size}><style>{style}</style>'
    return "\n".join([head, *bars, "</svg>\n"])


def compare(which: str, times: dict[str, float]) -> str:
    """A line about one name."""
    ours, theirs = times["checksig"], times["getaddrinfo"]
    return (
        f"- One name {which}: {ours * 1e6:.0f} µs, {ours / theirs:.2f} times "
        f"`socket.getaddrinfo` ({theirs * 1e6:.0f} µs)."
    )


def main() -> None:
    """Does what the command line says."""
    parser = argparse.ArgumentParser(description="Compare checksig with other resolvers.")
    asked_alone = "print how long one name takes, in a network and with system files of its own"
    parser.add_argument("--asked", action="store_true", help=asked_alone)
    if parser.parse_args().asked:
        ask_own_server()
    else:
        compare_all()


def compare_all() -> None:
    """Measures, prints, and writes the document and the plot."""
    has_nsd = dns_daemons.program_path("nsd") is not None
    start = dns_daemons.nsd if has_nsd else dns_daemons.knot
    with start({ZONE: zone()}) as server, tempfile.TemporaryDirectory() as directory:
        rates = measure(contenders(Path(directory)), server)
    conditions = (
        f"{COUNT:,} names, each an alias of a name with an address, from "
        f"{'NSD' if has_nsd else 'Knot'} on the same machine ({os.cpu_count()} processors, "
        f"Python {platform.python_version()}), medians of {ROUNDS} rounds in one run."
    )
    single = [compare("of the hosts file", measure_single("localhost"))]
    asked = measure_asked()
    if asked is not None:
        single.append(compare("that a server is asked for", asked))
    text = f"{conditions}\n\n{table(rates)}\n\n{chr(10).join(single)}\n"
    print(text)
    target = ROOT / "docs" / "benchmarks"
    target.mkdir(exist_ok=True)
    (target / "dns.md").write_text(f"# Canonical names\n\n{text}\n![names a second](dns.svg)\n")
    (target / "dns.svg").write_text(plot(rates))


if __name__ == "__main__":
    main()
