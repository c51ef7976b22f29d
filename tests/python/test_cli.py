"""The command line, seen from outside: through pipes, and through a terminal."""

from __future__ import annotations

import hashlib
import json
import os
import pty
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, Optional

import pytest

from checksig import Verdict, verify
from checksig.checksig import text_of
from checksig.cli.names import escaped

TIMEOUT = 60
COMMAND = [sys.executable, "-m", "checksig"]
COMMANDS = ["verify", "create", "update", "audit", "diff", "hash", "compat"]
HOSTILE = "a: OK\nb\x1b[2J\u202e\\"


class Done(NamedTuple):
    """What a run did."""

    code: int
    out: str
    err: str


def checksig(
    *arguments: object,
    cwd: Path,
    stdin: bytes = b"",
    environment: Optional[dict[str, str]] = None,
) -> Done:
    """Runs the command line through pipes."""
    result = subprocess.run(
        [*COMMAND, *map(os.fspath, map(_text, arguments))],
        cwd=cwd,
        input=stdin,
        capture_output=True,
        env={**os.environ, **(environment or {})},
        timeout=TIMEOUT,
    )
    return Done(result.returncode, os.fsdecode(result.stdout), os.fsdecode(result.stderr))


#: What is imported later is imported before, in case that it is root's alone.
STRANGER = """if True:
    import concurrent.futures.thread, difflib, json, os, sys
    from checksig.cli import commands, main

    if os.geteuid() == 0:
        os.setuid(65534)
    sys.exit(main(sys.argv[1:]))
"""


def as_stranger(*arguments: object, cwd: Path) -> Done:
    """Runs the command line as somebody whom the modes of files stop."""
    command = [sys.executable, "-c", STRANGER, *map(_text, arguments)]
    result = subprocess.run(command, cwd=cwd, capture_output=True, timeout=TIMEOUT)
    return Done(result.returncode, os.fsdecode(result.stdout), os.fsdecode(result.stderr))


def _text(argument: object) -> str:
    return os.fsdecode(argument) if isinstance(argument, (bytes, Path)) else str(argument)


def on_terminal(*arguments: object, cwd: Path, **environment: str) -> tuple[int, str]:
    """Runs it on a terminal of its own; the exit code and all that was shown."""
    controller, terminal = pty.openpty()
    with subprocess.Popen(
        [*COMMAND, *map(_text, arguments)],
        cwd=cwd,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100", **environment},
    ) as process:
        os.close(terminal)
        shown = read_to_the_end(controller)
        os.close(controller)
        return process.wait(TIMEOUT), os.fsdecode(shown).replace("\r\n", "\n")


def read_to_the_end(controller: int) -> bytes:
    shown = b""
    while True:
        try:
            part = os.read(controller, 65536)
        except OSError:  # nobody has the terminal open any more
            return shown
        if not part:
            return shown
        shown += part


def plain(shown: str) -> str:
    """What a terminal shows, without colours and cursor movements."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)


def objects(done: Done) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.out.splitlines()]


def write(directory: Path, **files: str) -> Path:
    for name, text in files.items():
        (directory / name).write_text(text, encoding="utf-8")
    return directory


def line(name: str, text: str, algorithm: str = "sha1") -> str:
    return f"{hashlib.new(algorithm, text.encode()).hexdigest()}  {name}\n"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Two good files and their manifest, in a directory of its own."""
    root = tmp_path / "tree"
    root.mkdir()
    write(root, a="alpha", b="beta")
    (root / "sha1sum.txt").write_text(line("a", "alpha") + line("b", "beta"), encoding="utf-8")
    return root


@pytest.fixture
def public() -> Iterator[Path]:
    """A directory that everybody may enter and write to."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        root.chmod(0o777)
        yield root
        for directory in root.rglob("*/"):
            directory.chmod(0o700)


# The whole


@pytest.mark.parametrize("command", [[], *([command] for command in COMMANDS)])
def test_help(command: list[str], tmp_path: Path) -> None:
    arguments = [*command, "--help"] if command != ["compat"] else ["compat", "--help"]
    done = checksig(*arguments, cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"Usage: checksig {' '.join(command)}")


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"], ["--nonsense"], ["verify", "--nonsense"], ["verify", "a", "b"],
        ["verify", "-j", "0"], ["verify", "-a", "sha0"], ["verify", "--format", "x"],
        ["create", "-m", "-", "--output", "jsonl"], ["hash"], ["diff", "a"], ["diff", "-", "-"],
        ["compat"], ["compat", "sum"], ["--library", "--include-dir"], ["--library", "verify"],
        ["verify", "--color", "perhaps"], ["hash", "-a", "auto"],
    ],
)  # fmt: skip
def test_wrong_usage(arguments: list[str], tmp_path: Path) -> None:
    done = checksig(*arguments, cwd=tmp_path)
    assert (done.code, done.out) == (2, "")
    assert re.fullmatch(r"checksig: [^\n]+; try 'checksig[a-z ]* --help'\n", done.err)


def test_without_a_command_it_shows_them(tmp_path: Path) -> None:
    done, help_text = checksig(cwd=tmp_path), checksig("--help", cwd=tmp_path).out
    assert done == Done(2, "", help_text)


def test_where_things_are(tmp_path: Path, header: Path, library_path: Path) -> None:
    assert checksig("--include-dir", cwd=tmp_path) == Done(0, f"{header.parent}\n", "")
    assert checksig("--library", cwd=tmp_path) == Done(0, f"{library_path}\n", "")
    assert re.fullmatch(r"checksig \d+\.\d+\.\d+\n", checksig("--version", cwd=tmp_path).out)


@pytest.mark.parametrize("option", ["--version", "--help", "--include-dir", "--library"])
def test_a_question_imports_little(option: str, tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "before = set(sys.modules)\n"
        "from checksig.cli import main\n"
        f"main([{option!r}])\n"
        "print(*sorted(set(sys.modules) - before), file=sys.stderr)\n"
    )
    command = [sys.executable, "-c", script]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    imported = set(result.stderr.split())
    for module in ("click", "checksig.checksig"):
        assert (module in imported) == (option != "--version")
    assert not imported & {"rich", "asyncio", "json", "pygments", "hashlib"}


def test_completion(tmp_path: Path) -> None:
    done = checksig(cwd=tmp_path, environment={"_CHECKSIG_COMPLETE": "bash_source"})
    assert done.code == 0
    assert "_checksig_completion" in done.out


@pytest.mark.parametrize("closed", [1, 2])
def test_a_closed_stream(closed: int, tree: Path) -> None:
    command = ["sh", "-c", f'"$@" {closed}>&-', "sh", *COMMAND, "verify", "."]
    result = subprocess.run(command, cwd=tree, capture_output=True, timeout=TIMEOUT)
    assert (result.returncode, result.stderr) == (0, b"")


def test_nobody_reads_the_output(tree: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    for arguments in (["verify"], ["verify", "--output", "jsonl"], ["hash", "a"], ["--help"]):
        result = subprocess.run(
            [*COMMAND, *arguments],
            cwd=tree,
            stdout=writer,
            stderr=subprocess.PIPE,
            timeout=TIMEOUT,
        )
        assert (result.returncode, result.stderr) == (141, b""), arguments
    os.close(writer)


def test_a_full_disk(tree: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    with Path("/dev/full").open("wb") as full:
        command = [*COMMAND, "verify"]
        result = subprocess.run(command, cwd=tree, stdout=full, stderr=subprocess.PIPE)
    assert (result.returncode, result.stderr) == (
        2,
        b"checksig: cannot write: No space left on device\n",
    )


# verify


def test_verify(tree: Path) -> None:
    assert checksig("verify", cwd=tree) == Done(0, "a: OK\nb: OK\n", "")
    assert checksig("verify", "tree", cwd=tree.parent) == Done(0, "a: OK\nb: OK\n", "")
    assert checksig("verify", "-q", cwd=tree) == Done(0, "", "")
    assert checksig("verify", "--status", cwd=tree) == Done(0, "", "")


def test_verify_excludes(tree: Path) -> None:
    write(tree, b="changed")
    done = checksig("verify", "--exclude", "b", cwd=tree)
    assert (done.code, done.out) == (0, "a: OK\nb: SKIPPED (excluded)\n")
    assert checksig("verify", "--exclude", "*", cwd=tree).code == 2
    done = checksig("verify", "--exclude", "b", "--require", "b", "--require", "no", cwd=tree)
    assert done.code == 1
    errors = done.err.splitlines()
    assert errors[-2:] == [
        "checksig: b: required, but SKIPPED",
        "checksig: no: required, but not listed",
    ]


def test_a_required_name_behind_a_link(tree: Path) -> None:
    """``link/../a`` is not ``a``: it is beside what the link leads to."""
    (tree / "d" / "e").mkdir(parents=True)
    write(tree / "d", a="other")
    (tree / "link").symlink_to("d/e")
    write(tree, SUMS=line("link/../a", "other"))
    command = ["verify", "-m", "SUMS", "--status", "--require"]
    assert checksig(*command, "./link//../a", cwd=tree) == Done(0, "", "")
    done = checksig("verify", "-m", "SUMS", "--require", "a", cwd=tree)
    assert (done.code, done.err) == (1, "checksig: a: required, but not listed\n")


def test_collisions(colliding: Path) -> None:
    assert checksig("verify", "-q", cwd=colliding) == Done(0, "", "")
    refused = [
        f"{name}: REFUSED (shows signs of a SHA-1 collision attack)"
        for name in ("shambles-1", "shambles-2", "shattered-1", "shattered-2")
    ]
    for command in ("verify", "audit"):
        done = checksig(command, "--detect-collisions", cwd=colliding)
        assert done.code == 1
        assert done.out.splitlines() == ["plain: OK", *refused]
        assert "1 OK, 4 REFUSED" in done.err
    for arguments in (["create", "-a", "sha1"], ["update"]):
        done = checksig(*arguments, "--detect-collisions", cwd=colliding)
        assert done.code != 0
        assert done.err.count("shows signs of a SHA-1 collision attack") == 4
    assert checksig("create", "-a", "md5", "--detect-collisions", cwd=colliding).code == 0


def test_every_verdict(tree: Path) -> None:
    (tree / "directory").mkdir()
    manifest = tree / "SUMS"
    manifest.write_text(
        line("a", "other") + line("b", "beta") + line("nope", "") + line("../a", "")
        + line("directory", "") + "nonsense\n",
        encoding="utf-8",
    )  # fmt: skip
    done = checksig("verify", "-m", manifest, cwd=tree)
    assert done.code == 1
    found = [re.sub(r" \(.*\)$", "", shown) for shown in done.out.splitlines()]
    assert found == [
        "a: MISMATCH", "b: OK", "nope: MISSING", "../a: REFUSED", "directory: REFUSED",
        f"{manifest} line 6: MALFORMED",
    ]  # fmt: skip
    assert re.fullmatch(
        rf"checksig: {manifest}: 1 OK, 1 MISMATCH, 1 MISSING, 2 REFUSED, 1 MALFORMED; "
        r"9 bytes, \d+\.\d s\n",
        done.err,
    )
    quiet = checksig("verify", "-q", "-m", manifest, cwd=tree)
    assert quiet.out == done.out.replace("b: OK\n", "")


@pytest.mark.parametrize(
    ("text", "options", "code"),
    [
        ("", [], 2),
        ("# nothing\n", [], 2),
        ("nonsense\n", [], 1),
        ("nonsense\n", ["--lenient"], 2),
        ("nonsense\n" + line("a", "alpha"), [], 1),
        ("nonsense\n" + line("a", "alpha"), ["--lenient"], 0),
        (line("nope", ""), [], 1),
        (line("nope", ""), ["--ignore-missing"], 2),
        (line("nope", "") + line("a", "alpha"), ["--ignore-missing"], 0),
        (line("../tree/a", "alpha"), [], 1),
        (line("../out", "out"), [], 1),
        (line("../out", "out"), ["--allow-outside"], 0),
        (line("a", "alpha", "md5"), ["-a", "md5"], 0),
        (line("a", "alpha", "md5"), ["-a", "sha1"], 1),
        (line("a", "alpha", "sha256"), ["--algorithm", "SHA256", "-j", "2"], 0),
        (line("a", "alpha"), ["--format", "gnu"], 0),
        (line("a", "alpha"), ["--format", "hashdeep"], 2),
        (line("a", "alpha").replace("\n", "\0"), ["-z"], 0),
        (line("a", "alpha"), ["--require", "a"], 0),
        (line("a", "alpha"), ["--require", "./a", "--require", "b"], 1),
        (line("a", "alpha") + line("b", ""), ["--require", "b"], 1),
        ("a,,\n", ["--format", "record"], 2),
    ],
)
def test_exit_codes(text: str, options: list[str], code: int, tree: Path) -> None:
    write(tree.parent, out="out")
    write(tree, SUMS=text)
    for output in ("text", "jsonl"):
        arguments = ["verify", "-m", "SUMS", "--output", output, *options]
        assert checksig(*arguments, cwd=tree).code == code
        silent = checksig(*arguments, "--status", cwd=tree)
        assert (silent.code, silent.out) == (code, "")


def test_several_manifests(tree: Path) -> None:
    write(tree, good=line("a", "alpha"), bad=line("b", "other"))
    done = checksig("verify", "-m", "good", "-m", "bad", cwd=tree)
    assert (done.code, done.out) == (1, "a: OK\nb: MISMATCH\n")
    done = checksig("verify", "-m", "bad", "-m", "nope", "-m", "good", cwd=tree)
    assert (done.code, done.out) == (2, "b: MISMATCH\na: OK\n")
    assert 'checksig: "nope" - cannot read the manifest: ' in done.err


def test_a_manifest_from_standard_input(tree: Path) -> None:
    text = line("a", "alpha").encode()
    assert checksig("verify", "-m", "-", cwd=tree, stdin=text) == Done(0, "a: OK\n", "")
    assert checksig("verify", "-m", "-", cwd=tree).code == 2


def test_a_manifest_from_a_pipe_of_the_shell(tree: Path) -> None:
    (tree / "list").write_text(line("a", "alpha"))
    for words, out in (
        (["verify", "-m", "/dev/stdin"], "a: OK\n"),
        (["audit", "-m", "FILE", "--exclude", "{b,*t}"], "a: OK\n"),
        (["diff", "FILE", "list"], ""),
        (["diff", "list", "FILE"], ""),
    ):
        there, here = os.pipe()
        os.write(here, line("a", "alpha").encode())
        os.close(here)
        words = [f"/dev/fd/{there}" if word == "FILE" else word for word in words]
        done = subprocess.run(
            [*COMMAND, *words], cwd=tree, stdin=there, pass_fds=[there], capture_output=True,
            text=True, timeout=TIMEOUT,
        )  # fmt: skip
        os.close(there)
        assert (done.returncode, done.stdout) == (0, out), words
    assert checksig("verify", "-m", "/dev/fd/99", cwd=tree).code == 2
    os.mkfifo(tree / "fifo")
    assert "is a FIFO" in checksig("verify", "-m", "fifo", cwd=tree).err
    for name in ("-", "/dev/stdin", "/dev/fd/0"):
        twice = checksig("diff", "/dev/stdin", name, cwd=tree, stdin=b"x")
        assert twice.code == 2
        assert f"/dev/stdin and {name} are one stream" in twice.err
        closed = subprocess.run(
            ["sh", "-c", 'exec "$@" <&-', "sh", *COMMAND, "verify", "-m", name], cwd=tree,
            capture_output=True, text=True, timeout=TIMEOUT,
        )  # fmt: skip
        assert (closed.returncode, closed.stderr) == (2, "checksig: standard input is closed\n")


@pytest.mark.parametrize("name", ["-", "/dev/stdin"])
def test_a_pipe_that_does_not_wait_is_read_to_its_end(tree: Path, name: str) -> None:
    there, here = os.pipe()
    os.set_blocking(there, False)
    command = [*COMMAND, "verify", "-m", name]
    with subprocess.Popen(command, cwd=tree, stdin=there, stdout=subprocess.PIPE) as process:
        for text in (line("a", "alpha"), line("b", "other")):
            time.sleep(0.3)
            os.write(here, text.encode())
        os.close(here)
        assert process.stdout is not None
        assert process.stdout.read() == b"a: OK\nb: MISMATCH\n"
    assert process.returncode == 1
    os.close(there)


def test_a_descriptor_that_cannot_be_read(tree: Path) -> None:
    there, here = os.pipe()
    done = subprocess.run(
        [*COMMAND, "verify", "-m", f"/dev/fd/{here}"], cwd=tree, pass_fds=[here],
        capture_output=True, text=True, timeout=TIMEOUT,
    )  # fmt: skip
    os.close(there)
    os.close(here)
    assert done.returncode == 2
    assert done.stderr.endswith(
        f'/{here}" - cannot read the manifest: Bad file descriptor (os error 9)\n'
    )


def test_what_cannot_be_checked(tree: Path) -> None:
    for arguments in (["verify", "nope"], ["verify", "-m", "nope"], ["audit", "nope"],
                      ["create", "nope"], ["update", "nope"], ["diff", "nope", "nope"],
                      ["hash", "nope"]):  # fmt: skip
        done = checksig(*arguments, cwd=tree)
        assert (done.code, done.out) == (2, ""), arguments
        assert re.fullmatch(r"checksig: [^\n]+\n", done.err)


def test_what_may_not_be_read(public: Path) -> None:
    """It is the library's to say, and no wrong usage; what may be read is."""
    write(public, good="alpha", bad="beta", SUMS=line("good", "alpha"))
    (public / "bad").chmod(0)
    done = as_stranger("hash", "-a", "sha1", "good", "bad", cwd=public)
    message = 'checksig: "bad" - cannot read{}: Permission denied (os error 13)\n'
    assert done == Done(1, line("good", "alpha"), message.format(""))
    for first, second in (["bad", "SUMS"], ["SUMS", "bad"]):
        done = as_stranger("diff", first, second, cwd=public)
        assert done == Done(2, "", message.format(" the manifest"))


def test_a_root_that_may_be_entered_but_not_listed(public: Path) -> None:
    root = public / "root"
    root.mkdir()
    write(root, **{"a": "alpha", "sha1sum.txt": line("a", "alpha")})
    root.chmod(0o111)
    assert as_stranger("verify", "root", cwd=public) == Done(0, "a: OK\n", "")
    for command in ("audit", "create"):
        done = as_stranger(command, "root", cwd=public)
        assert (done.code, done.out) == (2, "")
        assert done.err.startswith('checksig: "root')
        assert "Permission denied" in done.err


def test_hostile_names_in_a_pipe(tree: Path) -> None:
    shutil.copy(tree / "a", tree / HOSTILE)
    shutil.copy(tree / "a", tree / "\udcff")
    assert checksig("create", "-q", "-m", "SUMS", "--exclude", "sha1sum.txt", cwd=tree).code == 0
    done = checksig("verify", "-m", "SUMS", cwd=tree)
    assert done.code == 0
    assert done.out == "a: OK\na: OK\\nb\\x1b[2J\\u{202e}\\\\: OK\nb: OK\n\udcff: OK\n"
    (tree / HOSTILE).unlink()
    done = checksig("verify", "-qm", "SUMS", cwd=tree)
    assert done.out == "a: OK\\nb\\x1b[2J\\u{202e}\\\\: MISSING\n"
    done = checksig("verify", "-m", HOSTILE, cwd=tree)
    assert done.code == 2
    assert done.err.count("\n") == 1
    assert "\x1b" not in done.err


def test_the_library_escapes_what_the_commands_do(tmp_path: Path) -> None:
    """Every character, in lists that the library writes, and in those that Python does."""
    characters = [chr(code) for code in range(1, 0x110000) if not 0xD800 <= code < 0xE000]
    not_utf8 = [chr(0xDC00 + byte) for byte in range(0x80, 0x100)]
    every = characters + not_utf8
    names = ["".join(every[first : first + 1000]) for first in range(0, len(every), 1000)]
    manifest = tmp_path / "SHA1SUMS"
    manifest.write_bytes(b"".join(b"%040d  %b\0" % (0, os.fsencode(name)) for name in names))
    with verify(tmp_path, manifest, zero=True) as report:
        text = os.fsdecode(b"".join(text_of(report, Verdict, color=False)))
    shown = [line.rpartition(": ")[0] for line in text.split("\n")[:-1]]
    assert shown == [escaped(name, terminal=False) for name in names]


def test_json_lines(tree: Path) -> None:
    write(tree, c="extra")
    manifest = line("a", "alpha") + line("b", "other")
    (tree / "sha1sum.txt").write_text(manifest, encoding="utf-8")
    done = checksig("audit", "--output", "jsonl", "--require", "b", cwd=tree)
    assert done.code == 1
    found = objects(done)
    results = sorted((one for one in found if one["type"] == "result"), key=lambda one: one["line"])
    digest = hashlib.sha1(b"alpha").hexdigest()
    assert results[0] == {
        "type": "result", "path": "a", "verdict": "OK", "algorithm": "sha1",
        "expected": digest, "actual": digest, "size": 5, "line": 1, "error": None,
    }  # fmt: skip
    assert (results[1]["path"], results[1]["verdict"]) == ("b", "MISMATCH")
    extra, summary, error = found[2:]
    assert extra == {"type": "extra", "path": "c"}
    assert summary.pop("seconds") >= 0
    assert summary == {
        "type": "summary", "ok": False, "manifest": "./sha1sum.txt", "extra": 1, "bytes": 9,
        "counts": {"OK": 1, "MISMATCH": 1}, "cancelled": False,
    }  # fmt: skip
    assert (error["type"], error["path"]) == ("error", "b")
    quiet = objects(checksig("verify", "-q", "--output", "jsonl", cwd=tree))
    assert [one["type"] for one in quiet] == ["result", "summary"]


def test_json_lines_of_hostile_names(tree: Path) -> None:
    names = [HOSTILE, "\udcff", "\x7f\x85"]
    for name in names:
        (tree / name).write_text("x")
    done = checksig("audit", "--output", "jsonl", cwd=tree)
    assert done.out.isascii()
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", done.out)
    assert {one["path"] for one in objects(done) if one["type"] == "extra"} == set(names)


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        (["verify", "nope"], "nope"),
        (["verify", "nope", "-m", "b"], "nope"),
        (["audit", "-m", "nope"], "nope"),
        (["verify", "-m", HOSTILE + '"\udcff\t'], HOSTILE + '"\udcff\t'),
        (["verify", "--exclude", "["], None),
        (["verify", "-j", str(1 << 64)], None),
        (["create", "nope"], "nope"),
        (["create", "-m", "nope/list"], "nope/list"),
        (["create", "--exclude", "["], None),
        (["update", "nope"], "nope"),
        (["update", "-m", "nope"], "nope"),
        (["update", "-m", "a"], "a"),
        (["update", "--exclude", "["], None),
        (["diff", "sha1sum.txt", "nope"], "nope"),
        (["diff", "sha1sum.txt", "a"], "a"),
        (["hash", "nope"], "nope"),
    ],
)
def test_json_lines_of_errors(arguments: list[str], path: Optional[str], tree: Path) -> None:
    done = checksig(*arguments, "--output", "jsonl", cwd=tree)
    assert done.code == 2
    *results, error = objects(done)
    assert {one["type"] for one in results} <= {"result"}
    assert (error["type"], error["path"]) == ("error", path)
    shown = escaped(error["message"], terminal=False).replace("\\\\", "\\")
    assert done.err == f"checksig: {shown}\n"


# audit


def test_audit(tree: Path) -> None:
    assert checksig("audit", cwd=tree) == Done(0, "a: OK\nb: OK\n", "")
    write(tree, c="extra")
    done = checksig("audit", "-q", cwd=tree)
    assert (done.code, done.out) == (1, "c: EXTRA\n")
    assert "2 OK, 1 EXTRA" in done.err
    assert checksig("audit", "--exclude", "c", cwd=tree).code == 0


def test_what_was_just_made_passes_an_audit(tree: Path) -> None:
    os.mkfifo(tree / "fifo")
    (tree / "dangling").symlink_to("nothing")
    (tree / "sha1sum.txt").unlink()
    assert checksig("create", "-a", "sha1", cwd=tree).code == 0
    assert checksig("audit", "--status", cwd=tree) == Done(0, "", "")


# create, update, diff, hash


def test_create(tree: Path) -> None:
    os.mkfifo(tree / "fifo")
    done = checksig("create", "--exclude", "*.txt", cwd=tree)
    assert done == Done(
        0,
        "./sha256sum.txt: 2 files, 9 bytes\n",
        "checksig: fifo: SKIPPED (is a FIFO)\n",
    )
    text = (tree / "sha256sum.txt").read_text(encoding="utf-8")
    assert text == line("a", "alpha", "sha256") + line("b", "beta", "sha256")
    assert checksig("create", "--status", cwd=tree) == Done(0, "", "")


def test_create_to_standard_output(tree: Path) -> None:
    arguments = ["create", "-m", "-", "-a", "md5", "--exclude", "*.txt"]
    before = sorted(tree.iterdir())
    done = checksig(*arguments, cwd=tree)
    assert done == Done(0, line("a", "alpha", "md5") + line("b", "beta", "md5"), "")
    done = checksig(*arguments, "--format", "bsd", "-z", "-j", "1", cwd=tree)
    assert done.out.startswith("MD5 (a) = ")
    assert done.out.endswith("\0")
    assert sorted(tree.iterdir()) == before


def test_what_standard_output_cannot_have_is_said_of_it(tree: Path) -> None:
    """And not of the file where the manifest is made before."""
    done = checksig("create", "-m", "-", "-z", "--format", "sfv", cwd=tree)
    assert (done.code, done.out) == (2, "")
    assert re.fullmatch(r'checksig: "-" - cannot write the manifest: .* NUL\n', done.err)
    assert '"nope" - cannot open' in checksig("create", "nope", "-m", "-", cwd=tree).err


@pytest.mark.parametrize("name", ["a.sfv", "RECORD", "manifest-sha256.txt", "list"])
def test_create_goes_by_the_name(tree: Path, name: str) -> None:
    (tree / "sha1sum.txt").unlink()
    assert checksig("create", "-m", name, cwd=tree).code == 0
    assert checksig("audit", "-m", name, "--status", cwd=tree).code == 0
    before = (tree / name).read_bytes()
    done = checksig("create", "-m", name, "-a", "blake3", "--format", "gnu", cwd=tree)
    assert done.code == 2
    assert "name it after its format or algorithm" in done.err
    assert (tree / name).read_bytes() == before


@pytest.mark.parametrize("format_", ["auto", "gnu", "bsd", "sfv", "hashdeep", "bagit", "record"])
def test_every_format_on_standard_output(tree: Path, format_: str) -> None:
    write(tree, **{"89abcdef": "", "%%%% HASHDEEP-1.0": ""})
    for algorithm in ["auto", "crc32"] if format_ == "sfv" else ["auto", "blake3", "SHA3-256"]:
        done = checksig("create", "-m", "-", "-a", algorithm, "--format", format_, cwd=tree)
        assert (done.code, done.err) == (0, "")
        assert "89abcdef" in done.out


def test_create_as_json(tree: Path) -> None:
    done = checksig("create", "--output", "jsonl", "--exclude", "*.txt", cwd=tree)
    *results, summary = objects(done)
    assert sorted((one["line"], one["path"]) for one in results) == [(1, "a"), (2, "b")]
    assert (summary["ok"], summary["manifest"]) == (True, "./sha256sum.txt")


def test_update(tree: Path) -> None:
    write(tree, b="changed", c="new")
    (tree / "a").unlink()
    done = checksig("update", cwd=tree)
    assert done == Done(0, "c: ADDED\na: REMOVED\nb: CHANGED\n", "")
    assert checksig("update", "-m", "sha1sum.txt", "-j", "1", cwd=tree) == Done(0, "", "")
    assert checksig("verify", "-q", cwd=tree) == Done(0, "", "")
    assert checksig("update", "--exclude", "c", cwd=tree).out == "c: REMOVED\n"


def test_update_of_files_that_cannot_be_read(public: Path) -> None:
    write(public, **{"a": "alpha", "b": "beta", "c": "gamma", "sha1sum.txt": line("a", "old")})
    (public / "b").chmod(0)
    (public / "c").chmod(0)
    os.mkfifo(public / "fifo")
    reason = "UNREADABLE (Permission denied (os error 13))"
    done = as_stranger("update", cwd=public)
    lines = [f"b: {reason}", f"c: {reason}", "the manifest was not written"]
    assert done == Done(1, "", "".join(f"checksig: {text}\n" for text in lines))
    done = as_stranger("update", "--output", "jsonl", cwd=public)
    *results, error = objects(done)
    assert [(one["path"], one["verdict"]) for one in results] == [
        ("b", "UNREADABLE"),
        ("c", "UNREADABLE"),
    ]
    assert error == {"type": "error", "message": lines[-1], "path": "./sha1sum.txt"}
    assert (done.code, done.err) == (1, f"checksig: {lines[-1]}\n")
    assert as_stranger("update", "--status", cwd=public) == Done(1, "", "")
    assert (public / "sha1sum.txt").read_text() == line("a", "old")
    assert checksig("update", "--exclude", "*", cwd=public).code == 2


def test_how_manifests_are_read(tree: Path) -> None:
    records = (line("a", "alpha") + line("b", "gone")).replace("\n", "\0")
    (tree / "records").write_text(records, encoding="utf-8")
    reading = ["-z", "--format", "gnu", "-a", "sha1"]
    assert checksig("diff", "records", "records", *reading, cwd=tree) == Done(0, "", "")
    assert checksig("diff", "records", "records", "-a", "md5", cwd=tree).code == 2
    done = checksig("update", "-m", "records", *reading, "--exclude", "sha1sum.txt", cwd=tree)
    assert done == Done(0, "b: CHANGED\n", "")
    text = (tree / "records").read_text(encoding="utf-8")
    assert text == (line("a", "alpha") + line("b", "beta")).replace("\n", "\0")


def test_diff(tree: Path) -> None:
    write(tree, other=line("a", "other") + line("c", "new"), md5=line("a", "alpha", "md5"))
    assert checksig("diff", "sha1sum.txt", "sha1sum.txt", cwd=tree) == Done(0, "", "")
    done = checksig("diff", "sha1sum.txt", "other", cwd=tree)
    assert done == Done(1, "c: ADDED\nb: REMOVED\na: CHANGED\n", "")
    text = (tree / "md5").read_bytes()
    done = checksig("diff", "sha1sum.txt", "-", cwd=tree, stdin=text)
    assert done == Done(1, "b: REMOVED\na: INCOMPARABLE\n", "")
    found = objects(checksig("diff", "sha1sum.txt", "other", "--output", "jsonl", cwd=tree))
    assert found[0] == {"type": "added", "path": "c"}
    assert found[-1] == {
        "type": "summary", "added": 1, "removed": 1, "changed": 1, "incomparable": 0,
        "unchanged": 0,
    }  # fmt: skip


def test_hash(tree: Path) -> None:
    done = checksig("hash", "-a", "md5", "a", "b", cwd=tree)
    assert done == Done(0, line("a", "alpha", "md5") + line("b", "beta", "md5"), "")
    done = checksig("hash", "a", "nope", "--format", "bsd", cwd=tree)
    assert done.code == 1
    assert done.out == f"SHA256 (a) = {hashlib.sha256(b'alpha').hexdigest()}\n"
    assert done.err.startswith('checksig: "nope" - cannot read: ')
    found = objects(checksig("hash", "a", "nope", "--output", "jsonl", cwd=tree))
    assert [one["type"] for one in found] == ["digest", "error"]
    assert checksig("hash", "-z", "a", cwd=tree).out == line("a", "alpha", "sha256")[:-1] + "\0"


def test_what_hash_prints_is_verified(tree: Path) -> None:
    (tree / HOSTILE).write_text("x")
    for format_ in ("gnu", "bsd"):
        made = checksig("hash", "a", HOSTILE, "--format", format_, cwd=tree)
        assert len(made.out.splitlines()) == 2
        done = checksig("verify", "-m", "-", cwd=tree, stdin=os.fsencode(made.out))
        assert done.code == 0


# A terminal


def test_a_terminal_gets_a_summary(tree: Path) -> None:
    code, shown = on_terminal("verify", "--progress", "never", cwd=tree)
    assert code == 0
    assert re.fullmatch(r"\x1b\[32mOK\x1b\[0m: \./sha1sum\.txt: 2 OK; 9 bytes, \d+\.\d s\n", shown)
    assert on_terminal("verify", "-q", "--progress", "never", cwd=tree) == (0, "")
    (tree / "a").write_text("other")
    (tree / "b").unlink()
    write(tree, c="extra")
    code, shown = on_terminal("audit", "--color", "never", "--progress", "never", cwd=tree)
    assert code == 1
    assert shown.startswith(
        "MISMATCH (1)\n  a\nMISSING (1)\n  b\nEXTRA (1)\n  c\nFAILED: ./sha1sum.txt: "
    )


def test_hostile_names_on_a_terminal(tree: Path) -> None:
    (tree / HOSTILE).write_text("x")
    (tree / "\udcff").write_text("x")
    code, shown = on_terminal("audit", "--color", "never", "--progress", "always", cwd=tree)
    assert code == 1
    assert "  a: OK\\nb\\x1b[2J\\u{202e}\\\\\n  \\xff\n" in plain(shown)
    assert "\x1b[2J" not in shown
    code, shown = on_terminal("hash", HOSTILE, cwd=tree)
    assert "\x1b" not in shown
    safe = "a: OK\\nb\\x1b[2J\\u{202e}\\"
    command = ["create", "-m", "-", "--exclude", "*.txt", "--progress", "never"]
    for options, mark, end in ([], "\\", "\\"), (["-z"], "", ""):
        lines = [
            line("a", "alpha", "sha256"),
            mark + line(safe + end, "x", "sha256"),
            line("b", "beta", "sha256"),
            line("\\xff", "x", "sha256"),
        ]
        assert on_terminal(*command, *options, cwd=tree) == (0, "".join(lines))


@pytest.mark.parametrize(
    ("environment", "colored"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_colours(environment: dict[str, str], colored: bool, tree: Path) -> None:
    _code, shown = on_terminal("verify", "--progress", "never", cwd=tree, **environment)
    assert ("\x1b[" in shown) is colored
    piped = checksig("verify", "--color", "always", cwd=tree, environment=environment)
    assert piped.out == "a: \x1b[32mOK\x1b[0m\nb: \x1b[32mOK\x1b[0m\n"


def test_the_bar(tree: Path) -> None:
    """Runs that take less than a moment have none."""
    with (tree / "large").open("wb") as file:
        file.truncate(1 << 29)
    _code, shown = on_terminal("create", "-a", "sha1", cwd=tree)
    assert re.search(r"\d/\d files .* .*MB.*large", plain(shown))
    _code, shown = on_terminal("verify", cwd=tree)
    assert re.search(r"\d/3 files .*/536\.9 MB .* [MG]B/s \d:\d\d:\d\d large", plain(shown))
    assert "files" in plain(checksig("verify", "--progress", "always", cwd=tree).err)
    assert checksig("verify", cwd=tree).err == ""
    assert on_terminal("verify", "--status", cwd=tree) == (0, "")


# Ctrl-C


@pytest.fixture
def endless(tmp_path: Path) -> Path:
    """A file that takes long enough to be interrupted."""
    with (tmp_path / "large").open("wb") as file:
        file.truncate(1 << 36)
    write(tmp_path, a="alpha")
    (tmp_path / "sha1sum.txt").write_text(line("a", "alpha") + line("large", ""))
    return tmp_path


@pytest.mark.parametrize("command", ["verify", "diff"])
def test_ctrl_c_while_a_manifest_is_waited_for(command: str, tree: Path) -> None:
    there, here = os.pipe()
    arguments = {"verify": ["-m", "-"], "diff": ["-", "sha1sum.txt"]}[command]
    with subprocess.Popen(
        [*COMMAND, command, *arguments], cwd=tree, stdin=there,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        os.close(there)
        # It has taken the first line when the pipe has room for a whole one again.
        line_of_all = line("a", "alpha").encode().ljust(65535, b" ") + b"\n"
        for _ in range(2):
            os.write(here, line_of_all)
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=TIMEOUT)
    assert (process.returncode, out) == (130, b"")
    assert b"Traceback" not in err
    os.close(here)


@pytest.mark.parametrize("output", ["text", "jsonl"])
def test_ctrl_c(output: str, endless: Path) -> None:
    command = [*COMMAND, "verify", "--output", output, "--progress", "always", "-j", "2"]
    with subprocess.Popen(
        command, cwd=endless, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        shown = b""
        while b"1/2 files" not in shown:
            shown += os.read(process.stderr.fileno(), 65536)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 130
    done = Done(130, os.fsdecode(out), os.fsdecode(err))
    if output == "text":
        assert done.out == "a: OK\n"
        last = plain(done.err).splitlines()[-1]
        assert re.search(r"checksig: \./sha1sum\.txt: 1 OK; .* s, interrupted$", last)
    else:
        result, summary = objects(done)
        assert (result["path"], result["verdict"]) == ("a", "OK")
        assert (summary["cancelled"], summary["counts"]) == (True, {"OK": 1})


@pytest.mark.parametrize("name", ["SUMS", "d/a*[b]{c,d}!", "back\\slash"])
def test_a_manifest_that_the_shell_writes_does_not_list_itself(name: str, tree: Path) -> None:
    (tree / "d").mkdir()
    with (tree / name).open("wb") as stdout:
        command = [*COMMAND, "create", "-m", "-", "-a", "sha256"]
        subprocess.run(command, cwd=tree, stdout=stdout, check=True)
    command = ["audit", "-m", name, "-q", "-a", "sha256"]
    assert checksig(*command, cwd=tree) == Done(0, "", "")


def test_a_record_on_a_terminal_has_one_line_a_name(tree: Path) -> None:
    name = "x\nforged,,"
    (tree / name).write_bytes(b"")
    command = ["create", "-m", "-", "--format", "record", "-q"]
    code, shown = on_terminal(*command, cwd=tree)
    assert code == 0
    assert '"x\\nforged,,",sha256=' in shown
    assert "\nforged" not in shown
    assert f'"{name}",sha256=' in checksig(*command, cwd=tree).out


def test_what_is_invisible_is_told(tree: Path) -> None:
    """Unicode's Default_Ignorable_Code_Point, by its first characters and those that look empty."""
    names = [f"a{character}" for character in "\xad\u034f\u115f\u17b4\u180b\u3164\ufe0f\uffa0"
             "\ufff0\U0001bca0\U0001d173\U000e0fff"]  # fmt: skip
    (tree / "list").write_text("".join(line(name, "") for name in names))
    done = checksig("verify", "-m", "list", cwd=tree)
    assert done.out == "".join(f"{escaped(name, terminal=False)}: MISSING\n" for name in names)
    assert done.out.isascii()


def test_a_manifest_that_the_shell_reads_is_not_extra(tree: Path) -> None:
    with (tree / "sha1sum.txt").open("rb") as stdin:
        command = [*COMMAND, "audit", "-q", "-m", "-"]
        done = subprocess.run(command, cwd=tree, stdin=stdin, capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"", b"")


def test_nor_does_one_whose_name_no_glob_can_be(tree: Path) -> None:
    name = os.fsdecode(b"S\xdcMS")
    command = ["create", "-a", "sha256", "-m"]
    with (tree / name).open("wb") as stdout:
        made = subprocess.run(
            [*COMMAND, *command, "-"], cwd=tree, stdout=stdout, stderr=subprocess.PIPE, check=False
        )
    assert made.returncode == 2
    assert b'"S\xdcMS", where standard output goes, is not UTF-8; want it by -m' in made.stderr
    assert (tree / name).read_bytes() == b""
    assert checksig(*command, name, cwd=tree).code == 0
    assert checksig("audit", "-m", name, "-q", "-a", "sha256", cwd=tree) == Done(0, "", "")


def test_an_audit_by_several_manifests(tree: Path) -> None:
    write(tree, c="gamma", one=line("a", "alpha"), two=line("b", "beta"))
    command = ["audit", "-m", "one", "-m", "two", "--exclude", "sha1sum.txt"]
    done = checksig(*command, cwd=tree)
    assert (done.code, done.out) == (1, "a: OK\nb: OK\nc: EXTRA\n")
    summaries = [o for o in objects(checksig(*command, "--output", "jsonl", cwd=tree))
                 if o["type"] == "summary"]  # fmt: skip
    assert [(o["ok"], o["extra"]) for o in summaries] == [(True, 0), (False, 1)]
    assert checksig(*command, "--exclude", "c", cwd=tree) == Done(0, "a: OK\nb: OK\n", "")


@pytest.mark.parametrize("order", ["one two nope", "one nope two", "nope one two"])
def test_an_audit_by_manifests_of_which_one_cannot_be_read(order: str, tree: Path) -> None:
    """The others still tell what is listed, and the last of them what is not."""
    write(tree, c="gamma", one=line("a", "alpha"), two=line("b", "beta"))
    options = [option for name in order.split() for option in ("-m", name)]
    command = ["audit", *options, "--exclude", "sha1sum.txt"]
    done = checksig(*command, cwd=tree)
    assert (done.code, done.out) == (2, "a: OK\nb: OK\nc: EXTRA\n")
    assert 'checksig: "nope" - cannot read the manifest' in done.err
    found = objects(checksig(*command, "--output", "jsonl", cwd=tree))
    kinds = [one["type"] for one in found if one["type"] != "error"]
    assert kinds == ["result", "summary", "result", "extra", "summary"]
    assert [one["path"] for one in found if one["type"] in ("error", "extra")] == (["nope", "c"])
    summaries = [one for one in found if one["type"] == "summary"]
    assert [(one["ok"], one["extra"]) for one in summaries] == [(True, 0), (False, 1)]
    only = objects(checksig("audit", "-m", "one", "-m", "nope", "--output", "jsonl", cwd=tree))
    assert (only[-1]["type"], only[-1]["ok"], only[-1]["extra"]) == ("summary", False, 4)


def test_many_files_are_hashed_at_once_and_shown_in_their_order(tmp_path: Path) -> None:
    names = [f"{number}" for number in range(40)]
    write(tmp_path, **{name: name * 50_000 * (40 - int(name)) for name in names})
    expected = "".join(line(name, (tmp_path / name).read_text(), "sha256") for name in names)
    for threads in ([], ["-j", "1"], ["-j", "64"]):
        assert checksig("hash", *names, *threads, cwd=tmp_path) == Done(0, expected, "")


def test_ctrl_c_ends_hashing(endless: Path) -> None:
    command = [*COMMAND, "hash", "a", "large", "large", "large", "--output", "jsonl"]
    with subprocess.Popen(
        command, cwd=endless, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert b'"path": "a"' in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=TIMEOUT)
    assert (process.returncode, out, err) == (130, b"", b"checksig: interrupted\n")


def test_standard_input_that_is_closed(tree: Path) -> None:
    for arguments in ["verify -m -", "diff - sha1sum.txt"]:
        shell = f"exec {shlex.join(COMMAND)} {arguments} <&-"
        done = subprocess.run(["sh", "-c", shell], cwd=tree, capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == "checksig: standard input is closed\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_who_is_asked_to_end_leaves_no_manifest(
    number: signal.Signals, endless: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    temporary = tmp_path_factory.mktemp("temporary")
    environment = {**os.environ, "TMPDIR": str(temporary)}
    before = sorted(endless.iterdir())
    for manifest in ("list", "-"):
        command = [*COMMAND, "create", "-m", manifest, "--progress", "always", "-j", "2"]
        with subprocess.Popen(
            command, cwd=endless, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            assert process.stderr is not None
            shown = b""
            while b"2/3 files" not in shown:
                shown += os.read(process.stderr.fileno(), 65536)
            process.send_signal(number)
            out, err = process.communicate(timeout=TIMEOUT)
        assert (process.returncode, out) == (130 if number == signal.SIGINT else -number, b"")
        *_, missing, found = plain(os.fsdecode(err)).splitlines()
        assert missing.endswith("checksig: the manifest was not written")
        assert re.fullmatch(rf"checksig: {manifest}: 2 OK; .* s, interrupted", found)
        assert sorted(endless.iterdir()) == before
        assert not list(temporary.iterdir())


def test_create_tells_files_as_they_are_done(endless: Path) -> None:
    """And what they were, where Ctrl-C ends it."""
    command = [*COMMAND, "create", "--output", "jsonl", "-j", "2", "--exclude", "*.txt"]
    with subprocess.Popen(
        command, cwd=endless, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        result = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=TIMEOUT)
    assert (process.returncode, err) == (130, b"")
    assert (result["path"], result["verdict"]) == ("a", "OK")
    summary = json.loads(out)
    assert (summary["ok"], summary["cancelled"], summary["counts"]) == (False, True, {"OK": 1})
