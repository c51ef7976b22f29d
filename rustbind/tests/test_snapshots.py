"""What is generated, file by file: a change shows what it changes.

``RUSTBIND_UPDATE=1`` writes the snapshots anew.
"""

import json
import os
import subprocess
from pathlib import Path

import pytest

import rustbind
from rustbind._build import program

HERE = Path(__file__).parent
FIXTURES = HERE / "fixtures"
FILES = ["include/hi.h", "hi/__init__.py", "hi/_bindings.py", "hi/_bindings.pyi", "shim/src/lib.rs"]
#: What `hi` does not have: of these without what is the same for every crate.
FEATURES = ("callbacks", "channels", "errors", "maps", "pointers", "statics", "traits")


def compare(snapshot, found):
    if os.environ.get("RUSTBIND_UPDATE"):
        snapshot.parent.mkdir(exist_ok=True)
        snapshot.write_text(found)
    assert found == snapshot.read_text()


def generate(out):
    crate = str(FIXTURES / "hi")
    subprocess.run([program(), "gen", crate, "-o", out], check=True, capture_output=True)
    done = subprocess.run([program(), "inspect", crate, "--json"], capture_output=True, check=True)
    model = json.loads(done.stdout)
    (out / "model.json").write_text(json.dumps(model, indent=1) + "\n")


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    out = tmp_path_factory.mktemp("generated")
    generate(out)
    return out


@pytest.mark.parametrize("name", ["model.json", *FILES])
def test_snapshot(generated, name):
    found = (generated / name).read_text()
    compare(HERE / "snapshots" / "hi" / (Path(name).name + ".txt"), found)


def tree(root):
    return {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_generating_again_changes_nothing(generated):
    before = tree(generated)
    generate(generated)
    assert tree(generated) == before


@pytest.mark.parametrize("name", FEATURES)
def test_snapshot_of_a_feature(name):
    package = Path(rustbind.load(FIXTURES / name).__file__).parent
    _, _, bindings = (package / "_bindings.py").read_text().partition("_n_u8 = ")
    compare(HERE / "snapshots" / name / "_bindings.py.txt", bindings.partition("\n")[2])
    shim = (package.parents[1] / "work" / "src" / "lib.rs").read_text()
    own = shim.rpartition(f"packed!({name}_rt_")[2].partition("\n\n")[2]
    compare(HERE / "snapshots" / name / "lib.rs.txt", own)
