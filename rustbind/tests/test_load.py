"""``load`` and ``build``: builds once, notices edits, says what is wrong."""

import doctest
import json
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

import rustbind
from rustbind._build import program

ROOT = Path(__file__).parents[1]
FIXTURES = Path(__file__).parent / "fixtures"


@pytest.fixture
def crate(tmp_path, monkeypatch):
    monkeypatch.setenv("RUSTBIND_CACHE", str(tmp_path / "cache"))
    root = tmp_path / "a crate"
    (root / "src").mkdir(parents=True)
    manifest = '[package]\nname = "little"\nversion = "0.1.0"\nedition = "2021"\n'
    (root / "Cargo.toml").write_text(manifest)
    (root / "src" / "lib.rs").write_text("/// One.\npub fn number() -> u32 { 1 }\n")
    return root


def test_an_edit_is_noticed(crate):
    first = rustbind.load(crate)
    assert first.number() == 1
    assert rustbind.load(crate) is first
    (crate / "src" / "lib.rs").write_text("pub mod more;\npub fn number() -> u32 { 2 }\n")
    (crate / "src" / "more.rs").write_text('pub fn text() -> &\'static str { "a" }\n')
    second = rustbind.load(crate)
    assert (first.number(), second.number(), second.more.text()) == (1, 2, "a")
    (crate / "src" / "more.rs").write_text('pub fn text() -> &\'static str { "b" }\n')
    assert rustbind.load(crate).more.text() == "b"


def test_another_process_imports_what_was_built(crate):
    rustbind.load(crate)
    code = "import rustbind, sys; print(rustbind.load(sys.argv[1]).number())"
    line = [sys.executable, "-c", code, str(crate)]
    done = subprocess.run(line, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("1\n", "")


def test_the_file_beside_the_crate_is_an_input(crate):
    assert rustbind.load(crate).number() == 1
    (crate / "rustbind.toml").write_text('rename = { number = "count" }\n')
    assert rustbind.load(crate).count() == 1


def test_errors_in_the_crate_are_shown_as_cargo_shows_them(crate, capfd):
    (crate / "src" / "lib.rs").write_text("pub fn number() -> u32 { missing() }\n")
    with pytest.raises(rustbind.RustbindError, match="a crate: cargo check failed"):
        rustbind.load(crate)
    assert "cannot find function `missing`" in capfd.readouterr().err


def test_what_is_no_crate(tmp_path):
    with pytest.raises(rustbind.RustbindError, match=r"Cargo\.toml: No such file"):
        rustbind.load(tmp_path)
    with pytest.raises(rustbind.RustbindError, match="missing: No such file"):
        rustbind.load(tmp_path / "missing")


def test_no_program(crate, tmp_path, monkeypatch):
    monkeypatch.setenv("RUSTBIND", str(tmp_path / "nowhere"))
    with pytest.raises(rustbind.RustbindError, match="nowhere"):
        rustbind.load(crate)


def test_a_wheel_is_for_every_python(crate, tmp_path):
    wheel = rustbind.build(crate, tmp_path)
    assert wheel.name.startswith("little-0.1.0-py3-none-")
    assert wheel.stat().st_size < 600 * 1024
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    install = [python, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", wheel]
    subprocess.run(install, check=True)
    check = [python, "-c", "import little; assert little.number() == 1"]
    subprocess.run(check, check=True, cwd=tmp_path)


def test_sources_that_are_kept_build_a_wheel(crate, tmp_path):
    out = tmp_path / "out"
    subprocess.run([program(), "gen", crate, "-o", out], check=True, capture_output=True)
    assert {path.name for path in out.iterdir()} == {"include", "little", "setup.py", "shim"}
    header = (out / "include" / "little.h").read_text()
    assert "int64_t little_number(void);" in header
    flags = ["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only"]
    subprocess.run(["cc", *flags, out / "include" / "little.h"], check=True)
    setup = [sys.executable, "setup.py", "--quiet", "bdist_wheel"]
    subprocess.run(setup, cwd=out, check=True, capture_output=True)
    (wheel,) = (out / "dist").iterdir()
    with zipfile.ZipFile(wheel) as archive:
        shipped = {Path(name).name for name in archive.namelist()}
    assert {"py.typed", "_bindings.pyi", library_of(out / "little")} < shipped


def library_of(package):
    """The library's name in a package's sources."""
    config = (package / "_config.py").read_text()
    return config.partition('LIBRARY = "')[2].partition('"')[0]


def test_inspect():
    line = [program(), "inspect", str(FIXTURES / "memory")]
    done = subprocess.run(line, capture_output=True, text=True, check=True)
    last = done.stdout.splitlines()[-1]
    assert last.startswith("memory: ")
    assert last.endswith("3 skipped")
    model = json.loads(subprocess.run([*line, "--json"], capture_output=True, check=True).stdout)
    assert (model["format"], model["name"]) == (1, "memory")


def test_two_modules_live_in_one_process():
    hi, memory = rustbind.load(FIXTURES / "hi"), rustbind.load(FIXTURES / "memory")
    counted = memory.Counted(1)
    with pytest.raises(TypeError, match="expected Person, got Counted"):
        hi.Person("Ann", 1).greet(counted)
    with pytest.raises(hi.RustPanic):
        hi.fail("one")
    with pytest.raises(memory.RustPanic):
        counted.break_off()
    counted.close()


def test_the_examples_of_the_readme_run():
    failed, tried = doctest.testfile(str(ROOT / "README.md"), module_relative=False)
    assert tried
    assert not failed
