"""What the tests share: where things are, the tools they need, a DNS server."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from typing import Generator, Iterator

import pytest

from checksig._native import library

ROOT = Path(__file__).resolve().parents[2]

#: Set where every tool must be there, as in CI: a skipped test then fails.
FORBID_SKIPS = "CHECKSIG_FORBID_SKIPS"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turns a skip into a failure where skips are forbidden."""
    report = yield
    if report.skipped and os.environ.get(FORBID_SKIPS):
        reason = call.excinfo.value if call.excinfo else "no reason"
        report.outcome = "failed"
        report.longrepr = f"skipped, while {FORBID_SKIPS} is set: {reason}"
    return report


def need(*names: str) -> str:
    """The path of the first of these programs that is installed; skips without one."""
    for name in names:
        path = shutil.which(name)
        if path is not None:
            return path
    pytest.skip(f"needs {' or '.join(names)}")


@pytest.fixture(scope="session")
def library_path() -> Path:
    """The shared library of the installed package."""
    return library.library_path()


@pytest.fixture(scope="session")
def header() -> Path:
    """The header of the installed package."""
    return library.include_dir() / "checksig.h"


@pytest.fixture(scope="session")
def logs() -> Path:
    """Ten web-server logs; the manifest's digest of ``httpd-08.log`` is wrong."""
    return ROOT / "tests" / "data" / "logs"


@pytest.fixture
def colliding(tmp_path: Path) -> Path:
    """A directory of different files with the same SHA-1 digest, and a file ``plain``.

    Its manifest ``sha1sum.txt`` is right.
    """
    root = tmp_path / "colliding"
    root.mkdir()
    for source in (ROOT / "tests" / "data" / "collisions").glob("sha*-[12]"):
        (root / source.name).write_bytes(source.read_bytes())
    (root / "plain").write_bytes(b"plain")
    lines = [
        f"{hashlib.sha1(path.read_bytes()).hexdigest()}  {path.name}\n"
        for path in sorted(root.iterdir())
    ]
    (root / "sha1sum.txt").write_text("".join(lines))
    return root


@pytest.fixture(scope="session")
def nameserver() -> Iterator[str]:
    """The address of a DNS server on loopback, which has the zone of ``dns_server``."""
    from dns_server import serve

    with serve() as address:
        yield address


@pytest.fixture
def system_nameserver(nameserver: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Makes the loopback server the one that look-ups ask by default."""
    monkeypatch.setenv("CHECKSIG_NAMESERVERS", nameserver)
    return nameserver
