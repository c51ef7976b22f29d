"""The verifier's main tests, through the bindings of the crate as it is."""

import base64
import errno
import gc
import hashlib
import os
import shutil
import threading
import time
import zlib
from pathlib import Path

import pytest

import rustbind

ROOT = Path(__file__).resolve().parents[3]
core = rustbind.load(ROOT / "crates" / "core")
Kind = core.VerdictKind
Event = core.Event_Outcome
CONTENT = b"some content\n"


def settle():
    """PyPy finds what others held only after these are gone."""
    for _ in range(5):
        gc.collect()


def digest_of(algorithm, content):
    if algorithm == "crc32":
        return f"{zlib.crc32(content):08x}"
    return hashlib.new(algorithm, content).hexdigest()


def line_of(name, content, algorithm="sha1"):
    return f"{digest_of(algorithm, content)}  {name}\n"


def goes_on(event):
    """An observer that never breaks off."""


def verify(root, source=None, observe=goes_on, cancel=None, **chosen):
    options = core.Options.default()
    for name, value in chosen.items():
        setattr(options, name, value)
    source = source or core.ManifestSource.Path(root / "sha1sum.txt")
    return core.verify(root, source, options, cancel or core.Cancel(), observe)


def of_text(root, text, name="list.txt", **chosen):
    data = text if isinstance(text, bytes) else text.encode()
    return verify(root, core.ManifestSource.Text(name, data), **chosen)


def found(report):
    return [(os.fsdecode(each.name), each.verdict.kind()) for each in report.outcomes()]


@pytest.fixture
def files(tmp_path):
    """A directory with three files."""
    (tmp_path / "d").mkdir()
    (tmp_path / "a").write_bytes(CONTENT)
    (tmp_path / "b").write_bytes(b"")
    (tmp_path / "d" / "c").write_bytes(b"c\n")
    return tmp_path


@pytest.fixture
def many(tmp_path):
    """A directory with two thousand files, and their manifest."""
    for number in range(2000):
        (tmp_path / f"{number:04}").write_bytes(b"%d" % number)
    names = sorted(path.name for path in tmp_path.iterdir())
    lines = [line_of(name, b"%d" % int(name)) for name in names]
    (tmp_path / "sha1sum.txt").write_text("".join(lines))
    return tmp_path


# Verdicts


def test_every_verdict(files):
    os.mkfifo(files / "pipe")
    text = "".join(
        [
            line_of("a", CONTENT),
            line_of("b", b"other"),
            line_of("none", b""),
            line_of("x" * 300, b""),
            line_of("../outside", b""),
            line_of("pipe", b""),
            "no digest at all\n",
        ]
    )
    report = of_text(files, text)
    verdicts = [outcome.verdict for outcome in report.outcomes()]
    assert [verdict.kind() for verdict in verdicts] == [
        Kind.Ok,
        Kind.Mismatch,
        Kind.Missing,
        Kind.Unreadable,
        Kind.Refused,
        Kind.Refused,
        Kind.Malformed,
    ]
    assert str(verdicts[1].actual()) == digest_of("sha1", b"")
    assert isinstance(verdicts[3], core.Verdict.Unreadable)
    assert isinstance(verdicts[3]._0, OSError)
    assert verdicts[3]._0.errno == errno.ENAMETOOLONG
    assert verdicts[4].reason() == "outside the directory"
    assert verdicts[5].reason() == "is a FIFO"
    assert isinstance(verdicts[6]._0, core.manifest.LineError)
    assert not report.ok()
    assert len(list(report.failures())) == 6
    assert len(report.message().split(b"\n")) == 6


def test_missing_files_may_be_ignored(files):
    text = line_of("a", CONTENT) + line_of("none", b"")
    assert not of_text(files, text).ok()
    report = of_text(files, text, ignore_missing=True)
    assert report.ok()
    skipped = list(report.outcomes())[1].verdict
    assert isinstance(skipped, core.Verdict.Skipped)
    assert isinstance(skipped._0, core.Skip.Missing)


def test_malformed_lines_may_be_tolerated(files):
    text = line_of("a", CONTENT) + "nonsense\n"
    assert not of_text(files, text).ok()
    assert of_text(files, text, lenient=True).ok()


def test_excluded_files_are_skipped(files):
    text = line_of("a", CONTENT) + line_of("b", b"wrong")
    report = of_text(files, text, exclude=core.Exclude(["b"]))
    assert (report.ok(), report.count(Kind.Skipped)) == (True, 1)


def test_a_file_that_changes_while_it_is_read(tmp_path):
    path = tmp_path / "growing"
    with path.open("wb") as sparse:
        sparse.truncate(8 << 20)
    stop = threading.Event()

    def keep_changing():
        while not stop.wait(0.002):
            with path.open("r+b") as file:
                file.write(b"\0")

    thread = threading.Thread(target=keep_changing)
    thread.start()
    try:
        kinds = set()
        for _ in range(100):
            kinds.add(found(of_text(tmp_path, line_of("growing", b"")))[0][1])
            if Kind.Changed in kinds:
                break
    finally:
        stop.set()
        thread.join()
    assert Kind.Changed in kinds


def test_collisions(tmp_path):
    shutil.copytree(ROOT / "tests" / "data" / "collisions", tmp_path, dirs_exist_ok=True)
    names = ["shattered-1", "shattered-2"]
    content = (tmp_path / names[0]).read_bytes()
    text = "".join(line_of(name, content) for name in names)
    assert of_text(tmp_path, text).ok()
    report = of_text(tmp_path, text, detect_collisions=True)
    assert [kind for _, kind in found(report)] == [Kind.Refused] * 2
    assert isinstance(next(report.outcomes()).verdict, core.Verdict.Collision)


# Formats


def in_base64(algorithm, content):
    digest = bytes.fromhex(digest_of(algorithm, content))
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def hashdeep(content):
    digests = ",".join(digest_of(name, content) for name in ("md5", "sha256", "sha1"))
    head = "%%%% HASHDEEP-1.0\n%%%% size,md5,sha256,sha1,filename\n## Invoked from: /\n##\n"
    return f"{head}{len(content)},{digests},a\n"


FORMATS = {
    "gnu": ("list.txt", lambda content: line_of("a", content, "sha256")),
    "bsd": ("list.txt", lambda content: f"SHA256 (a) = {digest_of('sha256', content)}\n"),
    "sfv": ("list.sfv", lambda content: f"; a comment\na {digest_of('crc32', content)}\n"),
    "hashdeep": ("list.txt", hashdeep),
    "bagit": ("manifest-sha512.txt", lambda content: line_of("a", content, "sha512")),
    "record": (
        "RECORD",
        lambda content: f"a,sha256={in_base64('sha256', content)},{len(content)}\n",
    ),
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format(files, name):
    file, text_of = FORMATS[name]
    assert found(of_text(files, text_of(CONTENT), name=file)) == [("a", Kind.Ok)]
    assert found(of_text(files, text_of(b"Some content\n"), name=file)) == [("a", Kind.Mismatch)]
    forced = core.manifest.Format.from_name(name)
    assert of_text(files, text_of(CONTENT), name="other", format=forced).ok()


def test_what_is_parsed_is_written_again(files):
    options = core.manifest.Options()
    manifest = core.manifest.parse(line_of("a b", CONTENT).encode() + b"nonsense\n", options)
    good, bad = (line.content for line in manifest.lines)
    assert isinstance(good, core.manifest.Entry)
    assert isinstance(bad, core.manifest.LineError)
    text = core.manifest.write(core.manifest.Format.Bsd, [good], False)
    assert text.startswith(b"SHA1 (")
    assert core.manifest.parse(text, options).lines[0].content == good


def test_lines_that_end_with_nul(files):
    text = line_of("a", CONTENT).replace("\n", "\0")
    assert of_text(files, text, zero=True).ok()


# Audits and containment


def test_an_audit(files):
    manifest = files / "sha1sum.txt"
    manifest.write_text(line_of("a", CONTENT) + line_of("./d//c", b"c\n"))
    assert verify(files).ok()
    report = verify(files, audit=True)
    assert not report.ok()
    assert [extra.name for extra in report.extra()] == [b"b"]
    assert report.message() == b'"%s/b" - not listed' % os.fsencode(files)
    assert verify(files, audit=True, exclude=core.Exclude(["b"])).ok()
    with manifest.open("a") as more:
        more.write(line_of("b", b""))
    assert verify(files, audit=True).ok()


@pytest.mark.parametrize("name", ["../outside", "d/../../outside", "relative", "parent/outside"])
def test_names_that_lead_out(tmp_path, name):
    root = tmp_path / "root"
    (root / "d").mkdir(parents=True)
    (tmp_path / "outside").write_bytes(CONTENT)
    (root / "relative").symlink_to("../outside")
    (root / "parent").symlink_to("..")
    text = line_of(name, CONTENT)
    report = of_text(root, text)
    assert found(report) == [(name, Kind.Refused)]
    assert next(report.outcomes()).verdict.reason() == "outside the directory"
    assert of_text(root, text, allow_outside=True).ok()


# Runs


def test_what_an_observer_is_told(many):
    done, progress, names = [], [], set()
    total = sum(path.stat().st_size for path in many.iterdir() if path.name != "sha1sum.txt")

    def observe(event):
        if isinstance(event, Event.Done):
            # Progress comes about every tenth of a second.
            time.sleep(0.2 if not done else 0)
            done.append(event._0)
            names.add(event._1.name)
            assert event._1.verdict.kind() is Kind.Ok
        else:
            now = event._0
            progress.append((now.files, now.bytes_))
            assert isinstance(now.current, bytes)
            assert (now.files_total, now.bytes_total) == (2000, total)

    report = verify(many, observe=observe, measure=True)
    assert report.ok()
    assert sorted(done) == list(range(2000))
    assert len(names) == 2000
    assert progress == sorted(progress)
    assert progress
    assert progress[-1] <= (2000, total)


def test_an_observer_breaks_off(many):
    seen = []

    def observe(event):
        seen.append(event)
        return core.Break()

    report = verify(many, observe=observe)
    assert report.cancelled()
    assert not report.ok()
    assert b"cancelled" in report.message()
    assert len(seen) == 1


def test_an_observer_raises(many):
    class OwnError(Exception):
        pass

    seen = []

    def observe(event):
        seen.append(event)
        raise OwnError("enough")

    with pytest.raises(OwnError, match="enough") as caught:
        verify(many, observe=observe)
    assert caught.traceback[-1].name == "observe"
    assert len(seen) == 1


def test_an_observer_cancels(many):
    cancel = core.Cancel()

    def observe(event):
        cancel.request()

    report = verify(many, observe=observe, cancel=cancel)
    assert report.cancelled()
    assert cancel.is_requested()
    assert len(list(report.outcomes())) < 2000


def test_cancelled_before_it_begins(many):
    cancel = core.Cancel()
    cancel.request()
    assert verify(many, cancel=cancel).cancelled()


def test_an_observer_cannot_keep_what_it_is_told(many):
    kept = []

    def observe(event):
        kept.append((event, *(getattr(event, name) for name in type(event).__match_args__)))
        return core.Break() if len(kept) > 3 else None

    verify(many, observe=observe)
    for event, *parts in kept:
        with pytest.raises(core.HandleError, match="lent for one call"):
            repr(event)
        for part in parts:
            if not isinstance(part, int):
                with pytest.raises(core.HandleError, match="lent for one call"):
                    repr(part)
    del event, part, parts
    kept.clear()
    settle()


def test_what_is_created_is_verified(files):
    manifest = files / "sha256sum.txt"
    options = core.CreateOptions(
        core.Algorithm.Sha256,
        core.manifest.Format.Gnu,
        False,
        False,
        core.Exclude(["b"]),
        None,
        False,
    )
    told = []
    report = core.create(files, manifest, options, core.Cancel(), lambda event: told.append(1))
    assert report.ok()
    assert len(told) >= 2
    assert manifest.read_text() == "".join(
        f"{digest_of('sha256', content)}  {name}\n"
        for name, content in (("a", CONTENT), ("d/c", b"c\n"))
    )
    source = core.ManifestSource.Path(manifest)
    assert verify(files, source).ok()
    (files / "a").write_bytes(b"changed")
    assert found(verify(files, source)) == [("a", Kind.Mismatch), ("d/c", Kind.Ok)]


def test_what_is_broken_off_creates_nothing(files):
    manifest = files / "sha1sum.txt"
    options = core.CreateOptions(
        core.Algorithm.Sha1, core.manifest.Format.Gnu, False, False, core.Exclude([]), None, False
    )
    report = core.create(files, manifest, options, core.Cancel(), lambda event: core.Break())
    assert report.cancelled()
    assert not manifest.exists()


def test_an_observer_has_the_right_type():
    with pytest.raises(TypeError, match="argument 'observe': expected a function, got int"):
        core.verify(".", core.ManifestSource.Usual(), core.Options.default(), core.Cancel(), 1)


def test_a_wrong_answer_ends_the_run(many):
    with pytest.raises(TypeError, match=r"expected None, got bool; Break\(\) ends"):
        verify(many, observe=lambda event: False)


def test_nothing_is_left():
    settle()
    assert core.__live_handles__() == 0
