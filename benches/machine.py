"""Where and when a run was: the machine, the versions, the commit."""

from __future__ import annotations

import datetime
import os
import platform
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy

import checksig

__all__ = ["facts"]

PROJECT = Path(__file__).resolve().parents[1]

#: The CPU's features that kernels use, as Linux names them.
FEATURES = {"sha_ni": "SHA-NI", "avx2": "AVX2", "avx512bw": "AVX-512"}

#: Programs that say their version, and with what arguments.
PROGRAMS = {
    "rustc": ["--version"],
    "cc": ["--version"],
    "sha1sum": ["--version"],
    "openssl": ["version"],
    "rhash": ["--version"],
    "hashdeep": ["-V"],
    "go": ["version"],
    "picca": ["--version"],
    "b3sum": ["--version"],
}


def facts(directory: Path) -> list[tuple[str, str]]:
    """What to know about a run whose corpora are in the directory."""
    return [
        ("Date", datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")),
        ("checksig", f"{checksig.__version__}, commit {_commit()}"),
        ("CPU", _cpu()),
        ("Memory", f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30:.0f} GiB"),
        ("System", _system()),
        ("File system", _output(["stat", "-f", "-c", "%T", str(directory)])),
        ("Python", f"{platform.python_implementation()} {platform.python_version()}"),
        ("numpy, matplotlib", f"{numpy.__version__}, {matplotlib.__version__}"),
        *_versions(),
    ]


def _commit() -> str:
    commit = _output(["git", "rev-parse", "--short=12", "HEAD"])
    changed = _output(["git", "status", "--porcelain", "--untracked-files=no", "--", ":!docs"])
    return f"{commit} with changes" if changed else commit


def _cpu() -> str:
    try:
        info = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        info = ""
    model = re.search(r"^model name\s*: (.*)$", info, re.MULTILINE)
    flags = re.search(r"^flags\s*: (.*)$", info, re.MULTILINE)
    known = flags[1].split() if flags else []
    features = [name for flag, name in FEATURES.items() if flag in known]
    name = model[1] if model else platform.processor() or platform.machine()
    return f"{os.cpu_count()} x {name}" + "".join(f", {feature}" for feature in features)


def _system() -> str:
    try:
        release = platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, AttributeError, KeyError):
        release = platform.system()
    return f"{release}, {platform.system()} {platform.release()}"


def _versions() -> list[tuple[str, str]]:
    return [
        (name, _output([name, *arguments]).partition("\n")[0])
        for name, arguments in PROGRAMS.items()
        if shutil.which(name)
    ]


def _output(command: Sequence[str]) -> str:
    """What a command prints; nothing where it fails or is not there."""
    try:
        done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()
