"""This project's own crates, bound as they are: the verifier, and canonical names."""

import datetime
import hashlib
import os
import threading
from pathlib import Path

import pytest
from dnslib.server import DNSLogger, DNSServer
from dnslib.zoneresolver import ZoneResolver

import rustbind

CRATES = Path(__file__).resolve().parents[3] / "crates"
core = rustbind.load(CRATES / "core")
dns = rustbind.load(CRATES / "dns")
Kind = core.VerdictKind


def sha1(data):
    return hashlib.sha1(data).hexdigest()


@pytest.fixture
def root(tmp_path):
    """A directory with two files and their manifest."""
    (tmp_path / "one").write_bytes(b"one")
    (tmp_path / "two").write_bytes(b"two")
    lines = [f"{sha1(name.encode())}  {name}\n" for name in ("one", "two")]
    (tmp_path / "sha1sum.txt").write_text("".join(lines))
    return tmp_path


def add_line(root, line):
    with (root / "sha1sum.txt").open("a") as file:
        file.write(line + "\n")


def kinds(report):
    return [outcome.verdict.kind() for outcome in report.outcomes()]


def test_good(root):
    report = core.verify_signature(root)
    assert report.ok()
    assert not report.cancelled()
    assert kinds(report) == [Kind.Ok, Kind.Ok]
    assert [outcome.name for outcome in report.outcomes()] == [b"one", b"two"]
    assert (report.count(Kind.Ok), report.bytes_()) == (2, 6)
    assert report.manifest() == os.fsencode(root / "sha1sum.txt")
    assert report.message() is None
    assert list(report.failures()) == []


def test_mismatch(root):
    (root / "two").write_bytes(b"other")
    report = core.verify_signature(root)
    assert not report.ok()
    (failure,) = report.failures()
    assert (failure.name, failure.verdict.kind()) == (b"two", Kind.Mismatch)
    actual = failure.verdict.actual()
    assert str(actual) == sha1(b"other")
    assert actual.algorithm() is core.Algorithm.Sha1
    assert b"two" in report.message()


def test_missing(root):
    (root / "one").unlink()
    report = core.verify_signature(root)
    assert kinds(report) == [Kind.Missing, Kind.Ok]
    assert isinstance(next(report.outcomes()).verdict, core.Verdict.Missing)


def test_refused(root):
    (root / "link").symlink_to("/etc/hostname")
    add_line(root, f"{sha1(b'')}  ../outside")
    add_line(root, f"{sha1(b'')}  link")
    os.mkfifo(root / "pipe")
    add_line(root, f"{sha1(b'')}  pipe")
    report = core.verify_signature(root)
    assert kinds(report)[2:] == [Kind.Refused] * 3
    assert all(outcome.verdict.reason() for outcome in report.failures())


def test_malformed(root):
    add_line(root, "no digest at all")
    report = core.verify_signature(root)
    (failure,) = report.failures()
    assert (failure.line, failure.verdict.kind()) == (3, Kind.Malformed)
    assert isinstance(failure.verdict, core.Verdict.Malformed)


def test_no_manifest(root):
    (root / "sha1sum.txt").unlink()
    with pytest.raises(core.Error) as caught:
        core.verify_signature(root)
    assert b"sha1sum.txt" in caught.value.message()
    assert isinstance(caught.value.kind(), core.ErrorKind)
    with pytest.raises(core.Error):
        core.verify_signature(root / "nowhere")


def test_many_files_from_many_threads(root):
    for number in range(200):
        (root / f"file{number}").write_bytes(bytes([number]))
        add_line(root, f"{sha1(bytes([number]))}  file{number}")
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(core.verify_signature(root).ok()))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 4


@pytest.mark.parametrize("name", ["md5", "sha1", "sha256", "sha512", "sha3-256", "blake2b"])
def test_digests(tmp_path, name):
    data = bytes(range(256)) * 1000
    (tmp_path / "file").write_bytes(data)
    algorithm = core.Algorithm.from_name(name)
    digest = core.hash_file(tmp_path / "file", algorithm, core.Cancel())
    assert (
        str(digest)
        == hashlib.new(name.replace("-", "_").replace("blake2b", "blake2b512"), data).hexdigest()
    )
    hasher = core.Hasher(algorithm)
    for at in range(0, len(data), 1000):
        hasher.update(data[at : at + 1000])
    assert hasher.finish() == digest
    with pytest.raises(core.HandleError):
        hasher.update(b"")


def test_manifests(root):
    options = core.manifest.Options()
    manifest = core.manifest.parse((root / "sha1sum.txt").read_bytes(), options)
    assert manifest.format is core.manifest.Format.Gnu
    assert [line.number for line in manifest.lines] == [1, 2]
    assert core.manifest.Format.from_name("bsd") is core.manifest.Format.Bsd


def test_globs():
    exclude = core.Exclude(["*.tmp", "build/**"])
    assert exclude.matches(b"a.tmp")
    assert not exclude.matches(b"a.txt")
    with pytest.raises(core.GlobError):
        core.Exclude(["["])


def test_cancelling_from_another_thread():
    cancel = core.Cancel()
    thread = threading.Thread(target=cancel.request)
    thread.start()
    thread.join()
    assert cancel.is_requested()


ZONE = """\
$TTL 60
$ORIGIN golang.org.
@ IN SOA ns hostmaster 1 60 60 60 60
@ IN NS ns
ns IN A 192.0.2.53
@ IN A 192.0.2.1
www IN CNAME golang.org.
deep IN CNAME www
text IN TXT "no address here"
one.loop IN CNAME two.loop
two.loop IN CNAME one.loop
"""


@pytest.fixture(scope="module")
def server():
    """A name server on loopback, as a look-up takes it."""
    quiet = DNSLogger(logf=lambda _line: None)
    started = DNSServer(ZoneResolver(ZONE), address="127.0.0.1", port=0, logger=quiet)
    started.start_thread()
    yield started.server.server_address[:2]
    started.stop()
    started.server.server_close()


@pytest.fixture
def options(server):
    found = dns.Options.default()
    found.nameservers = [server]
    found.hosts = None
    return found


def test_a_name_with_aliases(options, server):
    found = dns.lookup_cname(b"deep.golang.org", options)
    assert found.name() == "golang.org."
    assert found.chain == ["deep.golang.org.", "www.golang.org.", "golang.org."]
    assert (found.server, found.authenticated) == (server, False)


def test_names_without_an_address(options):
    with pytest.raises(dns.Error, match=r"golang\.org") as caught:
        dns.lookup_cname(b"nowhere.golang.org", options)
    assert isinstance(caught.value.kind, dns.ErrorKind.NxDomain)
    with pytest.raises(dns.Error) as caught:
        dns.lookup_cname(b"one.loop.golang.org", options)
    assert isinstance(caught.value.kind, dns.ErrorKind.CnameLoop)


def test_addresses_of_servers():
    assert dns.parse_nameservers("127.0.0.1:53,::1") == [("127.0.0.1", 53), ("::1", 53)]
    with pytest.raises(dns.Error):
        dns.parse_nameservers("not a server")


def test_many_names(options):
    bulk = dns.Bulk(options)
    names = ["golang.org", "www.golang.org", "nowhere.golang.org", "deep.golang.org"]
    for number, name in enumerate(names):
        bulk.push(number, name.encode())
    found = {}
    while bulk.in_flight():
        found.update(bulk.step(datetime.timedelta(seconds=5)))
    assert [found[number].name() for number in (0, 1, 3)] == ["golang.org."] * 3
    assert isinstance(found[2], dns.Error)
    assert isinstance(found[2].kind, dns.ErrorKind.NxDomain)
    assert "nowhere.golang.org" in str(found[2])
