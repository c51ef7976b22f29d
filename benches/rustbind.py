"""What a call of a bound crate costs, beside plain ctypes: ``python -m benches.rustbind``.

Needs the package ``rustbind`` and its program. Writes ``docs/benchmarks/rustbind.md``; under PyPy
it prints only.
"""

from __future__ import annotations

import ctypes
import os
import platform
import statistics
import sys
import tempfile
import time
import timeit
from array import array
from collections.abc import Callable
from pathlib import Path
from typing import Any

import rustbind

TARGET = Path(__file__).resolve().parents[1] / "docs" / "benchmarks" / "rustbind.md"
ROUNDS = 9
MILLION = 1_000_000

MANIFEST = '[package]\nname = "figures"\nversion = "1.0.0"\nedition = "2021"\n'
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


def nanoseconds(call: str, names: dict[str, Any], number: int) -> float:
    """The median of what one evaluation takes."""
    found = timeit.repeat(call, globals=names, number=number, repeat=ROUNDS)
    return statistics.median(found) / number * 1e9


def plain_add(module: Any) -> Callable[[int, int], int]:
    """The same function of the same library by ctypes, with its argument types."""
    library = next(Path(module.__file__).parent.glob("libfigures.*"))
    function = ctypes.CDLL(str(library)).figures_add
    function.argtypes = [ctypes.c_int64, ctypes.c_int64]
    function.restype = ctypes.c_int64
    return function


def measure(crate: Path) -> list[tuple[str, float, str, float]]:
    """Each figure: what, how much, its unit, and how much it may be."""
    start = time.perf_counter()
    module = rustbind.load(crate)
    first = time.perf_counter() - start
    start = time.perf_counter()
    rustbind.load(crate)
    cached = time.perf_counter() - start
    wheel = rustbind.build(crate, crate.parent)
    names = {
        "add": module.add,
        "plain": plain_add(module),
        "echo": module.echo,
        "count": module.count,
        "number": module.Counter().number,
        "text": "x" * 1024,
        "buffer": array("d", bytes(8 * MILLION)),
        "items": [1.0] * MILLION,
    }
    pypy = platform.python_implementation() == "PyPy"
    add = nanoseconds("add(2, 3)", names, 200_000)
    plain = nanoseconds("plain(2, 3)", names, 200_000)
    return [
        ("`add(i64, i64)`", add, "ns", 30 if pypy else 300),
        ("`add` / plain ctypes with `argtypes`", add / plain, "", 0.75),
        ("a text of 1 KiB, in and out", nanoseconds("echo(text)", names, 50_000), "ns", 800),
        ("a method", nanoseconds("number()", names, 200_000), "ns", 300),
        ("a buffer of a million doubles", nanoseconds("count(buffer)", names, 50_000), "ns", 600),
        ("a list of a million floats", nanoseconds("count(items)", names, 3) / 1e6, "ms", 10),
        ("first `load`", first, "s", 15),
        ("`load` again, in one process", cached * 1e3, "ms", 50),
        ("the wheel", wheel.stat().st_size / 1024, "KiB", 600),
    ]


def report(figures: list[tuple[str, float, str, float]]) -> str:
    """The results as Markdown."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    lines = [
        "# rustbind",
        "",
        "Written by `python -m benches.rustbind`: medians of "
        f"{ROUNDS} rounds, {python}, {os.cpu_count()} processors.",
        "",
        "| | found | wanted, at most |",
        "| --- | ---: | ---: |",
    ]
    for what, found, unit, wanted in figures:
        mark = "" if found <= wanted else " **missed**"
        lines.append(f"| {what} | {found:.3g} {unit}{mark} | {wanted:g} {unit} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measures a small crate without dependencies, in a cache of its own."""
    with tempfile.TemporaryDirectory(prefix="rustbind-bench-") as directory:
        os.environ["RUSTBIND_CACHE"] = str(Path(directory, "cache"))
        crate = Path(directory, "figures")
        (crate / "src").mkdir(parents=True)
        (crate / "Cargo.toml").write_text(MANIFEST)
        (crate / "src" / "lib.rs").write_text(LIBRARY)
        text = report(measure(crate))
    print(text)
    if platform.python_implementation() == "CPython" and "--print" not in sys.argv:
        TARGET.write_text(text)


if __name__ == "__main__":
    main()
