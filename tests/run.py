"""Runs every test and prints one summary: ``make test``."""

from __future__ import annotations

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
PACKAGING = "tests/python/test_packaging.py"
#: Set where every tool must be there, as in CI: a skipped test is then a failure.
FORBID_SKIPS = "CHECKSIG_FORBID_SKIPS"


class Stage(NamedTuple):
    """One run of a test runner and what it counted."""

    name: str
    succeeded: bool
    passed: int
    failed: int
    skipped: int
    seconds: float


def run_cargo() -> Stage:
    """The Rust tests: unit, integration and documentation tests, and the header."""
    start = time.monotonic()
    command = ["cargo", "test", "--workspace", "--locked", "--no-fail-fast"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    passed = failed = skipped = 0
    assert process.stdout is not None
    for line in process.stdout:
        if re.match(r"test .* \.\.\. (?!ok)", line) or not line.startswith(("test ", "running ")):
            print(line, end="")
        found = re.match(r"test result: .* (\d+) passed; (\d+) failed; (\d+) ignored", line)
        if found:
            passed += int(found[1])
            failed += int(found[2])
            skipped += int(found[3])
    succeeded = process.wait() == 0
    return Stage("Rust", succeeded, passed, failed, skipped, time.monotonic() - start)


def run_pytest(
    name: str,
    *arguments: str,
    python: str = sys.executable,
    directory: Path = ROOT,
    in_one_piece: bool = False,
    **environment: str,
) -> Stage:
    """Tests in Python, with variables of the environment.

    What is printed ``in_one_piece`` is not mixed with what another stage prints.
    """
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch) / "junit.xml"
        command = [python, "-m", "pytest", f"--junit-xml={report}", *arguments]
        variables = {**os.environ, **environment}
        output = subprocess.PIPE if in_one_piece else None
        done = subprocess.run(
            command, cwd=directory, env=variables, check=False, stdout=output, text=True
        )
        print(done.stdout or "", end="", flush=True)
        succeeded = done.returncode == 0
        suites = ElementTree.parse(report).getroot().iter("testsuite") if report.exists() else []
        counts = [0, 0, 0, 0]
        for suite in suites:
            names = ("tests", "failures", "errors", "skipped")
            counts = [total + int(suite.get(name, 0)) for total, name in zip(counts, names)]
    tests, failures, errors, skipped = counts
    failed = failures + errors
    return Stage(
        name, succeeded, tests - failed - skipped, failed, skipped, time.monotonic() - start
    )


def run_rustbind(name: str, *arguments: str, python: str = sys.executable) -> Stage:
    """The binder's tests."""
    target = ROOT / "target"
    environment = {
        "RUSTBIND": str(target / "debug" / "rustbind"),
        "RUSTBIND_CACHE": str(target / "rustbind"),
        "PYTHONPATH": str(ROOT / "rustbind" / "python"),
        # Some forty crates are built, each for a few calls: quickly, rather than to be quick.
        "CARGO_PROFILE_RELEASE_LTO": "false",
        "CARGO_PROFILE_RELEASE_CODEGEN_UNITS": "16",
        "CARGO_PROFILE_RELEASE_OPT_LEVEL": "0",
    }
    tests = ROOT / "rustbind" / "tests"
    return run_pytest(
        name, *arguments, python=python, directory=tests, in_one_piece=True, **environment
    )


def run_packaging() -> list[Stage]:
    """Packages of the library."""
    return [run_pytest("Packaging", PACKAGING, in_one_piece=True)]


def run_binder() -> list[Stage]:
    """The binder; where there is PyPy, also what it has made, which is there by then."""
    stages = [run_rustbind("rustbind")]
    pypy = ROOT / ".venv" / "pypy" / "bin" / "python"
    if pypy.exists():
        # PyPy 7.3.11 crashes now and then when it compiles what pytest makes of an assert.
        plain = ("--assert=plain", "fixtures", "crates")
        stages.append(run_rustbind("rustbind, PyPy", *plain, python=str(pypy)))
    return stages


def run_backends() -> list[Stage]:
    """The library with both backends; what does not depend on them but once."""
    without = f"--ignore={PACKAGING}"
    return [
        run_pytest("Python, ctypes", without, CHECKSIG_BACKEND="ctypes"),
        run_pytest("Python, cffi", without, "-m", "not once", CHECKSIG_BACKEND="cffi"),
    ]


def main() -> int:
    """Runs all stages, also after one has failed; 0 where all have passed."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    # A job that a script starts in the background ignores Ctrl-C, and so would the tests of it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    stages = [run_cargo()]
    build = ["cargo", "build", "--quiet", "--locked", "--package", "rustbind"]
    subprocess.run(build, cwd=ROOT, check=True)
    with ThreadPoolExecutor() as pool:
        # Compilers here, and what waits for the network there: together they take less time.
        others = [pool.submit(run_binder), pool.submit(run_packaging)]
        stages += run_backends()
        for other in others:
            stages += other.result()
    print("\nstage            passed  failed  skipped  seconds")
    for stage in stages:
        mark = "" if stage.succeeded else "  <- FAILED"
        print(
            f"{stage.name:<16} {stage.passed:>6}  {stage.failed:>6}  {stage.skipped:>7}"
            f"  {stage.seconds:>7.1f}{mark}"
        )
    passed = sum(stage.passed for stage in stages)
    failed = sum(stage.failed for stage in stages)
    skipped = sum(stage.skipped for stage in stages)
    print(f"\n{passed} passed, {failed} failed, {skipped} skipped")
    all_good = all(stage.succeeded and stage.passed for stage in stages)
    has_gap = skipped > 0 and FORBID_SKIPS in os.environ
    return 0 if all_good and not has_gap else 1


if __name__ == "__main__":
    sys.exit(main())
