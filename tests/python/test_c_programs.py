"""The C programs of ``tests/c``, compiled against what is installed, and run."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple, Sequence

import pytest

from conftest import ROOT, need

pytestmark = pytest.mark.once

SOURCES = ROOT / "tests" / "c"
PROGRAMS = sorted(source.stem for source in SOURCES.glob("*.c"))

WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]
POSIX = "-D_POSIX_C_SOURCE=200809L"
#: What a program needs beyond standard C.
EXTRA_FLAGS = {
    "alone": [POSIX],
    "callbacks": ["-pthread"],
    "cancel": [POSIX, "-pthread"],
    "dns": [POSIX],
    "dns_many": [POSIX],
    "fork": [POSIX],
    "numbers": [POSIX],
    "options": [POSIX],
    "progress": [POSIX, "-pthread"],
    "threads": [POSIX, "-pthread"],
}
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
VALGRIND = [
    "valgrind",
    "-q",
    "--leak-check=full",
    "--errors-for-leak-kinds=definite,indirect,possible",
    "--error-exitcode=99",
]
#: Two allocations are in use, but look "possibly lost": all pointers to them lead
#: elsewhere than to their first byte. Both are bounded, whatever the number of
#: calls; lost for good, they would be an error here as well.
#: - Rust's handle of the calling thread, one a thread: the thread-local pointer
#:   leads to the value behind the reference counts (``Arc``).
#: - crossbeam-epoch's record of a worker that has ended: linked to others by
#:   pointers whose lowest bit marks it as deleted, until one of them frees it.
#: A block of glibc's (``allocate_dtv``) is no false alarm: a thread still runs.
SUPPRESSIONS = """
{
   handle-of-the-calling-thread
   Memcheck:Leak
   match-leak-kinds: possible
   ...
   fun:*3std6thread7current12init_current*
}
{
   record-of-an-ended-worker
   Memcheck:Leak
   match-leak-kinds: possible
   ...
   fun:*15crossbeam_epoch9collector9Collector8register*
}
"""

#: What programs print besides their last line.
PRINTED_BEFORE = {"hello": "The library says:\nHello! The square root of 4 is: 2\n"}

#: Reading so much takes minutes, even where it is nothing but zeros.
LARGE_SIZE = 2**36

#: Long enough for valgrind on a busy machine; a program that hangs is ended.
TIMEOUT = 300


class Installed(NamedTuple):
    """What a C programmer gets: a header and a library."""

    header: Path
    library: Path

    @property
    def flags(self) -> list[str]:
        """The compiler's arguments, after the source, that link a program."""
        return [f"-I{self.header.parent}", f"-L{self.library.parent}", "-lchecksig"]

    @property
    def environment(self) -> dict[str, str]:
        """The environment in which a program finds the library."""
        name = "DYLD_LIBRARY_PATH" if sys.platform == "darwin" else "LD_LIBRARY_PATH"
        return {**os.environ, name: str(self.library.parent)}


@pytest.fixture(scope="session")
def installed(header: Path, library_path: Path) -> Installed:
    """The header and the library of the installed package."""
    return Installed(header, library_path)


def succeed(
    command: Sequence[str | Path],
    environment: dict[str, str] | None = None,
    directory: Path | None = None,
) -> str:
    """Runs a command that has to exit with 0; gives what it printed."""
    done = subprocess.run(
        command,
        env=environment,
        cwd=directory,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=TIMEOUT,
    )
    assert done.returncode == 0, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def build(program: str, installed: Installed, directory: Path, *flags: str) -> Path:
    """Compiles a program into a directory; gives its path."""
    executable = directory / program
    flags = ("-std=c11", *WARNINGS, "-O1", "-g", *EXTRA_FLAGS.get(program, []), *flags)
    command: list[str | Path] = [need("cc", "gcc", "clang"), *flags, SOURCES / f"{program}.c"]
    succeed([*command, *installed.flags, "-o", executable])
    return executable


def sha1(content: bytes) -> str:
    """The digest as a manifest has it."""
    return hashlib.sha1(content).hexdigest()


def make_good(root: Path) -> Path:
    """Makes a directory whose three files match."""
    files = {"abc": b"abc", "empty": b"", "sub/abc": b"abc"}
    (root / "sub").mkdir(parents=True)
    for name, content in files.items():
        (root / name).write_bytes(content)
    manifest = "".join(f"{sha1(content)}  {name}\n" for name, content in files.items())
    (root / "sha1sum.txt").write_text(manifest)
    return root


def make_bad(root: Path) -> Path:
    """Makes a directory with one file for each verdict; ``checksig.c`` has the list."""
    root.mkdir()
    (root / "abc").write_bytes(b"abc")
    (root / "changed").write_bytes(b"abc")
    os.mkfifo(root / "pipe")
    (root / "loop").symlink_to("loop")
    (root / "sha1sum.txt").write_text(
        f"{sha1(b'abc')}  abc\n"
        "# The next one had no content once.\n"
        f"{sha1(b'')}  changed\n"
        f"{sha1(b'')}  gone\n"
        f"{sha1(b'')}  pipe\n"
        "This is no line of a manifest.\n"
        f"{sha1(b'')}  loop\n"
    )
    return root


def make_manifest_alone(root: Path, manifest: bytes) -> Path:
    """Makes a directory with nothing but a manifest."""
    root.mkdir()
    (root / "sha1sum.txt").write_bytes(manifest)
    return root


def make_special(root: Path) -> Path:
    """Makes a directory with a file and something that is none."""
    root.mkdir()
    (root / "abc").write_bytes(b"abc")
    os.mkfifo(root / "pipe")
    return root


def make_large(root: Path) -> Path:
    """Makes a directory with a file that nobody reads to its end; it takes no room."""
    root.mkdir()
    (root / "abc").write_bytes(b"abc")
    (root / "large").touch()
    os.truncate(root / "large", LARGE_SIZE)
    (root / "sha1sum.txt").write_text(f"{sha1(b'abc')}  abc\n{sha1(b'abc')}  large\n")
    return root


@pytest.fixture(params=PROGRAMS)
def program(request: pytest.FixtureRequest) -> str:
    """Each program in turn."""
    return str(request.param)


@pytest.fixture
def arguments(program: str, tmp_path: Path, request: pytest.FixtureRequest) -> list[str]:
    """What the program takes, as the comment at its head says."""
    good, bad = tmp_path / "good", tmp_path / "bad"
    if program in {"dns", "dns_many"}:
        return [request.getfixturevalue("nameserver")]
    if program == "numbers":
        return [str(tmp_path / "scratch")]
    if program == "checksig":
        empty = make_manifest_alone(tmp_path / "empty", b"")
        utf_16 = make_manifest_alone(tmp_path / "utf-16", "text\n".encode("utf-16"))
        return [str(path) for path in (make_good(good), make_bad(bad), empty, utf_16)]
    if program == "threads":
        return [str(make_good(good)), str(make_bad(bad))]
    if program == "options":
        colliding = request.getfixturevalue("colliding")
        return [str(make_good(good)), str(make_large(tmp_path / "large")), str(colliding)]
    if program in {"cancel", "progress"}:
        return [str(make_large(tmp_path / "large"))]
    if program == "manifest":
        (tmp_path / "scratch").mkdir()
        return [str(tmp_path / "scratch")]
    if program == "create":
        return [str(make_good(good)), str(make_special(tmp_path / "special"))]
    if program in {"alone", "fork", "misuse"}:
        return [str(make_good(good))]
    return []


def check_printed(program: str, printed: str) -> None:
    """Checks all that a program printed."""
    assert printed == PRINTED_BEFORE.get(program, "") + f"{program}: ok\n"


def test_program(program: str, arguments: list[str], installed: Installed, tmp_path: Path) -> None:
    """The program compiles without a warning and finds all as it should be."""
    executable = build(program, installed, tmp_path)
    check_printed(program, succeed([executable, *arguments], installed.environment))


def test_memory(program: str, arguments: list[str], installed: Installed, tmp_path: Path) -> None:
    """Nothing leaks, and no memory is used that should not be."""
    command: list[str | Path]
    if shutil.which("valgrind"):
        suppressions = tmp_path / "valgrind.supp"
        suppressions.write_text(SUPPRESSIONS)
        executable = build(program, installed, tmp_path)
        command = [*VALGRIND, f"--suppressions={suppressions}", executable]
    else:
        command = [build(program, installed, tmp_path, *SANITIZERS)]
    check_printed(program, succeed([*command, *arguments], installed.environment))


@pytest.mark.parametrize(
    ("compilers", "standard", "language"),
    [
        pytest.param(["cc", "gcc", "clang"], "c11", "c", id="c"),
        pytest.param(["c++", "g++", "clang++"], "c++17", "c++", id="c++"),
    ],
)
def test_header_stands_alone(
    compilers: list[str], standard: str, language: str, installed: Installed, tmp_path: Path
) -> None:
    """The header needs nothing before it, in C and in C++."""
    source = tmp_path / "alone.txt"
    source.write_text('#include "checksig.h"\n')
    flags = [f"-std={standard}", *WARNINGS, f"-I{installed.header.parent}", "-fsyntax-only"]
    succeed([need(*compilers), *flags, "-x", language, source])


def test_hello_as_in_the_tutorial(installed: Installed, tmp_path: Path) -> None:
    """The shortest command line will do, and lines come in order through a pipe."""
    shutil.copy(SOURCES / "hello.c", tmp_path)
    succeed([need("cc", "gcc", "clang"), "hello.c", *installed.flags], directory=tmp_path)
    check_printed("hello", succeed(["./a.out"], installed.environment, tmp_path))


@pytest.mark.skipif(sys.platform != "linux", reason="reads ELF files")
def test_linked_by_path_the_program_needs_only_a_name(installed: Installed, tmp_path: Path) -> None:
    """The library has a soname, so that where it lay when linking is not recorded."""
    executable = tmp_path / "hello"
    include = f"-I{installed.header.parent}"
    sources = [SOURCES / "hello.c", installed.library]
    succeed([need("cc", "gcc", "clang"), include, *sources, "-o", executable])
    dynamic = succeed([need("readelf"), "-d", executable], {**os.environ, "LC_ALL": "C"})
    needed = re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic)
    assert [name for name in needed if "checksig" in name] == ["libchecksig.so"]
    check_printed("hello", succeed([executable], installed.environment))
