"""Runs every test and prints one summary: ``make test``."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]


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


def run_pytest(name: str, backend: str, *arguments: str) -> Stage:
    """The Python tests with one of the two backends."""
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as directory:
        report = Path(directory) / "junit.xml"
        command = [sys.executable, "-m", "pytest", f"--junit-xml={report}", *arguments]
        environment = {**os.environ, "CHECKSIG_BACKEND": backend}
        succeeded = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode == 0
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


def main() -> int:
    """Runs all stages, also after one has failed; 0 where all have passed."""
    stages = [
        run_cargo(),
        run_pytest("Python, ctypes", "ctypes"),
        # What does not depend on the backend has been run by now.
        run_pytest("Python, cffi", "cffi", "-m", "not once"),
    ]
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
    return 0 if all(stage.succeeded and stage.passed for stage in stages) else 1


if __name__ == "__main__":
    sys.exit(main())
