"""The wheel and the source distribution, each in a virtual environment of its own."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Optional

import pytest

from conftest import ROOT, need

pytestmark = pytest.mark.once

#: What a user of any installation does first; prints the backend's name.
SMOKE = """
import hashlib, pathlib, sys, tempfile
import checksig
from checksig import cookbook

with tempfile.TemporaryDirectory() as directory:
    root = pathlib.Path(directory)
    (root / "file").write_bytes(b"content")
    digest = hashlib.sha1(b"content").hexdigest()
    (root / "sha1sum.txt").write_text(digest + "  file\\n")
    checksig.check_signature(root)
    (root / "file").write_bytes(b"changed")
    try:
        checksig.check_signature(root)
        sys.exit("a changed file passed")
    except ValueError as error:
        assert str(error) == f'"{directory}/file" - mismatch', error
assert list(cookbook.normalize([1, 2, 3])) == [-1, 0, 1]
print(checksig._native.backend.name, checksig.__file__)
"""


def run(command: Sequence[object], cwd: Path, path: Optional[str] = None) -> str:
    """Runs a program as a user outside this project would; what it printed."""
    ours = ("PYTHON", "VIRTUAL_ENV", "CHECKSIG")
    kept = {name: text for name, text in os.environ.items() if not name.startswith(ours)}
    # Crates from the registry are compiled once for all tests.
    shared = {"CARGO_TARGET_DIR": str(ROOT / "target"), "PATH": path or os.environ["PATH"]}
    result = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**kept, **shared},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert result.returncode == 0, f"{command}\n{result.stdout}"
    return result.stdout


class Environment:
    """A virtual environment."""

    def __init__(self, directory: Path, interpreter: str = sys.executable) -> None:
        self.directory = directory
        self.python = directory / "bin" / "python"
        run([interpreter, "-m", "venv", directory], cwd=directory.parent)

    def pip(self, *arguments: object) -> str:
        """Runs pip in it."""
        return run([self.python, "-m", "pip", *arguments], cwd=self.directory)

    def smoke(self) -> tuple[str, Path]:
        """Uses the installed package without Rust: its backend and its directory."""
        path = f"{self.python.parent}{os.pathsep}/nonexistent"
        backend, module = run([self.python, "-c", SMOKE], self.directory, path).split()
        return backend, Path(module).resolve().parent


def only(directory: Path, pattern: str) -> Path:
    """The one file of this name pattern."""
    (found,) = directory.glob(pattern)
    return found


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sources, so that no build leaves anything in ours."""
    need("cargo")
    target = tmp_path_factory.mktemp("source") / "checksig"
    built = {ROOT / name for name in ("target", ".venv", ".git", "build", "dist")}
    built |= {ROOT / "python" / "checksig" / name for name in ("lib", "include")}

    def ignored(directory: str, names: list[str]) -> set[str]:
        return {
            name
            for name in names
            if Path(directory, name) in built or name.endswith((".egg-info", "__pycache__"))
        }

    shutil.copytree(ROOT, target, ignore=ignored)
    return target


@pytest.fixture(scope="module")
def dist(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``python setup.py bdist_wheel sdist`` makes."""
    environment = Environment(tmp_path_factory.mktemp("build") / "venv")
    environment.pip("install", "--quiet", "setuptools>=77", "setuptools-rust", "auditwheel")
    run([environment.python, "setup.py", "--quiet", "bdist_wheel", "sdist"], cwd=source)
    return source / "dist"


@pytest.fixture(scope="module")
def wheel(dist: Path) -> Path:
    """The wheel."""
    return only(dist, "*.whl")


def test_the_wheel_is_for_every_python_on_this_platform(wheel: Path) -> None:
    name, _version, python, abi, platform = wheel.stem.split("-")
    assert (name, python, abi) == ("checksig", "py3", "none")
    machine = os.uname().machine
    assert platform.endswith(f"_{machine}")
    assert platform.startswith(("manylinux_", "linux_", "musllinux_", "macosx_"))


def test_the_wheel_has_the_library_the_header_and_the_types(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        header = archive.read("checksig/include/checksig.h")
        (metadata,) = (name for name in names if name.endswith("METADATA"))
        requirements = [
            line
            for line in archive.read(metadata).decode("utf-8").splitlines()
            if line.startswith("Requires-Dist:") and "extra ==" not in line
        ]
    suffix = ".dylib" if sys.platform == "darwin" else ".so"
    libraries = {name for name in names if name.endswith((".so", ".dylib"))}
    assert libraries == {f"checksig/lib/libchecksig{suffix}"}
    assert "checksig/py.typed" in names
    assert header == (ROOT / "include" / "checksig.h").read_bytes()
    # What the command line needs; the package by itself needs nothing.
    assert requirements == ["Requires-Dist: click>=8.1", "Requires-Dist: rich>=13"]


def test_auditwheel_agrees_with_the_tag(dist: Path, wheel: Path) -> None:
    if sys.platform != "linux" or sys.version_info < (3, 10):
        pytest.skip("auditwheel needs Linux and Python 3.10")
    auditwheel = dist.parents[1] / "auditwheel"
    environment = Environment(auditwheel)
    environment.pip("install", "--quiet", "auditwheel")
    report = run([environment.python, "-m", "auditwheel", "show", wheel], cwd=dist)
    platform = wheel.stem.split("-")[-1]
    assert f'"{platform.split(".")[0]}"' in " ".join(report.split())


def interpreters() -> list[str]:
    """This CPython, and each other version that is installed."""
    found = {f"3.{sys.version_info.minor}": sys.executable}
    for version in ("3.9", "3.10", "3.11", "3.12", "3.13", "3.14"):
        path = shutil.which(f"python{version}")
        # Version managers install stand-ins for versions that are not chosen.
        if (
            path
            and subprocess.run([path, "-c", ""], capture_output=True, check=False).returncode == 0
        ):
            found.setdefault(version, path)
    return [found[version] for version in sorted(found)]


@pytest.mark.parametrize("interpreter", interpreters())
def test_the_wheel_runs_without_rust(interpreter: str, wheel: Path, tmp_path: Path) -> None:
    environment = Environment(tmp_path / "venv", interpreter)
    environment.pip("install", "--quiet", "--no-index", "--no-deps", wheel)
    backend, package = environment.smoke()
    assert backend == "ctypes"
    assert environment.directory.resolve() in package.parents


def test_the_same_wheel_passes_the_tests_on_pypy(wheel: Path, tmp_path: Path) -> None:
    environment = Environment(tmp_path / "venv", need("pypy3"))
    environment.pip("install", "--quiet", "--no-index", "--no-deps", wheel)
    assert environment.smoke()[0] == "cffi"
    environment.pip("install", "--quiet", "pytest", "dnslib", "click", "rich")
    names = ("checksig", "cookbook", "dns", "manifest", "native", "runs", "verify")
    files = [f"tests/python/test_{name}.py" for name in names]
    # PyPy 7.3.11 crashes now and then when it compiles what pytest makes of an assert.
    options = ("-q", "--assert=plain", "-p", "no:cacheprovider")
    printed = run([environment.python, "-m", "pytest", *options, *files], ROOT)
    assert " passed" in printed.splitlines()[-1]


def test_the_command_is_installed_with_what_it_needs(wheel: Path, tmp_path: Path) -> None:
    environment = Environment(tmp_path / "venv")
    environment.pip("install", "--quiet", wheel)
    command = environment.python.parent / "checksig"
    printed = run([command, "hash", "-a", "md5", wheel], tmp_path)
    assert printed.startswith(hashlib.md5(wheel.read_bytes()).hexdigest())


def test_a_c_program_links_against_the_installed_package(wheel: Path, tmp_path: Path) -> None:
    environment = Environment(tmp_path / "venv")
    environment.pip("install", "--quiet", wheel)
    asked = [
        run([environment.python, "-m", "checksig", option], tmp_path).strip()
        for option in ("--include-dir", "--library")
    ]
    include, library = map(Path, asked)
    program = tmp_path / "hello.c"
    program.write_text('#include "checksig.h"\nint main(void) { Hello(); return 0; }\n')
    directory = library.parent
    link = [f"-L{directory}", "-lchecksig", f"-Wl,-rpath,{directory}"]
    compiler = need("cc", "gcc", "clang")
    run([compiler, program, f"-I{include}", "-o", tmp_path / "hello", *link], tmp_path)
    assert run([tmp_path / "hello"], tmp_path) == "Hello! The square root of 4 is: 2\n"


def test_the_source_distribution_builds_by_itself(dist: Path, tmp_path: Path) -> None:
    sdist = only(dist, "*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"Cargo.lock", "src/lib.rs", "include/checksig.h", "LICENSE", "setup.py"} <= names
    assert not any(name.endswith((".so", ".dylib")) for name in names)
    environment = Environment(tmp_path / "venv")
    environment.pip("install", "--quiet", sdist)
    _backend, package = environment.smoke()
    assert environment.directory.resolve() in package.parents


@pytest.mark.parametrize("editable", [False, True])
def test_pip_installs_from_the_sources(editable: bool, source: Path, tmp_path: Path) -> None:
    environment = Environment(tmp_path / "venv")
    environment.pip("install", "--quiet", *(["--editable"] if editable else []), source)
    _backend, package = environment.smoke()
    where = source.resolve() if editable else environment.directory.resolve()
    assert where in package.parents


def test_pip_wheel_and_build_make_the_same_wheel(source: Path, wheel: Path, tmp_path: Path) -> None:
    environment = Environment(tmp_path / "venv")
    environment.pip("install", "--quiet", "build")
    environment.pip("wheel", "--quiet", "--no-deps", "-w", tmp_path / "pip", source)
    run([environment.python, "-m", "build", "--outdir", tmp_path / "build", source], tmp_path)
    for directory in ("pip", "build"):
        assert only(tmp_path / directory, "*.whl").name == wheel.name
    assert only(tmp_path / "build", "*.tar.gz").name == "checksig-0.1.0.tar.gz"
