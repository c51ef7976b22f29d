"""``checksig compat`` does what the programs of coreutils 9.1 do, seen from outside."""

from __future__ import annotations

import hashlib
import os
import pty
import re
import select
import shlex
import signal
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


# Without what would hide that output waits in a buffer.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
ENVIRONMENT["LC_ALL"] = "C.UTF-8"


def done(command: list[str], directory: Path, stdin: bytes, **environment: str) -> Done:
    result = subprocess.run(
        command,
        cwd=directory,
        input=stdin,
        env={**ENVIRONMENT, **environment},
        capture_output=True,
        timeout=TIMEOUT,
    )
    return Done(result.returncode, result.stdout, result.stderr)


def our(program: str) -> list[str]:
    return [sys.executable, "-m", "checksig", "compat", program]


def their(program: str) -> list[str]:
    if b"GNU coreutils) 9.1" not in done([need(program), "--version"], Path(), b"").stdout:
        pytest.skip(f"needs {program} of coreutils 9.1")
    return [program]


def ours(
    program: str, arguments: list[str], directory: Path, stdin: bytes = b"", **environment: str
) -> Done:
    return done([*our(program), *arguments], directory, stdin, **environment)


def theirs(
    program: str, arguments: list[str], directory: Path, stdin: bytes = b"", **environment: str
) -> Done:
    return done([*their(program), *arguments], directory, stdin, **environment)


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


def assert_same(
    program: str, arguments: list[str], tree: Path, stdin: bytes = b"", **environment: str
) -> None:
    found = ours(program, arguments, tree, stdin, **environment)
    assert found == theirs(program, arguments, tree, stdin, **environment)


def assert_same_in_shell(script: str, program: str, tree: Path, stdin: bytes = b"") -> None:
    """As :func:`assert_same`, for a script that calls the program ``"$@"``."""
    found, expected = (
        done(["sh", "-c", script, "sh", *command], tree, stdin)
        for command in (our(program), their(program))
    )
    assert found == expected


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
    "--t a", "--s a", "--= a", "--tag --t", "--strict -w a", "--strict --quiet a",
    "--ignore-missing --status a", "-é a",
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
        command = [*our("sha1sum"), *arguments, name]
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


@pytest.mark.parametrize("is_terminal", [True, False])
def test_a_line_is_checked_before_the_next_one_comes(is_terminal: bool, tree: Path) -> None:
    line = theirs("sha1sum", ["a"], tree).stdout
    output, into = pty.openpty() if is_terminal else os.pipe()
    with subprocess.Popen(
        [*our("sha1sum"), "-c"], cwd=tree, stdin=subprocess.PIPE, stdout=into, env=ENVIRONMENT
    ) as process:
        os.close(into)
        assert process.stdin is not None
        process.stdin.write(line)
        process.stdin.flush()
        assert select.select([output], [], [], TIMEOUT)[0]
        assert os.read(output, 100).split() == [b"a:", b"OK"]
        process.stdin.close()
    os.close(output)
    assert process.returncode == 0


@pytest.mark.parametrize("arguments", [["a", "nope", "b"], ["-c", "of-sha1sum/missing"]])
def test_output_and_messages_keep_their_order(arguments: list[str], tree: Path) -> None:
    def together(*command: str) -> bytes:
        process = subprocess.Popen(
            [*command, *arguments],
            cwd=tree,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=ENVIRONMENT,
        )
        return process.communicate(timeout=TIMEOUT)[0]

    assert together(*our("sha1sum")) == together("sha1sum")


@pytest.mark.parametrize("arguments", ["", "-", "- a -", "-c"])
def test_standard_input_that_is_closed(arguments: str, tree: Path) -> None:
    assert_same_in_shell(f'"$@" {arguments} <&-', "sha1sum", tree)


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


@pytest.mark.parametrize("redirection", [">/dev/full", "2>/dev/full", ">&-", "2>&-", ">&- 2>&-"])
@pytest.mark.parametrize(
    "arguments",
    [
        "a b", "a nope b", "nope", "-z a", "-z a nope", "-z nope a", "-x",
        "-c of-sha1sum/malformed", "-c of-sha1sum/missing", "--status -c of-sha1sum/good",
    ],
)  # fmt: skip
def test_output_that_cannot_be_written(arguments: str, redirection: str, tree: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    assert_same_in_shell(f'"$@" {arguments} {redirection}', "sha1sum", tree)
    assert_same_in_shell(f'"$@" --version >/dev/null {redirection}', "sha1sum", tree)


def test_output_that_nobody_reads(tree: Path) -> None:
    script = 'exec 3>&1; { sleep 0.5; "$@" a b; echo "exit code $?" >&3; } | true'
    assert_same_in_shell(script, "sha1sum", tree)


MANY_DIGITS = 5000


@pytest.mark.parametrize(
    "length",
    [
        " 8", "'\t+8'", "+8", "008", "-8", "-0", "+",
        "'- 8'", "'8 '", "8x", "0x8", "''", "1K", "'8\n'", "é",
        f"{2**64 - 8}", f"{2**64 - 1}", f"{2**64}", f"{2**64}x", "9" * MANY_DIGITS,
        "0" * MANY_DIGITS + "8", "0" * 100_000 + "x", "+520",
    ],
)  # fmt: skip
def test_numbers_as_lengths(length: str, tree: Path) -> None:
    assert_same("b2sum", ["-l", *shlex.split(length), "a"], tree)


LENGTHS_IN_TAGS = [
    "-512", "-0x200", "-0X200", "-01000", "- 512", "-\t+512", "-0", "-08", "-0x", "-", "--512",
    "-520", "-511", "-512 ", "-512x", "- ", "x", " ", "\t", "(", "xx", "-" + "9" * MANY_DIGITS,
    "-" + "0" * MANY_DIGITS + "1000", "-0x" + "0" * MANY_DIGITS + "200",
    "-0x" + "2" * MANY_DIGITS, "-8", "-256", "-128", "-0x80", "-0200", "-64",
]  # fmt: skip


@pytest.mark.parametrize(("tag", "algorithm"), [("BLAKE2b", "blake2b"), ("MD5", "md5")])
def test_lengths_in_tags(tag: str, algorithm: str, tree: Path) -> None:
    digest = hashlib.new(algorithm, b"alpha\n").hexdigest()
    lines = "".join(
        f"{tag}{length} (a) = {digest}\n{tag}{length}(a) = {digest[:64]}\n"
        for length in LENGTHS_IN_TAGS
    ).encode()
    assert_same("cksum", ["-cw"], tree, lines)
    assert_same("cksum", ["-cwa", algorithm], tree, lines)
    assert_same("b2sum" if tag == "BLAKE2b" else "md5sum", ["-cw"], tree, lines)


def test_a_digest_that_was_cut_is_refused(tree: Path) -> None:
    cut = hashlib.sha256(b"alpha\n").hexdigest()[:2]
    line = f"SHA256-8 (a) = {cut}\n".encode()
    error = b"cksum: 'standard input': no properly formatted checksum lines found\n"
    assert ours("cksum", ["-c"], tree, line) == Done(1, b"", error)


@pytest.mark.parametrize("program", ["sha1sum", "b2sum", "cksum"])
def test_names_that_are_nearly_none(program: str, tree: Path) -> None:
    digest = hashlib.new("blake2b" if program == "b2sum" else "sha1", b"").hexdigest()
    lines = "".join(f"{digest}{end}\n" for end in ("", " ", "\t", "  ", " *", "   "))
    algorithm = ["-a", "sha1"] if program == "cksum" else []
    assert_same(program, [*algorithm, "-cw"], tree, lines.encode())


@pytest.mark.parametrize(
    ("program", "manifests"),
    [
        ("sha1sum", "reversed good"), ("sha1sum", "good reversed"),
        ("sha1sum", "tagged reversed nothing good"), ("cksum", "good nothing"),
        ("cksum", "nothing good"),
    ],
)  # fmt: skip
def test_what_one_manifest_decides_for_the_next(program: str, manifests: str, tree: Path) -> None:
    assert_same(program, ["-cw", *manifests.split()], tree / f"of-{program}")
    files = [f"of-{program}/{manifest}" for manifest in manifests.split()]
    assert_same(program, ["-cw", *files], tree)


NAMES_IN_MESSAGES = [
    "é", "é'", "'é\u200b", "'\u2028", "\u00ad", "\u0378", "\ue000", "a\nb", "\n", "'\n", "\n'",
    "a'\nb", "x\n'y\t", "'a'\x01", "it's", "it's #", "#it's", "it's {", "~'", "'~", "'!", "'\\",
    '\'"', "'&", "'?", "'|", "]'", "a]", "\x7f", "\udcff", "'\udcff", "a\udce2\udc82b",
    "\udced\udca0\udc80", "\U0001f600'",
]  # fmt: skip


@pytest.mark.parametrize("locale", ["C.UTF-8", "C"])
def test_names_in_messages(locale: str, tmp_path: Path) -> None:
    assert_same("sha1sum", NAMES_IN_MESSAGES, tmp_path, LC_ALL=locale)


@pytest.mark.parametrize("lang", ["", "C", "C.UTF-8"])
@pytest.mark.parametrize("ctype", ["", "C", "POSIX", "C.UTF-8"])
def test_the_locale_that_is_said_in_part(lang: str, ctype: str, tmp_path: Path) -> None:
    """For whose encoding Python takes another one."""
    assert_same("sha1sum", ["é"], tmp_path, LC_ALL="", LANG=lang, LC_CTYPE=ctype)
    assert_same("cksum", ["-a", "é"], tmp_path, LC_ALL="", LANG=lang, LC_CTYPE=ctype)


def test_a_signal_ends_the_program(tree: Path) -> None:
    """With nothing said, and so that the caller sees the signal."""

    def interrupted(command: list[str]) -> Done:
        with subprocess.Popen(
            [*command, "a", "-"],
            cwd=tree,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=ENVIRONMENT,
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            line = process.stdout.readline()
            process.send_signal(signal.SIGINT)
            return Done(process.wait(TIMEOUT), line, process.stderr.read())

    def unread(command: list[str]) -> Done:
        reader, writer = os.pipe()
        os.close(reader)
        result = subprocess.run(
            [*command, "a"],
            cwd=tree,
            stdout=writer,
            stderr=subprocess.PIPE,
            env=ENVIRONMENT,
            timeout=TIMEOUT,
        )
        os.close(writer)
        return Done(result.returncode, b"", result.stderr)

    for end, number in [(interrupted, signal.SIGINT), (unread, signal.SIGPIPE)]:
        found = end(our("sha1sum"))
        assert found == end(their("sha1sum"))
        assert (found.code, found.stderr) == (-number, b"")


@pytest.mark.parametrize("locale", ["C.UTF-8", "C"])
@pytest.mark.parametrize(
    "word", ["a\nb", "q'", "\u2019\u2018", "\\", "\x1b[31m", "é", "\udcff", "`"]
)
def test_words_in_messages(word: str, locale: str, tmp_path: Path) -> None:
    assert_same("cksum", ["-a", word], tmp_path, LC_ALL=locale)
    assert_same("b2sum", ["-l", word], tmp_path, LC_ALL=locale)
    assert_same("b2sum", [f"-{word}"], tmp_path, LC_ALL=locale)


@pytest.mark.parametrize("script", [
    'cat a | "$@" /dev/stdin', 'cat a | "$@" /proc/self/fd/0 a', '"$@" /dev/stdin /dev/stdin - < a',
    'cat of-sha1sum/good | "$@" -c /dev/stdin', '"$@" /dev/stdin <&-',
])  # fmt: skip
def test_names_of_standard_input(script: str, tree: Path) -> None:
    assert_same_in_shell(script, "sha1sum", tree)


def test_a_device_without_lines_ends(tree: Path) -> None:
    # Theirs ends where there is no more memory.
    assert_same_in_shell('ulimit -v 1000000; "$@" -c /dev/zero', "sha1sum", tree)
    assert_same_in_shell('ulimit -v 1000000; "$@" -c < /dev/zero', "sha1sum", tree)


def test_a_line_that_is_too_long_is_malformed(tree: Path) -> None:
    good = theirs("sha1sum", ["a"], tree).stdout
    for start, warning in (
        (b"x", b"sha1sum: WARNING: 1 line is improperly formatted\n"),
        (b"#", b""),
    ):
        lines = (
            good + start + good[1:].rstrip() + bytes(40 << 20).replace(b"\0", b"a") + b"\n" + good
        )
        assert ours("sha1sum", ["-c"], tree, lines) == Done(0, b"a: OK\n" * 2, warning)


@pytest.mark.parametrize("character", [b"\\", b" ", b"'", b"\n", b"\t", b"\xff", b"\xc3\xa9"])
def test_time_is_linear_in_a_line(character: bytes, tree: Path) -> None:
    run = character * (1 << 18)
    digest = hashlib.sha1(b"").hexdigest().encode()
    lines = [digest + b"  " + run, b"\\" + digest + b"  " + run, b"SHA1 (" + run + b") = " + digest,
             b"SHA1 (a)=" + run + b")x", b"SHA1 (a)" + run + b")x", run]  # fmt: skip
    assert_same("sha1sum", ["-c"], tree, b"\n".join(lines))
