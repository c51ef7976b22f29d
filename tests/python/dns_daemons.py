"""Debian's name servers on loopback: started, ready when they answer, and stopped."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Optional

import pytest
from dnslib import DNSRecord

#: Longer than any of them takes to start on a busy machine, in seconds.
_PATIENCE = 60


def free_port() -> int:
    """A port of 127.0.0.1 that nobody has now, for UDP and for TCP."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.bind(("127.0.0.1", 0))
            port: int = udp.getsockname()[1]
            with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp:
                try:
                    tcp.bind(("127.0.0.1", port))
                except OSError:
                    continue
                return port


def ask(address: str, name: str, kind: str = "A", timeout: float = 1.0) -> DNSRecord:
    """What a server answers."""
    host, port = address.rsplit(":", 1)
    return DNSRecord.parse(DNSRecord.question(name, kind).send(host, int(port), timeout=timeout))


def need(*programs: str) -> None:
    """Skips a test where one of these programs is not installed."""
    for program in programs:
        if program_path(program) is None:
            pytest.skip(f"needs {program}")


def program_path(program: str) -> Optional[str]:
    """Where a daemon is; some users' paths lack its directory."""
    return shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin")


@contextmanager
def _running(command: Sequence[str], directory: Path, address: str, name: str) -> Iterator[str]:
    """Runs a daemon in the foreground; gives its address once it answers for a name."""
    log = directory / "log"
    path = program_path(command[0])
    assert path is not None
    with log.open("wb") as output:
        process = subprocess.Popen([path, *command[1:]], stdout=output, stderr=output)
    try:
        end = time.monotonic() + _PATIENCE
        while True:
            try:
                ask(address, name)
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError(f"{command[0]}: {log.read_text()}") from None
                time.sleep(0.02)
        yield address
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def knot(
    zones: Mapping[str, Optional[str]], signed: Sequence[str] = (), workers: int = 1
) -> Iterator[str]:
    """Knot with these zones' texts; it has to fail for one that is ``None``."""
    with tempfile.TemporaryDirectory(prefix="checksig-knot-") as made:
        directory, port = Path(made), free_port()
        config = f"""
server:
    rundir: {directory}
    listen: [127.0.0.1@{port}, ::1@{port}]
    udp-workers: {workers}
    tcp-workers: 1
    background-workers: 1
log:
  - target: stderr
    any: warning
database:
    storage: {directory}
policy:
  - id: signed
    algorithm: ecdsap256sha256
    single-type-signing: on
template:
  - id: default
    storage: {directory}
    zonefile-sync: -1
    zonefile-load: whole
zone:
"""
        for zone, text in zones.items():
            config += f"  - domain: {zone}\n    file: {zone}zone\n"
            if zone in signed:
                config += "    dnssec-signing: on\n    dnssec-policy: signed\n"
            if text is not None:
                (directory / f"{zone}zone").write_text(text)
        (directory / "knot.conf").write_text(config)
        command = ["knotd", "--config", str(directory / "knot.conf")]
        with _running(command, directory, f"127.0.0.1:{port}", next(iter(zones))) as address:
            yield address


@contextmanager
def nsd(zones: Mapping[str, str], port: Optional[int] = None) -> Iterator[str]:
    """NSD with these zones' texts and one process that answers."""
    with tempfile.TemporaryDirectory(prefix="checksig-nsd-") as made:
        directory, port = Path(made), port or free_port()
        config = f"""
server:
    ip-address: 127.0.0.1@{port}
    server-count: 1
    username: ""
    zonesdir: {directory}
    database: ""
    pidfile: {directory}/pid
    xfrdfile: {directory}/xfrd
    xfrdir: {directory}
    zonelistfile: {directory}/zones
    rrl-ratelimit: 0
remote-control:
    control-enable: no
"""
        for zone, text in zones.items():
            config += f"zone:\n    name: {zone}\n    zonefile: {zone}zone\n"
            (directory / f"{zone}zone").write_text(text)
        (directory / "nsd.conf").write_text(config)
        command = ["nsd", "-d", "-c", str(directory / "nsd.conf")]
        with _running(command, directory, f"127.0.0.1:{port}", next(iter(zones))) as address:
            yield address


@contextmanager
def unbound(
    forward: Mapping[str, str], anchors: Sequence[str] = (), more: str = ""
) -> Iterator[str]:
    """Unbound, which asks these servers for their zones and validates from these keys."""
    with tempfile.TemporaryDirectory(prefix="checksig-unbound-") as made:
        directory, port = Path(made), free_port()
        config = f"""
server:
    interface: 127.0.0.1@{port}
    do-daemonize: no
    chroot: ""
    username: ""
    pidfile: ""
    directory: {directory}
    use-syslog: no
    do-not-query-localhost: no
    num-threads: 1
    root-hints: ""
    so-rcvbuf: 0
"""
        config += "".join(f"    trust-anchor: '{anchor}'\n" for anchor in anchors) + more
        config += "remote-control:\n    control-enable: no\n"
        for zone, address in forward.items():
            config += f"stub-zone:\n    name: {zone}\n    stub-addr: {address.replace(':', '@')}\n"
        (directory / "unbound.conf").write_text(config)
        command = ["unbound", "-d", "-p", "-c", str(directory / "unbound.conf")]
        name = next(iter(forward))
        with _running(command, directory, f"127.0.0.1:{port}", name) as address:
            yield address
