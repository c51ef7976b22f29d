"""The program: its options, what it says, and what goes wrong."""

import json
import os
import stat
import subprocess
import zipfile

import pytest

from rustbind._build import program

LIBRARY = """\
//! A little crate.

/// A person.
pub struct Person {
    /// The name.
    pub name: String,
}

impl Person {
    /// Says hello.
    pub fn greet(&self) -> String {
        format!("Hello from {}", self.name)
    }
}

/// One.
pub fn number() -> u32 {
    1
}

/// Two, with a feature.
#[cfg(feature = "more")]
pub fn more() -> u32 {
    2
}

#[cfg(feature = "usual")]
pub fn usual() -> u32 {
    3
}
"""
MANIFEST = """\
[package]
name = "little"
version = "0.1.0"
edition = "2021"

[features]
default = ["usual"]
usual = []
more = []
"""


@pytest.fixture
def crate(tmp_path, monkeypatch):
    monkeypatch.setenv("RUSTBIND_CACHE", str(tmp_path / "cache"))
    root = tmp_path / "little"
    (root / "src").mkdir(parents=True)
    (root / "Cargo.toml").write_text(MANIFEST)
    (root / "src" / "lib.rs").write_text(LIBRARY)
    return root


def run(*arguments, succeeds=True, **environment):
    """What the program prints, and what it says on the side."""
    line = [program(), *map(str, arguments)]
    variables = {**os.environ, **environment}
    done = subprocess.run(line, capture_output=True, text=True, env=variables, check=False)
    assert (done.returncode == 0) == succeeds, done.stderr
    return done.stdout, done.stderr


def functions(crate, *options):
    printed, _ = run("inspect", crate, "--json", *options)
    return [each["name"] for each in json.loads(printed)["functions"]]


def refused(*arguments, **environment):
    """The last line of what the program says where it fails."""
    _, said = run(*arguments, succeeds=False, **environment)
    return said[said.rindex("rustbind: ") :].strip()


def test_features(crate):
    assert functions(crate) == ["number", "usual"]
    assert functions(crate, "--features", "more") == ["more", "number", "usual"]
    assert functions(crate, "--no-default-features") == ["number"]
    assert "does not have" in run("inspect", crate, "--features", "most", succeeds=False)[1]


def test_rename_and_exclude(crate, tmp_path):
    names = ["--rename", "number=count", "--rename", "little::Person::greet=hello"]
    run("gen", crate, *names, "--exclude", "usual", "-o", tmp_path / "out")
    stub = (tmp_path / "out" / "little" / "_bindings.pyi").read_text()
    assert "def hello(self) -> str" in stub
    assert "# not bound: little::usual: excluded on request" in stub
    public = (tmp_path / "out" / "little" / "__init__.py").read_text()
    assert "import number as count" in public


def test_instances(crate):
    source = crate / "src" / "lib.rs"
    source.write_text(source.read_text() + "/// Same.\npub fn same<T>(value: T) -> T { value }\n")
    found = functions(crate, "--instantiate", "same<u8>", "--instantiate", "little::same<bool>")
    assert {"same_u8", "same_bool"} < set(found)
    assert "same_i64" not in found
    for wrong in ("some<u8>", "same<u9>", "same<u8, u8>", "same"):
        said = refused("inspect", crate, "--instantiate", wrong)
        assert said == f"rustbind: the crate has nothing that could be bound as `{wrong}`"


def test_paths_that_nothing_has(crate):
    assert refused("inspect", crate, "--exclude", "nmber") == (
        "rustbind: the crate has no item `nmber` to leave out or rename"
    )
    assert "no item `Person::meet`" in refused("inspect", crate, "--rename", "Person::meet=x")
    assert "--rename takes PATH=NAME" in refused("inspect", crate, "--rename", "number")
    assert "`2x` is no name in Python" in refused("inspect", crate, "--rename", "number=2x")


def test_name_and_version_of_the_package(crate, tmp_path):
    options = ["--name", "tiny", "--package-version", "2.0rc1", "-o", tmp_path]
    printed, _ = run("build", crate, *options)
    (wheel,) = tmp_path.glob("*.whl")
    assert printed.splitlines()[-1] == str(wheel)
    assert wheel.name.startswith("tiny-2.0rc1-py3-none-")
    with zipfile.ZipFile(wheel) as archive:
        metadata = archive.read("tiny-2.0rc1.dist-info/METADATA").decode()
        assert "tiny/__init__.py" in archive.namelist()
    assert "Name: tiny\nVersion: 2.0rc1\n" in metadata
    assert "is no name in Python" in refused("build", crate, "--name", "a/b")
    assert "is no version" in refused("build", crate, "--package-version", "../2")


SIDECAR = """\
name = "tiny"
version = "3.0"
features = ["more"]
exclude = ["usual"]

[rename]
number = "count"
"""


def test_the_file_beside_the_crate(crate, tmp_path):
    (crate / "rustbind.toml").write_text(SIDECAR)
    run("gen", crate, "-o", tmp_path / "out")
    public = (tmp_path / "out" / "tiny" / "__init__.py").read_text()
    assert "import number as count" in public
    assert '__version__ = "3.0"' in public
    assert '"more"' in public
    # The command line goes before.
    run("gen", crate, "--name", "other", "--rename", "number=sum", "-o", tmp_path / "again")
    assert "import number as sum" in (tmp_path / "again" / "other" / "__init__.py").read_text()


def test_the_file_may_be_elsewhere(crate, tmp_path):
    config = tmp_path / "config.toml"
    config.write_text("no-default-features = true\n")
    assert functions(crate, "--config", config) == ["number"]
    config.write_text('excluded = ["usual"]\n')
    said = refused("inspect", crate, "--config", config)
    assert f"{config}: " in said
    assert "unknown field `excluded`" in said
    config.write_text("name = 3\n")
    assert "expected a string" in refused("inspect", crate, "--config", config)
    assert "missing.toml" in refused("inspect", crate, "--config", tmp_path / "missing.toml")


def test_a_crate_of_the_registry(tmp_path, monkeypatch):
    printed, _ = run("inspect", "fnv@1.0.7")
    assert printed.splitlines()[-1].startswith("fnv: ")
    # Its source is there now: nothing else is needed.
    work = tmp_path / "work"
    run("inspect", "fnv@1.0.7", "--offline", "--work", work)
    unreachable = {"CARGO_HTTP_PROXY": "127.0.0.1:1", "CARGO_NET_RETRY": "0"}
    run("inspect", "fnv@1.0.7", "--work", tmp_path / "other", **unreachable)


def test_without_a_network_and_without_the_crate(tmp_path):
    home = {"CARGO_HOME": str(tmp_path / "home")}
    options = ["--offline", "--work", tmp_path / "work"]
    _, said = run("inspect", "fnv@1.0.7", *options, succeeds=False, **home)
    assert "no matching package named `fnv` found" in said
    assert said.endswith("rustbind: cargo metadata failed\n")


def test_what_takes_time_is_said(crate):
    _, said = run("inspect", crate)
    lines = said.splitlines()
    assert lines[0] == "rustbind: reading the crate"
    assert any(line.strip().startswith("Documenting little") for line in lines)
    assert "rustbind: checking the bindings" in lines
    assert "\x1b" not in said


def test_no_such_crate(tmp_path):
    assert "missing" in refused("inspect", tmp_path / "missing")
    assert "Cargo.toml" in refused("inspect", tmp_path)
    assert "needed; --help" in refused("inspect")
    assert "no command is called `bind`" in refused("bind", tmp_path)
    assert "--speed" in refused("inspect", tmp_path, "--speed")


def test_a_workspace_is_no_crate(crate):
    (crate.parent / "Cargo.toml").write_text('[workspace]\nmembers = ["little"]\n')
    assert "name one of its crates" in refused("inspect", crate.parent)


def test_errors_are_shown_as_cargo_shows_them(crate):
    (crate / "src" / "lib.rs").write_text("pub fn number() -> u32 { missing() }\n")
    _, said = run("inspect", crate, succeeds=False)
    assert "error[E0425]: cannot find function `missing`" in said
    assert "1 | pub fn number() -> u32 { missing() }" in said
    assert said.endswith("rustbind: cargo check failed\n")
    (crate / "Cargo.toml").write_text("[package]\nname = little\n")
    assert "Cargo.toml:2" in run("inspect", crate, succeeds=False)[1]


def test_a_crate_without_a_library(crate):
    (crate / "src" / "lib.rs").rename(crate / "src" / "main.rs")
    assert refused("inspect", crate) == "rustbind: `little` has no library to bind"


def test_no_cargo(crate):
    said = refused("inspect", crate, CARGO="/nowhere/cargo")
    assert "`/nowhere/cargo` cannot be run" in said
    assert "rustup.rs" in said


def test_another_rustdoc(crate, tmp_path):
    rustdoc = tmp_path / "rustdoc"
    out = 'find "${CARGO_TARGET_DIR}/doc" -name "*.json"'
    change = 's/"format_version":[0-9]*/"format_version":1/'
    rustdoc.write_text(f"#!/bin/sh\nrustdoc \"$@\" && {out} -exec sed -i '{change}' {{}} +\n")
    rustdoc.chmod(rustdoc.stat().st_mode | stat.S_IXUSR)
    said = refused("inspect", crate, RUSTBIND_RUSTDOC=str(rustdoc))
    assert "has format 1; this rustbind reads" in said
    assert "Rust 1.95" in said


def test_output_that_cannot_be_written(crate, tmp_path):
    (tmp_path / "file").write_text("")
    for command in ("build", "gen"):
        assert "file/out: " in refused(command, crate, "-o", tmp_path / "file" / "out")


def test_help():
    assert "rustbind inspect CRATE" in run("--help")[0]
    assert run("--version")[0].startswith("rustbind ")
