"""The tools of others as contenders, found or installed."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Callable, Optional

from .contenders import ALGORITHMS, JOBS, MANY_JOBS, Contender, Task
from .corpora import shares, write_manifest
from .inprocess import in_process
from .runs import Command

__all__ = ["install_by_apt", "install_by_cargo", "peer_contenders"]

#: Debian's packages of peers, and the program in each.
PACKAGES = {"rhash": "rhash", "hashdeep": "hashdeep"}

#: The crates of peers, as cargo takes them; uutils' programs have the names of coreutils'.
CRATES = (
    ["b3sum"],
    ["picca", "--features=bin", "--bin=picca"],
    ["uu_md5sum", "uu_sha1sum", "uu_sha256sum", "uu_sha512sum"],
)


def install_by_apt() -> None:
    """Installs what is missing of Debian's packages where that is allowed, and says so."""
    missing = [package for package, program in PACKAGES.items() if not shutil.which(program)]
    if not missing:
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        print(f"not installed, so not compared: {', '.join(missing)}")
        return
    print(f"installing {', '.join(missing)} with apt-get, to compare with them")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update", "-qq"], ["install", "-y", "-qq", *missing]):
        subprocess.run(
            ["apt-get", *arguments],
            env=environment,
            stdout=subprocess.DEVNULL,
            check=False,
        )


def install_by_cargo(directory: Path) -> Path:
    """Builds the peers that are crates; the directory of their programs."""
    print("building b3sum, picca and uutils' sums with cargo, which takes minutes", flush=True)
    for crates in CRATES:
        subprocess.run(
            ["cargo", "install", "--quiet", "--locked", "--root", directory, *crates],
            env={**os.environ, "CARGO_TARGET_DIR": str(directory / "target")},
            check=False,
        )
    return directory / "bin"


def peer_contenders(go_library: Optional[Path], built: Optional[Path]) -> dict[str, Contender]:
    """Those that this machine has, by key.

    Args:
        go_library: what :func:`native.build_go_library` built.
        built: the directory of programs that :func:`install_by_cargo` gave.
    """
    found = {
        "hashlib": in_process(f"hashlib, {JOBS} threads", "hashlib"),
        "hashlib-many": in_process(f"hashlib, {MANY_JOBS} threads", "hashlib-many"),
    }
    if go_library is not None:
        found["go"] = in_process(
            "Go library by ctypes",
            "go",
            environment={"GO_LIBRARY": str(go_library)},
            algorithms=frozenset({"sha1"}),
        )
    found.update(_coreutils(os.environ.get("PATH", os.defpath), "", ""))
    if built is not None:
        found.update(_coreutils(str(built), "uutils-", "uutils "))
    path = os.pathsep.join(filter(None, [str(built or ""), os.environ.get("PATH", "")]))
    found.update(_single_programs(path))
    return found


def _coreutils(path: str, key: str, name: str) -> Iterator[tuple[str, Contender]]:
    """``sha1sum`` and its like, alone and a process for each share of the files."""
    programs = {
        algorithm: program
        for algorithm in ALGORITHMS
        if (program := shutil.which(f"{algorithm}sum", path=path))
    }
    known = frozenset(programs)
    if not known:
        return

    def alone(task: Task) -> Command:
        arguments = [programs[task.algorithm], "--quiet", "--check", str(task.manifest)]
        return Command(arguments, task.root)

    def spread(jobs: int) -> Callable[[Task], Command]:
        def command(task: Task) -> Command:
            check = [programs[task.algorithm], "--quiet", "--check"]
            return _xargs(task, jobs, check, [[path] for path in _share_manifests(task, jobs)])

        return command

    yield f"{key}sums", Contender(f"{name}*sum -c", alone, algorithms=known)
    for suffix, jobs in (("xargs", JOBS), ("xargs-many", MANY_JOBS)):
        title = f"{name}*sum -c, xargs -P{jobs}"
        yield f"{key}{suffix}", Contender(title, spread(jobs), algorithms=known)


def _single_programs(path: str) -> Iterator[tuple[str, Contender]]:
    programs = {
        "rhash": _after_manifest("--check", "--skip-ok"),
        "picca": _picca,
        "b3sum": _after_manifest("--quiet", "--check"),
        "hashdeep": _hashdeep,
        "openssl": _openssl,
    }
    names = {
        "rhash": "rhash -c",
        "picca": "picca -c",
        "b3sum": "b3sum -c",
        "hashdeep": "hashdeep -a",
        "openssl": f"openssl dgst, xargs -P{JOBS}",
    }
    known = {
        "hashdeep": frozenset({"md5", "sha1", "sha256"}),
        "b3sum": frozenset({"blake3"}),
    }
    for key, command_of in programs.items():
        program = shutil.which(key, path=path)
        if program:
            command = command_of(program)
            yield key, Contender(names[key], command, algorithms=known.get(key, ALGORITHMS))


def _after_manifest(*options: str) -> Callable[[str], Callable[[Task], Command]]:
    """For a program that takes options and the manifest's path."""

    def command_of(program: str) -> Callable[[Task], Command]:
        return lambda task: Command([program, *options, str(task.manifest)], task.root)

    return command_of


def _picca(program: str) -> Callable[[Task], Command]:
    def command(task: Task) -> Command:
        return Command([program, "-a", task.algorithm, "-c", str(task.manifest)], task.root)

    return command


def _hashdeep(program: str) -> Callable[[Task], Command]:
    """An audit, which needs the sizes in the manifest and the files in a list."""

    def command(task: Task) -> Command:
        known = task.scratch / "hashdeep.known"
        head = f"%%%% HASHDEEP-1.0\n%%%% size,{task.algorithm},filename\n## \n"
        lines = "".join(f"{file.size},{file.digest},{file.name}\n" for file in task.files)
        _write(known, head + lines)
        names = task.scratch / "hashdeep.names"
        _write(names, "".join(f"{file.name}\n" for file in task.files))
        options = ["-c", task.algorithm, "-a", "-l", "-k", str(known), "-f", str(names)]
        return Command([program, *options], task.root)

    return command


def _openssl(program: str) -> Callable[[Task], Command]:
    """``openssl dgst`` over each share of the files, compared with what it should print."""

    def command(task: Task) -> Command:
        pairs = []
        for number, part in enumerate(shares(task.files, JOBS)):
            names = task.scratch / f"openssl.names.{number}"
            _write(names, "".join(f"{file.name}\0" for file in part))
            expected = task.scratch / f"openssl.expected.{number}"
            _write(expected, "".join(f"{file.digest} *{file.name}\n" for file in part))
            pairs.append([names, expected])
        digest = f"{shlex.quote(program)} dgst -{task.algorithm} -r"
        script = f'xargs -0 -a "$0" {digest} | cmp -s - "$1"'
        return _xargs(task, JOBS, ["sh", "-c", script], pairs)

    return command


def _share_manifests(task: Task, count: int) -> list[Path]:
    parts = enumerate(shares(task.files, count))
    return [write_manifest(task.scratch / f"{count}.part.{number}", part) for number, part in parts]


def _xargs(task: Task, jobs: int, command: list[str], arguments: list[list[Path]]) -> Command:
    """The command with each of these lists of arguments, so many at a time."""
    name = f"{Path(command[0]).name}.{jobs}.arguments"
    lines = [str(path) for paths in arguments for path in paths]
    _write(task.scratch / name, "\n".join(lines))
    options = ["-d", "\n", "-a", str(task.scratch / name), "-P", str(jobs)]
    return Command(["xargs", *options, "-n", str(len(arguments[0])), *command], task.root)


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", errors="surrogateescape")
