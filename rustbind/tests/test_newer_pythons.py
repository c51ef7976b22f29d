"""What only newer versions of Python have, with one that is found: buffers of Python's classes."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

import rustbind

HERE = Path(__file__).parent

#: Lists in place as buffers: PEP 688.
BUFFERS = """
import collections.abc, gc, sys
import rustbind

lists = rustbind.load(sys.argv[1])
sheet = lists.Sheet.default()
sheet.weights.extend([1.0, 2.0, 3.0])
assert isinstance(sheet.weights, collections.abc.Buffer)
with memoryview(sheet.weights) as view:
    assert (view.format, view.shape, view.readonly) == ("d", (3,), False)
    view[1] = 20.0
    assert sheet.weight() == 24
    try:
        sheet.weights.append(4)
    except BufferError:
        pass
    else:
        sys.exit("a list was resized under a view")
del view
gc.collect()
sheet.weights.append(4)
assert bytes(sheet.corners) == bytes(8)
series = lists.Series([0.5])
assert memoryview(series).tolist() == [0.5]
gc.collect()
try:
    memoryview(sheet.tags)
except (TypeError, ValueError):
    pass
else:
    sys.exit("texts are no buffer")
del sheet, series
gc.collect()
assert lists.__live_handles__() == 0, lists.__live_handles__()
"""

#: Numbers in the memory where Rust has made them, in the format that `memoryview` reads.
MOVED = """
import collections.abc, gc, sys
import rustbind

slices = rustbind.load(sys.argv[1])
found = slices.f64.counted(100_000)
assert isinstance(found, collections.abc.Buffer)
view = memoryview(found)
assert (view.format, view.shape, view.readonly) == ("d", (100_000,), False)
assert found.buffer_info()[0] == slices.f64.address(view) == slices.LAST
view[5] = 2.5
assert found[5] == 2.5
del found
gc.collect()
assert view[4:6].tolist() == [4, 2.5]
del view
gc.collect()
assert slices.__live_handles__() == 0, slices.__live_handles__()
"""


def newer_python():
    """The newest Python from 3.12 that is installed, if there is one."""
    managed = Path.home().glob(".pyenv/versions/3.*/bin/python")
    found = [str(path) for path in managed]
    found += filter(None, (shutil.which(f"python3.{minor}") for minor in range(12, 20)))
    asked = [(version_of(path), path) for path in found]
    newer = [(version, path) for version, path in asked if version >= (3, 12)]
    return max(newer)[1] if newer else None


def version_of(python):
    line = [python, "-c", "import sys; print(*sys.version_info[:2])"]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    return tuple(map(int, done.stdout.split()))


PYTHON = newer_python()

if PYTHON:

    @pytest.mark.parametrize(("code", "crate"), [(BUFFERS, "lists"), (MOVED, "slices")])
    def test_numbers_are_buffers(code, crate):
        crate = HERE / "fixtures" / crate
        rustbind.load(crate)  # what it says while it builds is none of the test's
        line = [PYTHON, "-c", code, str(crate)]
        done = subprocess.run(line, capture_output=True, text=True, check=False, env=os.environ)
        assert (done.returncode, done.stderr) == (0, "")
