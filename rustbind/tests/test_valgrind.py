"""No generated code reads or writes what is not its own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import rustbind

HERE = Path(__file__).parent


@pytest.mark.skipif(shutil.which("valgrind") is None, reason="needs valgrind")
def test_no_memory_is_misused():
    names = ("memory", "callbacks", "values", "lists", "maps", "traits", "channels", "pointers")
    names += ("slices",)
    crates = [str(HERE / "fixtures" / name) for name in names]
    for crate in crates:
        rustbind.load(crate)
    # CPython itself looks at bytes that it has not written, as some of its builds do.
    valgrind = ["valgrind", "--quiet", "--error-exitcode=9", "--undef-value-errors=no"]
    line = [*valgrind, sys.executable, str(HERE / "exercise.py"), *crates]
    environment = {**os.environ, "PYTHONMALLOC": "malloc"}
    done = subprocess.run(line, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
