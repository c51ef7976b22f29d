"""The stubs of all fixtures are what a strict type checker accepts."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import rustbind

FIXTURES = Path(__file__).parent / "fixtures"
OPTIONS = {
    "names": {"exclude": ["unwanted"], "rename": {"names::old_name": "new_name"}},
}


@pytest.fixture(scope="module")
def packages():
    loaded = []
    for manifest in sorted(FIXTURES.glob("*/Cargo.toml")):
        module = rustbind.load(manifest.parent, **OPTIONS.get(manifest.parent.name, {}))
        loaded.append(Path(module.__file__).parent)
    return loaded


def test_a_strict_type_checker_accepts_the_stubs(packages, tmp_path):
    pytest.importorskip("mypy")
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path)]
    for package in packages:
        command += ["-p", package.name]
    path = os.pathsep.join(str(package.parent) for package in packages)
    done = subprocess.run(
        command, env={**os.environ, "MYPYPATH": path}, stdout=subprocess.PIPE, text=True
    )
    assert done.returncode == 0, done.stdout
