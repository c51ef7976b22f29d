"""The command line: ``python -m benches``."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Optional

from .bound import HashRate, Rates, measure, measure_hash_rates
from .calls import call_costs
from .contenders import Contender
from .machine import facts
from .native import build_engine, build_go_library, build_reads, has_go
from .ours import our_contenders
from .parts import PARTS
from .peers import install_by_apt, install_by_cargo, peer_contenders
from .plots import draw
from .report import PLOTS, report
from .results import Results
from .tutorials import curves
from .verifying import CurvePoint, Outcome, Verifier

__all__ = ["main", "measure_all", "parse"]

PROJECT = Path(__file__).resolve().parents[1]

#: The parts that are no :class:`Part`: they do not verify, or not a part's corpus.
OTHERS = {
    "curve": "checksig on 1,000 to 100,000 small files",
    "calls": "what a call from Python costs",
    "tutorials": "the tutorials' benchmarks",
}
KEYS = [*(part.key for part in PARTS), *OTHERS]

#: What ends a run early: Ctrl-C and `kill`.
ENDINGS = (signal.SIGINT, signal.SIGTERM)


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The options; exits where they are wrong."""
    parts = "\n".join(f"  {part.key:<15}{part.title}" for part in PARTS)
    others = "\n".join(f"  {key:<15}{what}" for key, what in OTHERS.items())
    parser = argparse.ArgumentParser(
        prog="python -m benches",
        description="Compare checksig with other verifiers, and calls with other calls.",
        epilog=f"parts:\n{parts}\n{others}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--only", metavar="PARTS", type=_keys, default=KEYS, help="these, with commas between")
    add("--rounds", metavar="N", type=int, default=5, help="how often each is timed [5]")
    add("--scale", metavar="X", type=float, default=1, help="make all X times as large [1]")
    add("--directory", type=Path, help="where to make the files [the system's for these]")
    add("--output", type=Path, help="where benchmarks.md goes [docs, if all parts are run]")
    add("--no-install", action="store_true", help="install no peers with apt-get")
    add("--no-go", action="store_true", help="build no Go library, even if there is a compiler")
    add("--with-cargo-peers", action="store_true", help="build b3sum, picca and uutils' sums")
    return parser.parse_args(arguments)


def _keys(text: str) -> list[str]:
    keys = text.split(",")
    unknown = [key for key in keys if key not in KEYS]
    if unknown:
        raise argparse.ArgumentTypeError(f"no part is called {', '.join(unknown)}")
    return keys


def measure_all(
    options: argparse.Namespace, directory: Path, hash_rates: Optional[Sequence[HashRate]] = None
) -> Results:
    """Runs the parts that the options name; all that is made is below the directory.

    Args:
        options: what :func:`parse` gave.
        directory: an empty one.
        hash_rates: those of the kernels; they are measured by default.
    """
    chosen = [part for part in PARTS if part.key in options.only]
    wants_curve = "curve" in options.only
    rates: Optional[Rates] = None
    outcomes: list[Outcome] = []
    curve: list[CurvePoint] = []
    if chosen:
        rates = _rates(options, directory, hash_rates)
    if chosen or wants_curve:
        contenders = _contenders(options, directory, only_ours=not chosen)
        possible = [part for part in chosen if part.needs in (None, *contenders)]
        verifier = Verifier(contenders, rates, options.rounds, directory, options.scale)
        outcomes, curve = verifier.verify(possible, curve=wants_curve)
    conditions = facts(directory)
    if options.scale != 1:
        conditions.append(("Scale", f"{options.scale}: smaller than the titles say"))
    return Results(
        conditions,
        options.rounds,
        rates,
        outcomes,
        curve,
        call_costs(directory, options.rounds, options.scale) if "calls" in options.only else [],
        curves(options.rounds, options.scale) if "tutorials" in options.only else [],
    )


def _rates(
    options: argparse.Namespace, directory: Path, hash_rates: Optional[Sequence[HashRate]]
) -> Rates:
    """What the machine can do."""
    print("measuring the machine", flush=True)
    hashes = measure_hash_rates() if hash_rates is None else hash_rates
    with tempfile.TemporaryDirectory(prefix="rates-", dir=directory) as made:
        return measure(build_reads(directory), hashes, Path(made), options.scale)


def _contenders(
    options: argparse.Namespace, directory: Path, *, only_ours: bool
) -> dict[str, Contender]:
    """All, built and installed as far as the options say."""
    ours = our_contenders(build_engine(directory))
    if only_ours:
        return ours
    if not options.no_install:
        install_by_apt()
    built = install_by_cargo(directory / "cargo") if options.with_cargo_peers else None
    go_library = build_go_library(directory) if has_go() and not options.no_go else None
    return {**ours, **peer_contenders(go_library, built)}


def _end(number: int, _frame: Optional[FrameType]) -> None:
    """Ends the run, and lets nothing disturb the removal of its files."""
    for ending in ENDINGS:
        signal.signal(ending, signal.SIG_IGN)
    sys.exit(128 + number)


def main() -> None:
    """Measures, and writes or prints the report; whatever happens, the files go away."""
    options = parse(sys.argv[1:])
    for ending in ENDINGS:
        signal.signal(ending, _end)
    with tempfile.TemporaryDirectory(prefix="checksig-bench-", dir=options.directory) as made:
        results = measure_all(options, Path(made))
    output = options.output
    if output is None and options.only == KEYS:
        output = PROJECT / "docs"
    if output is None:
        print(f"\n{report(results)}")
        return
    plots = output / PLOTS
    draw(results, plots)
    others = sorted(path.stem for path in plots.glob("*.md"))
    (output / "benchmarks.md").write_text(report(results, others), encoding="utf-8")
    print(f"written: {output / 'benchmarks.md'}")


if __name__ == "__main__":
    main()
