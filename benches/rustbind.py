"""What a call of a bound crate costs, beside other ways into Rust: ``python -m benches.rustbind``.

Needs the package ``rustbind`` and its program. Peers are made where they can be: plain ctypes,
cffi's API mode (needs cffi, setuptools and a C compiler), PyO3 (needs its crates). Writes
``docs/benchmarks/rustbind.md``; under PyPy, or with ``--print``, it prints only.
"""

from __future__ import annotations

import ctypes
import functools
import importlib.util
import os
import platform
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
import timeit
from array import array
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import rustbind

TARGET = Path(__file__).resolve().parents[1] / "docs" / "benchmarks" / "rustbind.md"
ROUNDS = 9
MILLION = 1_000_000
PYPY = platform.python_implementation() == "PyPy"

MANIFEST = """\
[package]
name = "{name}"
version = "1.0.0"
edition = "2021"

[workspace]
{more}
"""
LIBRARY = """\
pub fn add(a: i64, b: i64) -> i64 { a.wrapping_add(b) }

pub fn echo(text: &str) -> String { text.to_owned() }

pub fn count(numbers: &[f64]) -> usize { numbers.len() }

#[derive(Default)]
pub struct Counter { number: u64 }

impl Counter {
    pub fn number(&self) -> u64 { self.number }
}
"""
#: The same by hand: what ctypes and cffi call.
PLAIN = """\
#[no_mangle]
pub extern "C" fn plain_add(a: i64, b: i64) -> i64 { a.wrapping_add(b) }

/// Copies the text into `out`, which has room for it.
#[no_mangle]
pub unsafe extern "C" fn plain_echo(text: *const u8, length: usize, out: *mut u8) -> usize {
    let owned = std::str::from_utf8(std::slice::from_raw_parts(text, length)).map(str::to_owned);
    let owned = owned.unwrap_or_default();
    out.copy_from_nonoverlapping(owned.as_ptr(), owned.len());
    owned.len()
}

#[no_mangle]
pub unsafe extern "C" fn plain_count(numbers: *const f64, length: usize) -> usize {
    std::slice::from_raw_parts(numbers, length).len()
}
"""
DECLARATIONS = """
int64_t plain_add(int64_t, int64_t);
size_t plain_echo(const char *, size_t, char *);
size_t plain_count(const double *, size_t);
"""
NEEDS_PYO3 = """\
[lib]
crate-type = ["cdylib"]

[dependencies]
pyo3 = { version = "0.25", features = ["extension-module"] }
"""
PYO3 = """\
use pyo3::buffer::PyBuffer;
use pyo3::prelude::*;

#[pyfunction]
fn add(a: i64, b: i64) -> i64 { a.wrapping_add(b) }

#[pyfunction]
fn echo(text: &str) -> String { text.to_owned() }

#[pyfunction]
fn count(numbers: PyBuffer<f64>) -> usize { numbers.item_count() }

#[pyclass]
#[derive(Default)]
struct Counter { number: u64 }

#[pymethods]
impl Counter {
    #[new]
    fn new() -> Self { Self::default() }

    fn number(&self) -> u64 { self.number }
}

#[pymodule]
fn figures_pyo3(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(add, module)?)?;
    module.add_function(wrap_pyfunction!(echo, module)?)?;
    module.add_function(wrap_pyfunction!(count, module)?)?;
    module.add_class::<Counter>()
}
"""
#: Loads a crate that was built before, in a process of its own.
CACHED = """
import sys, time
import rustbind
start = time.perf_counter()
rustbind.load(sys.argv[1])
print(time.perf_counter() - start)
"""

#: A peer's functions by the names of the calls.
Peer = Mapping[str, Callable[..., Any]]


class Figure(NamedTuple):
    """One figure: what, how much, its unit, and how much it may be."""

    what: str
    found: float
    unit: str
    wanted: float


class NotMadeError(Exception):
    """A peer cannot be made here."""


def nanoseconds(call: str, names: dict[str, Any], number: int) -> float:
    """The median of what one evaluation takes."""
    found = timeit.repeat(call, globals=names, number=number, repeat=ROUNDS)
    return statistics.median(found) / number * 1e9


def crate(directory: Path, name: str, source: str, more: str = "") -> Path:
    """Writes a crate."""
    root = directory / name
    (root / "src").mkdir(parents=True)
    (root / "Cargo.toml").write_text(MANIFEST.format(name=name, more=more))
    (root / "src" / "lib.rs").write_text(source)
    return root


def compiled(root: Path, name: str) -> Path:
    """The shared library of a crate, optimised as rustbind's shims are."""
    profile = {"CARGO_PROFILE_RELEASE_LTO": "true", "CARGO_PROFILE_RELEASE_CODEGEN_UNITS": "1"}
    command = ["cargo", "build", "--release", "--quiet"]
    done = subprocess.run(
        command, cwd=root, env={**os.environ, **profile}, capture_output=True, text=True
    )
    if done.returncode:
        raise NotMadeError(done.stderr.strip())
    return next(
        path for path in (root / "target" / "release").glob(f"*{name}.*") if is_library(path)
    )


def is_library(path: Path) -> bool:
    """Whether a file is a shared library, by its name."""
    return path.suffix in (".so", ".dylib")


@functools.lru_cache(maxsize=1)
def plain(directory: Path) -> Path:
    """The library by hand."""
    kind = '[lib]\ncrate-type = ["cdylib"]'
    return compiled(crate(directory, "plain", PLAIN, kind), "plain")


def by_ctypes(directory: Path) -> Peer:
    """Plain ctypes with argument types."""
    library = ctypes.CDLL(str(plain(directory)))
    add, echo, count = library.plain_add, library.plain_echo, library.plain_count
    add.argtypes, add.restype = [ctypes.c_int64, ctypes.c_int64], ctypes.c_int64
    echo.argtypes, echo.restype = (
        [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p],
        ctypes.c_size_t,
    )
    count.argtypes, count.restype = [ctypes.c_void_p, ctypes.c_size_t], ctypes.c_size_t

    def echo_text(text: str) -> str:
        data = text.encode()
        out = ctypes.create_string_buffer(len(data))
        return out.raw[: echo(data, len(data), out)].decode()

    def count_numbers(numbers: array[float]) -> Any:
        memory = (ctypes.c_double * len(numbers)).from_buffer(numbers)
        return count(ctypes.addressof(memory), len(numbers))

    return {"add": add, "echo": echo_text, "count": count_numbers}


def by_cffi(directory: Path) -> Peer:
    """The API mode of cffi: a module in C that is compiled."""
    try:
        cffi = importlib.import_module("cffi")
    except ImportError:
        raise NotMadeError("cffi is not installed") from None
    library = plain(directory).parent
    builder = cffi.FFI()
    builder.cdef(DECLARATIONS)
    where = {"library_dirs": [str(library)], "runtime_library_dirs": [str(library)]}
    builder.set_source("figures_cffi", DECLARATIONS, libraries=["plain"], **where)
    module = imported("figures_cffi", Path(builder.compile(tmpdir=str(directory))))
    ffi, lib = module.ffi, module.lib

    def echo_text(text: str) -> str:
        data = text.encode()
        out = ffi.new("char[]", len(data))
        return str(ffi.buffer(out, lib.plain_echo(data, len(data), out))[:], "utf-8")

    def count_numbers(numbers: array[float]) -> Any:
        return lib.plain_count(ffi.from_buffer("double[]", numbers), len(numbers))

    return {"add": lib.plain_add, "echo": echo_text, "count": count_numbers}


def by_pyo3(directory: Path) -> Peer:
    """PyO3, with its functions written for Python."""
    os.environ.setdefault("PYO3_PYTHON", sys.executable)
    library = compiled(crate(directory, "figures_pyo3", PYO3, NEEDS_PYO3), "figures_pyo3")
    named = directory / f"figures_pyo3{sysconfig.get_config_var('EXT_SUFFIX')}"
    module = imported("figures_pyo3", library.rename(named))
    return {
        "add": module.add,
        "echo": module.echo,
        "count": module.count,
        "number": module.Counter().number,
    }


def imported(name: str, path: Path) -> Any:
    """Imports a module from its file."""
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise NotMadeError(f"{path} is no module")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MAKERS = {"plain ctypes": by_ctypes, "cffi, API mode": by_cffi, "PyO3": by_pyo3}
#: What each call is, how often it is made in one round, and how it is shown.
CALLS = {
    "add": ("add(2, 3)", 200_000, "`add(i64, i64)`"),
    "number": ("number()", 200_000, "a method"),
    "echo": ("echo(text)", 50_000, "a text of 1 KiB, in and out"),
    "count": ("count(buffer)", 50_000, "a buffer of a million doubles"),
}


def peers(directory: Path) -> dict[str, Peer]:
    """Those that can be made here; of the others it is said why not."""
    found: dict[str, Peer] = {}
    for name, make in MAKERS.items():
        try:
            found[name] = make(directory)
        except NotMadeError as error:
            print(f"{name} is left out: {str(error).splitlines()[-1]}", file=sys.stderr)
    return found


def timings(contenders: Mapping[str, Peer]) -> dict[str, dict[str, float]]:
    """Nanoseconds of each call of each contender, in rotating order."""
    values = {"text": "x" * 1024, "buffer": array("d", bytes(8 * MILLION))}
    found: dict[str, dict[str, list[float]]] = {
        name: {call: [] for call in calls} for name, calls in contenders.items()
    }
    names = list(contenders)
    for round_ in range(ROUNDS):
        shift = round_ % len(names)
        for name in names[shift:] + names[:shift]:
            for call, function in contenders[name].items():
                line, number, _ = CALLS[call]
                took = timeit.timeit(line, globals={**values, call: function}, number=number)
                found[name][call].append(took / number * 1e9)
    return {
        name: {call: statistics.median(took) for call, took in calls.items()}
        for name, calls in found.items()
    }


def cached_load(root: Path) -> float:
    """The median of a ``load`` of what was built before, each in a new process."""
    took = []
    for _ in range(ROUNDS):
        line = [sys.executable, "-c", CACHED, str(root)]
        done = subprocess.run(line, check=True, capture_output=True, text=True)
        took.append(float(done.stdout))
    return statistics.median(took)


def measure(directory: Path) -> tuple[list[Figure], dict[str, dict[str, float]]]:
    """The figures that are wanted, and all calls of all contenders."""
    root = crate(directory, "figures", LIBRARY)
    start = time.perf_counter()
    module = rustbind.load(root)
    first = time.perf_counter() - start
    cached, wheel = cached_load(root), rustbind.build(root, directory)
    ours = {name: getattr(module, name) for name in ("add", "echo", "count")}
    ours["number"] = module.Counter().number
    found = timings({"rustbind": ours, **peers(directory)})
    numbers = found["rustbind"]
    items = {"count": module.count, "items": [1.0] * MILLION}
    listed = nanoseconds("count(items)", items, 3) / 1e6
    wanted = {"add": 30 if PYPY else 300, "number": 300, "echo": 800, "count": 600}
    figures = [Figure(CALLS[call][2], numbers[call], "ns", most) for call, most in wanted.items()]
    if "plain ctypes" in found:
        ratio = numbers["add"] / found["plain ctypes"]["add"]
        figures.insert(1, Figure("`add` / plain ctypes with `argtypes`", ratio, "", 0.75))
    figures += [
        Figure("a list of a million floats", listed, "ms", 10),
        Figure("first `load` of a small crate", first, "s", 15),
        Figure("`load` of it in a new process", cached * 1e3, "ms", 50),
        Figure("its wheel", wheel.stat().st_size / 1024, "KiB", 600),
    ]
    return figures, found


def report(figures: list[Figure], found: dict[str, dict[str, float]]) -> str:
    """The results as Markdown."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    lines = [
        "# rustbind",
        "",
        "Written by `python -m benches.rustbind`: a small crate without dependencies, medians of "
        f"{ROUNDS} rounds in one run, {python}, {os.cpu_count()} processors.",
        "",
        "| | wanted, at most | found | reached |",
        "| --- | ---: | ---: | --- |",
    ]
    for what, got, unit, wanted in figures:
        reached = "yes" if got <= wanted else "no"
        lines.append(f"| {what} | {wanted:g} {unit} | {got:.3g} {unit} | {reached} |")
    lines += [
        "",
        "The same functions by other ways, in nanoseconds; in brackets: what rustbind takes is 1.",
        "",
        f"| | {' | '.join(found)} |",
        f"| --- |{' ---: |' * len(found)}",
    ]
    for call, (_, _, what) in CALLS.items():
        ours = found["rustbind"][call]
        cells = [
            f"{calls[call]:,.0f} ({calls[call] / ours:.2f})" if call in calls else "-"
            for calls in found.values()
        ]
        lines.append(f"| {what} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measures, in a directory and a cache of its own, prints, and writes the document."""
    with tempfile.TemporaryDirectory(prefix="rustbind-bench-") as directory:
        os.environ["RUSTBIND_CACHE"] = str(Path(directory, "cache"))
        text = report(*measure(Path(directory)))
    print(text)
    if not PYPY and "--print" not in sys.argv:
        TARGET.write_text(text)


if __name__ == "__main__":
    main()
