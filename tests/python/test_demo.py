"""The demo shows what it promises."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from conftest import ROOT

pytestmark = pytest.mark.once


def test_the_demo_finds_the_bad_log_and_the_flipped_bit() -> None:
    command = [sys.executable, "examples/demo.py"]
    result = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    printed = result.stdout
    verdicts = re.findall(r"httpd-(\d\d)\.log: (\w+)", printed)
    assert verdicts == [(f"{i:02}", "MISMATCH" if i == 8 else "OK") for i in range(10)]
    assert 'httpd-08.log" - mismatch' in printed
    runs = re.findall(r"(\d+) files, .* MB in .* s: (.*)", printed)
    (files, all_ok), (_files, one_bad) = runs
    assert int(files) > 1000
    assert all_ok == f"{files} OK"
    assert one_bad == f"{int(files) - 1} OK, 1 MISMATCH"
    victim = re.search(r"one bit of (\S+) flipped", printed)
    assert victim is not None
    assert printed.rstrip().endswith(f"{victim[1]}: MISMATCH")
