"""``checksig compat`` does what the programs of coreutils 9.1 do, seen from outside."""

from __future__ import annotations

import hashlib
import os
import pty
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from conftest import need

pytestmark = pytest.mark.once

TIMEOUT = 60
PROGRAMS = ["md5sum", "sha1sum", "sha224sum", "sha256sum", "sha384sum", "sha512sum", "b2sum"]


class Done(NamedTuple):
    """What a program did."""

    code: int
    stdout: bytes
    stderr: bytes


def done(command: list[str], directory: Path, stdin: bytes, **environment: str) -> Done:
    result = subprocess.run(
        command,
        cwd=directory,
        input=stdin,
        env={**os.environ, "LC_ALL": "C.UTF-8", **environment},
        capture_output=True,
        timeout=TIMEOUT,
    )
    return Done(result.returncode, result.stdout, result.stderr)


def ours(program: str, arguments: list[str], directory: Path, stdin: bytes = b"") -> Done:
    command = [sys.executable, "-m", "checksig", "compat", program, *arguments]
    return done(command, directory, stdin)


def theirs(program: str, arguments: list[str], directory: Path, stdin: bytes = b"") -> Done:
    found = done([need(program), "--version"], directory, b"").stdout
    if b"GNU coreutils) 9.1" not in found:
        pytest.skip(f"needs {program} of coreutils 9.1")
    return done([program, *arguments], directory, stdin)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files with hostile names, a directory, and manifests of every kind of trouble."""
    root = tmp_path_factory.mktemp("tree")
    (root / "a").write_bytes(b"alpha\n")
    (root / "b").write_bytes(b"beta\n" * 70000)
    (root / "empty").write_bytes(b"")
    names = [b"two words", b"back\\slash", b"new\nline", b"return\rhere", b"caf\xc3\xa9",
             b"\xff\xfe", b" lead", b"*star", b"it's", b"x) = y", b"esc\x1b[31m", b"-dash",
             b"$(x)`y`", b"tab\there", b"a:b"]  # fmt: skip
    for name in names:
        (root / os.fsdecode(name)).write_bytes(b"content of " + name)
    (root / "directory").mkdir()
    for program in [*PROGRAMS, "cksum"]:
        _write_manifests(root, program)
    return root


def _write_manifests(root: Path, program: str) -> None:
    def sums(*arguments: str) -> bytes:
        algorithm = ["-a", "sha1"] if program == "cksum" else []
        return theirs(program, [*algorithm, *arguments], root).stdout

    good = sums("a", "b", "two words", "back\\slash", "new\nline", "return\rhere")
    bad = sums("a").replace(b"  a", b"  b")
    missing = sums("a").replace(b"  a", b"  nope").replace(b"(a)", b"(nope)")
    digest = sums("a").split()[0] if program != "cksum" else sums("a").split()[-1]
    manifests = {
        "good": good,
        "bad": good + bad,
        "missing": good + missing,
        "only-missing": missing,
        "malformed": good + b"nonsense\n",
        "two-malformed": b"nonsense\n" + good + b"\\" + digest + b"  a\\tb\n" + digest + b"\n",
        "nothing": b"nonsense\n\n# comment\n",
        "empty-manifest": b"",
        "comments": b"# comment\n\n" + good,
        "crlf": good.replace(b"\n", b"\r\n"),
        "unfinished": good.rstrip(b"\n"),
        "upper": sums("a").replace(digest, digest.upper()),
        "tagged": sums("--tag", "a", "b", "two words", "new\nline", "x) = y"),
        "mixed": sums("a") + sums("--tag", "b"),
        "reversed": digest + b" a\n" + digest + b" b\n",
        "reversed-mixed": digest + b"  a\n" + digest + b" b\n",
        "mixed-reversed": digest + b" a\n" + digest + b"  b\n",
        "star": digest + b" *a\n",
        "blanks": b" \t" + digest + b"  a\n" + digest + b"\ta\n" + digest + b" \ta\n",
        "short": digest[:-1] + b"  a\n" + digest + b"  a\n",
        "long": digest + b"0  a\n" + digest + b"  a\n",
        "openssl": sums("--tag", "a").replace(b" (", b"(").replace(b") = ", b")= "),
        "tag-trouble": sums("--tag", "a") + sums("--tag", "a").replace(b"(", b"")
        + sums("--tag", "a").replace(b"=", b"") + b"SHA9 (a) = " + digest + b"\n"
        + sums("--tag", "a").rstrip() + b" \n",
        "directory-listed": good + sums("a").replace(b"  a", b"  directory"),
        "dash": digest + b"  -\n",
        "escaped-end": b"\\" + digest + b"  a\\\n" + digest + b"  a\n",
        "hostile": sums("esc\x1b[31m", os.fsdecode(b"\xff\xfe"), "*star", " lead", "it's"),
        "hostile-missing": b"".join(
            sums("a").replace(b"  a", b"  " + name)
            for name in (b"no such", b"no'pe", b"no\x1bpe", b"no\xff", b"~no", b"n~o", b"n$o'")
        ),
    }  # fmt: skip
    directory = root / f"of-{program}"
    directory.mkdir()
    for name, text in manifests.items():
        (directory / name).write_bytes(text)


MANIFESTS = [
    "good", "bad", "missing", "only-missing", "malformed", "two-malformed", "nothing",
    "empty-manifest", "comments", "crlf", "unfinished", "upper", "tagged", "mixed", "reversed",
    "reversed-mixed", "mixed-reversed", "star", "blanks", "short", "long", "openssl",
    "tag-trouble", "directory-listed", "dash", "escaped-end", "hostile", "hostile-missing",
]  # fmt: skip


def assert_same(program: str, arguments: list[str], tree: Path, stdin: bytes = b"") -> None:
    assert ours(program, arguments, tree, stdin) == theirs(program, arguments, tree, stdin)


@pytest.mark.parametrize("manifest", MANIFESTS)
@pytest.mark.parametrize("program", ["sha1sum", "b2sum", "cksum"])
def test_checking(program: str, manifest: str, tree: Path) -> None:
    assert_same(program, ["-c", f"of-{program}/{manifest}"], tree, b"alpha\n")


@pytest.mark.parametrize(
    "options",
    [
        "-cw bad", "-c --quiet bad", "-c --status bad", "-c --strict malformed",
        "-c --strict --status malformed", "-c --warn two-malformed", "-cw nothing",
        "-c --ignore-missing missing", "-c --ignore-missing only-missing",
        "-c --ignore-missing --status only-missing", "-c --status only-missing",
        "-c --quiet missing malformed", "-c good bad nothing nope", "-c directory-listed .",
        "-c --status nothing", "--check --quiet --warn two-malformed", "-c --warn --status bad",
        "-c --status --quiet bad", "-c --ig --str missing", "good -c", "-c -- good",
    ],
)  # fmt: skip
@pytest.mark.parametrize("program", ["sha256sum", "cksum"])
def test_checking_with_options(program: str, options: str, tree: Path) -> None:
    here = tree / f"of-{program}"
    words = [str(here / word) if (here / word).exists() else word for word in shlex.split(options)]
    assert_same(program, words, tree)


PRINTING = [
    "a b empty", "a nope b", "-b a", "-t a", "--tag a", "--tag -b a", "-z a b",
    "-- -dash", "-", "- a -", "'two words' 'back\\slash' 'x) = y'", "--tag 'back\\slash'",
    "-z 'back\\slash'", "", "--help=3", "--nonsense", "-x", "--st a", "--tag=3 a", "-c --tag a",
    "--tag -t a", "-t --tag a", "-c -b a", "-c -t a", "-cz a", "--quiet a", "--status a", "-w a",
    "--strict a", "--ignore-missing a", "--quiet --warn a", "--status --strict a", "-bz a",
    "--t a", "--s a", "--= a", "--tag --t",
    "'no such' \"no'pe\" 'no\"pe' '~nope' 'no:pe' '#no' '{' 'n{o' ''", "--tag -t -c a",
]  # fmt: skip


@pytest.mark.parametrize("options", PRINTING)
@pytest.mark.parametrize("program", ["sha512sum", "cksum"])
def test_printing(program: str, options: str, tree: Path) -> None:
    assert_same(program, shlex.split(options), tree, b"from standard input")


@pytest.mark.parametrize("program", [*PROGRAMS, "cksum"])
def test_every_file_of_the_tree(program: str, tree: Path) -> None:
    names = sorted(path.name for path in tree.iterdir() if path.is_file())
    assert_same(program, ["--", *names], tree)


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_directory(program: str, tree: Path) -> None:
    assert_same(program, ["directory", "a"], tree)


def test_cksum_has_no_digest_of_a_directory(tree: Path) -> None:
    # As of coreutils 9.2: 9.1 says so, too, but prints a digest and exits with 0.
    error = b"cksum: directory: Is a directory\n"
    assert ours("cksum", ["directory"], tree) == Done(1, b"", error)


@pytest.mark.parametrize("arguments", ["a b", "nowhere a", "-a md5 a", "-a sysv a", "nowhere"])
def test_cksum_says_once_what_it_computes_with(arguments: str, tree: Path) -> None:
    command = ["--debug", *arguments.split()]
    found, expected = ours("cksum", command, tree), theirs("cksum", command, tree)
    # zlib does it here: what cksum itself says where the processor is no help.
    stderr = expected.stderr.replace(
        b"using pclmul hardware support", b"pclmul support not detected"
    )
    assert found == expected._replace(stderr=stderr)


@pytest.mark.parametrize("program", PROGRAMS)
def test_what_is_printed_is_checked(program: str, tree: Path) -> None:
    manifest = ours(program, ["a", "b", "new\nline", "return\rhere"], tree).stdout
    assert_same(program, ["-c"], tree, manifest)
    assert_same(program, ["-c", "--tag"], tree, manifest)


@pytest.mark.parametrize(
    ("program", "options"),
    [
        ("b2sum", "-l 16 a"), ("b2sum", "-l 0 a"), ("b2sum", "-l 512 --tag a"),
        ("b2sum", "--length=256 --tag a"), ("b2sum", "-l 520 a"), ("b2sum", "-l 7 a"),
        ("b2sum", "-l x a"), ("b2sum", "-l"), ("b2sum", "-l -8 a"),
        ("cksum", "-a crc a b"), ("cksum", "-a sha256 a"), ("cksum", "--algorithm=md5 a"),
        ("cksum", "-a blake2b -l 24 a"), ("cksum", "-l 8 a"), ("cksum", "-a blake2b -l 9 a"),
        ("cksum", "-a sha1 --untagged a 'new\nline'"), ("cksum", "-a sha1 -z 'new\nline'"),
        ("cksum", "-a sha1 --untagged --tag a"), ("cksum", "-a sha1 --tag --untagged a"),
        ("cksum", "-a nonsense a"), ("cksum", "-a"), ("cksum", "--algorithm"),
        ("cksum", "-a crc -c a"), ("cksum", "-a sha1 -c of-sha1sum/good"),
        ("cksum", "-a sha1 -c of-sha1sum/tagged"),
        ("cksum", "-c of-sha1sum/tagged of-b2sum/tagged"),
        ("cksum", "-a md5 -c of-sha1sum/tagged"), ("cksum", "-a sha1 -cw of-cksum/two-malformed"),
        ("cksum", "-a blake2b -c of-b2sum/good"), ("cksum", "-a sha1 -b a"),
        ("cksum", "-a sha1 --untagged -b a"), ("cksum", "-a sha1 --untagged -t a"),
    ],
)  # fmt: skip
def test_lengths_and_algorithms(program: str, options: str, tree: Path) -> None:
    assert_same(program, shlex.split(options), tree)


def test_short_digests_are_checked(tree: Path) -> None:
    tagged = theirs("b2sum", ["-l", "24", "--tag", "a"], tree).stdout
    plain = theirs("b2sum", ["-l", "40", "b"], tree).stdout
    assert_same("b2sum", ["-c"], tree, tagged + plain)
    assert_same("cksum", ["-c"], tree, tagged)
    assert ours("b2sum", ["-c"], tree, tagged + plain).stdout == b"a: OK\nb: OK\n"


def test_nothing_waits_for_a_fifo(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "SUMS").write_bytes(b"0" * 40 + b"  fifo\n")
    error = b"sha1sum: fifo: Not a regular file\n"
    assert ours("sha1sum", ["fifo"], tmp_path) == Done(1, b"", error)
    assert ours("sha1sum", ["-c", "fifo"], tmp_path) == Done(1, b"", error)
    warning = b"sha1sum: WARNING: 1 listed file could not be read\n"
    found = ours("sha1sum", ["-c", "SUMS"], tmp_path)
    assert found == Done(1, b"fifo: FAILED open or read\n", error + warning)


def test_a_name_is_never_cut(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")
    line = theirs("sha1sum", ["a"], tmp_path).stdout
    found = ours("sha1sum", ["-c"], tmp_path, line.replace(b"  a", b"  a\0b"))
    assert (found.code, found.stdout) == (1, b"")


@pytest.mark.parametrize("algorithm", ["bsd", "sysv", "crc", "sm3"])
def test_the_algorithms_of_cksum_alone(algorithm: str, tree: Path) -> None:
    if algorithm == "sm3" and algorithm not in hashlib.algorithms_available:
        pytest.skip("needs SM3 in Python's OpenSSL")
    files = ["a", "b", "empty", "new\nline", "nope"]
    for arguments in (files, [], ["-"], ["-z", *files], ["--tag", *files], ["--untagged", *files]):
        assert_same("cksum", ["-a", algorithm, *arguments], tree, b"from a pipe")
    assert_same("cksum", ["-a", algorithm, "-c", "a"], tree)


def test_manifests_of_sm3(tree: Path) -> None:
    if "sm3" not in hashlib.algorithms_available:
        pytest.skip("needs SM3 in Python's OpenSSL")
    for form in ([], ["--untagged"]):
        lines = theirs("cksum", ["-a", "sm3", *form, "a", "new\nline"], tree).stdout
        for arguments in (["-c"], ["-a", "sm3", "-c"]):
            assert_same("cksum", arguments, tree, lines + lines.replace(b"(a)", b"(b)"))


def test_what_never_waits_is_read(tree: Path) -> None:
    assert_same("sha1sum", ["/dev/null", "a"], tree)
    lines = theirs("sha1sum", ["a", "b"], tree).stdout
    for arguments, content in ([], b"piped"), (["-c"], lines):
        pipe, into = os.pipe()
        os.write(into, content)
        os.close(into)
        name = f"/dev/fd/{pipe}"
        command = [sys.executable, "-m", "checksig", "compat", "sha1sum", *arguments, name]
        found = subprocess.run(
            command, cwd=tree, pass_fds=[pipe], capture_output=True, timeout=TIMEOUT, check=True
        )
        os.close(pipe)
        if arguments:
            assert found.stdout == b"a: OK\nb: OK\n"
        else:
            assert found.stdout.split()[0].decode() == hashlib.sha1(content).hexdigest()


def test_a_terminal_is_not_waited_for(tree: Path) -> None:
    controller, terminal = pty.openpty()
    name = os.ttyname(terminal)
    found, checked = (ours("sha1sum", [*mode, name], tree) for mode in ([], ["-c"]))
    os.close(controller)
    os.close(terminal)
    assert found == Done(1, b"", f"sha1sum: {name}: Resource temporarily unavailable\n".encode())
    assert checked == Done(1, b"", f"sha1sum: {name}: read error\n".encode())


def test_a_line_is_checked_before_the_next_one_comes(tree: Path) -> None:
    line = theirs("sha1sum", ["a"], tree).stdout
    command = [sys.executable, "-m", "checksig", "compat", "sha1sum", "-c"]
    controller, terminal = pty.openpty()
    with subprocess.Popen(command, cwd=tree, stdin=subprocess.PIPE, stdout=terminal) as process:
        os.close(terminal)
        assert process.stdin is not None
        process.stdin.write(line)
        process.stdin.flush()
        assert os.read(controller, 100) == b"a: OK\r\n"
        process.stdin.close()
    os.close(controller)
    assert process.returncode == 0


@pytest.mark.parametrize("arguments", [["a", "nope", "b"], ["-c", "of-sha1sum/missing"]])
def test_output_and_messages_keep_their_order(arguments: list[str], tree: Path) -> None:
    def together(*command: str) -> bytes:
        process = subprocess.Popen(
            [*command, *arguments], cwd=tree, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        return process.communicate(timeout=TIMEOUT)[0]

    assert together(sys.executable, "-m", "checksig", "compat", "sha1sum") == together("sha1sum")


@pytest.mark.parametrize("arguments", [[], ["-"], ["-", "a", "-"], ["-c"]])
def test_standard_input_that_is_closed(arguments: list[str], tree: Path) -> None:
    def without_input(*command: str) -> Done:
        shell = ["sh", "-c", 'exec "$@" <&-', "sh", *command, *arguments]
        return done(shell, tree, b"")

    found = without_input(sys.executable, "-m", "checksig", "compat", "sha1sum")
    assert found == without_input("sha1sum")


def options_in(text: bytes) -> list[bytes]:
    """The options that a help describes, as they are to be typed, in its order."""
    return re.findall(rb"^ +((?:-\w, )?--[\w-]+(?:=\w+)?)  +\w", text, re.MULTILINE)


@pytest.mark.parametrize("program", [*PROGRAMS, "cksum"])
def test_help_and_version(program: str, tmp_path: Path) -> None:
    asked, expected = (ask(program, ["--help"], tmp_path) for ask in (ours, theirs))
    assert (asked.code, asked.stderr) == (0, b"")
    assert asked.stdout.split(b"\n")[0] == expected.stdout.split(b"\n")[0]
    assert options_in(asked.stdout) == options_in(expected.stdout) != []
    assert max(map(len, asked.stdout.splitlines())) <= 80
    asked = ours(program, ["--version", "--nonsense"], tmp_path)
    assert (asked.code, asked.stderr) == (0, b"")
    assert asked.stdout.startswith(f"{program} (checksig) ".encode())


def test_the_name_that_it_is_called_by(tree: Path, tmp_path: Path) -> None:
    script = "import sys; from checksig.cli import main; sys.exit(main())"
    (tmp_path / "sha256sum").write_text(script, encoding="utf-8")
    command = [sys.executable, str(tmp_path / "sha256sum"), "a", "nope"]
    assert done(command, tree, b"") == theirs("sha256sum", ["a", "nope"], tree)


def test_a_full_disk(tree: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("needs /dev/full")
    with full.open("wb") as stdout:
        command = [sys.executable, "-m", "checksig", "compat", "sha1sum", "a"]
        result = subprocess.run(command, cwd=tree, stdout=stdout, stderr=subprocess.PIPE)
    assert result.returncode == 1
    assert result.stderr == b"sha1sum: write error: No space left on device\n"
