"""Builds the Rust library and packs it with its header and the Python package.

One wheel serves every CPython and PyPy: nothing in it is bound to an interpreter.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from setuptools import setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_ext import build_ext
from setuptools_rust import Binding, RustExtension

ROOT = Path(__file__).resolve().parent
EXTENSION = "checksig.lib.libchecksig"
HEADER = "include/checksig.h"


class BuildLibrary(build_ext):
    """Places the library and the header where the package looks for them.

    setuptools-rust compiles; it asks this command where the result belongs.
    """

    def get_ext_filename(self, fullname: str) -> str:
        """The library's own name, without an interpreter's tag in it."""
        suffix = ".dylib" if sys.platform == "darwin" else ".so"
        return str(Path(*fullname.split("."))) + suffix

    def run(self) -> None:
        """Copies the header beside the directory that the library goes to."""
        super().run()
        library = Path(self.get_ext_fullpath(EXTENSION))
        target = library.parent.parent / HEADER
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / HEADER, target)


class BuildWheel(bdist_wheel):
    """Tags the wheel for any Python on this platform."""

    def get_tag(self) -> tuple[str, str, str]:
        """Any Python 3, no ABI, this platform."""
        _python, _abi, platform = super().get_tag()
        return "py3", "none", platform

    def run(self) -> None:
        """Builds the wheel and, on Linux, gives it the tag that auditwheel agrees to."""
        super().run()
        _command, _version, wheel = self.distribution.dist_files[-1]
        if sys.platform == "linux" and importlib.util.find_spec("auditwheel"):
            audited = audit(Path(wheel))
            self.distribution.dist_files[-1] = ("bdist_wheel", "any", str(audited))


def audit(wheel: Path) -> Path:
    """Replaces a ``linux`` wheel by one with a manylinux tag, if it deserves one."""
    with tempfile.TemporaryDirectory(dir=wheel.parent) as directory:
        # No library is copied into the wheel, so nothing needs to be patched.
        command = [sys.executable, "-m", "auditwheel", "repair", "--patcher", "none"]
        result = subprocess.run([*command, "-w", directory, wheel], check=False)
        audited = next(Path(directory).glob("*.whl"), None)
        if result.returncode != 0 or audited is None:
            return wheel
        wheel.unlink()
        return Path(shutil.move(audited, wheel.parent))


def version() -> str:
    """The version in Cargo.toml, which is the only place that states it."""
    text = (ROOT / "Cargo.toml").read_text(encoding="utf-8")
    match = re.search(r'^version = "(.+)"$', text, re.MULTILINE)
    if match is None:
        raise ValueError("Cargo.toml states no version")
    return match.group(1)


setup(
    version=version(),
    rust_extensions=[
        RustExtension(
            EXTENSION, path="Cargo.toml", binding=Binding.NoBinding, args=["--locked"], debug=False
        )
    ],
    cmdclass={"build_ext": BuildLibrary, "bdist_wheel": BuildWheel},
    zip_safe=False,
)
