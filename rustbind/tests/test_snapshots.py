"""What is generated for a crate, file by file: a change shows what it changes.

``RUSTBIND_UPDATE=1`` writes the snapshots anew.
"""

import json
import os
import subprocess
from pathlib import Path

import pytest

from rustbind._build import program

HERE = Path(__file__).parent
FILES = ["include/hi.h", "hi/__init__.py", "hi/_bindings.py", "hi/_bindings.pyi", "shim/src/lib.rs"]


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    out = tmp_path_factory.mktemp("generated")
    crate = str(HERE / "fixtures" / "hi")
    subprocess.run([program(), "gen", crate, "-o", out], check=True, capture_output=True)
    done = subprocess.run([program(), "inspect", crate, "--json"], capture_output=True, check=True)
    model = json.loads(done.stdout)
    (out / "model.json").write_text(json.dumps(model, indent=1) + "\n")
    return out


@pytest.mark.parametrize("name", ["model.json", *FILES])
def test_snapshot(generated, name):
    found = (generated / name).read_text()
    snapshot = HERE / "snapshots" / (Path(name).name + ".txt")
    if os.environ.get("RUSTBIND_UPDATE"):
        snapshot.parent.mkdir(exist_ok=True)
        snapshot.write_text(found)
    assert found == snapshot.read_text()
