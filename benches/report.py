"""The report: every text and table of ``docs/benchmarks.md``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .bound import BUFFER
from .calls import CallCost
from .contenders import ALGORITHMS
from .figures import Figure, figures
from .results import Results
from .runs import Series
from .tutorials import Curve
from .verifying import CurvePoint, Outcome, Timing

__all__ = ["PLOTS", "duration", "report"]

#: The directory of the plots, beside the report.
PLOTS = "benchmarks"

INTRODUCTION = """\
# Benchmarks

Written by `make bench`; `python -m benches --help` says how to run a part.

All contenders of a table verified the same files in one run, in rounds of rotating order. A time
is the median of {rounds} rounds; the least and the greatest stand beside it. Ratios between the
times of one table are what counts; times from different runs can't be compared.
"""

CONTENDERS = """\
Before it was timed, every contender had to pass good files, to fail if one byte of a file was
another, and to fail if a file was missing.

- **checksig** is a C program that calls `checksig_verify`, a process like the other tools. "on
  AVX2" and "on SHA-NI" are the same with AVX-512 off (`LANEHASH_KERNEL`). "checksig.verify" is the
  call within Python, "all results" the same with a Python object made for each file, and
  "(command)" the command line, with the start of Python.
- **hashlib** (OpenSSL) runs in threads, each taking the next line of the manifest, **Go library by
  ctypes** a goroutine for each file. They and "checksig.verify" are calls: their time does not
  have the start of their process.
- **xargs -P** runs one process for each share of the files; the shares are of equal work and
  were made before the clock started.

The **bound** is the least time that there could be on this machine, from the rates below: opening,
reading and hashing at the best rate, evenly spread over the processors; or the largest file alone,
where that takes longer, for one message can't be hashed by two processors. "speed / best peer" is
how many times as fast as the fastest of the others a contender is, "time / bound" how many times
the bound it takes. Peak memory is that of the process (`VmHWM`).
"""

RATES = """\
The best of several passes. Hashing is on one thread; reading with all processors at once, from the
page cache with a buffer of {buffer} KiB.
"""

CURVE = """\
checksig on files of 4 KiB, SHA-1.
"""

CALLS = """\
The time of one call from Python, the loop around it included.
"""

TUTORIALS = """\
The time of one call, by size. "checksig" is the function of `checksig.cookbook`, called from
Python.
"""


def report(results: Results, others: Sequence[str] = ()) -> str:
    """The whole report in Markdown; parts that were not run are left out.

    Args:
        results: what was found.
        others: the names of reports that others wrote into the directory of the plots.
    """
    sections = [
        INTRODUCTION.format(rounds=results.rounds),
        table(["", "conditions"], results.facts),
        *_figures(figures(results)),
        *_verifying(results),
        *_curve(results.curve),
        *_calls(results.costs),
        *_tutorials(results.curves),
        *_others(others),
    ]
    return "\n".join(sections)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown, the first column to the left."""
    rule = ["---"] + ["---:"] * (len(head) - 1)
    if len(head) == 2:
        rule = ["---", "---"]
    return "".join(f"| {' | '.join(row)} |\n" for row in [head, rule, *rows])


def duration(seconds: float) -> str:
    """Seconds in the unit that suits them."""
    for factor, unit in ((1, "s"), (1e3, "ms"), (1e6, "µs")):
        if seconds * factor >= 0.9995:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def spread(series: Series) -> str:
    """The least and the greatest, in seconds."""
    return f"{series.low:.3f} to {series.high:.3f}"


def plot(key: str, title: str) -> str:
    """The plot of this key."""
    return f"![{title}]({PLOTS}/{key}.svg)\n"


def _figures(found: Sequence[Figure]) -> Iterator[str]:
    if not found:
        return
    yield "## Figures to reach\n"
    yield table(
        ["", "wanted", "found", "reached"],
        [
            [
                figure.what,
                f"{'at most' if figure.at_most else 'at least'} {figure.wanted:.4g}{figure.unit}",
                f"{figure.found:.2f}{figure.unit}",
                "yes" if figure.is_reached else "**no**",
            ]
            for figure in found
        ],
    )


def _verifying(results: Results) -> Iterator[str]:
    if not results.outcomes:
        return
    yield "## Verifying\n"
    yield CONTENDERS
    yield plot("verify", "Seconds of every contender, by corpus, and the bound")
    for outcome in results.outcomes:
        yield from _outcome(outcome)
    yield from _rates(results)


def _outcome(outcome: Outcome) -> Iterator[str]:
    yield f"### {outcome.part.title}\n"
    yield _facts(outcome)
    timings = sorted(outcome.timings.values(), key=lambda timing: timing.seconds.median)
    head = [
        "",
        "seconds",
        "spread",
        "GB/s",
        "files/s",
        "speed / best peer",
        "time / bound",
        "peak MiB",
    ]
    yield table(head, [_timing(timing, outcome) for timing in timings])
    if outcome.refused:
        yield "Not timed: " + "; ".join(f"{name} {flaw}" for name, flaw in outcome.refused.items())


def _facts(outcome: Outcome) -> str:
    files = "1 file" if outcome.files == 1 else f"{outcome.files:,} files"
    sentences = [f"{files}, {outcome.size / 1e6:,.0f} MB."]
    if outcome.bound is not None:
        sentences.append(f"Bound: {outcome.bound:.3f} s.")
    return " ".join([*sentences, outcome.note]).strip() + "\n"


def _timing(timing: Timing, outcome: Outcome) -> list[str]:
    seconds = timing.seconds.median
    peer = outcome.best_peer()
    return [
        timing.name if timing.is_peer else f"**{timing.name}**",
        f"{seconds:.3f}",
        spread(timing.seconds),
        f"{outcome.size / seconds / 1e9:.2f}",
        f"{outcome.files / seconds:,.{0 if outcome.files > 9 else 1}f}",
        f"{peer.seconds.median / seconds:.2f}" if peer else "",
        f"{seconds / outcome.bound:.2f}" if outcome.bound else "",
        f"{timing.peak / 2**20:.0f}" if timing.peak else "",
    ]


def _rates(results: Results) -> Iterator[str]:
    rates = results.rates
    if rates is None:
        return
    yield "### Rates of this machine\n"
    yield RATES.format(buffer=BUFFER // 1024)
    yield table(
        ["reading, each thread", "rate"],
        [
            ["`read`", f"{rates.read / 1e9:.2f} GB/s"],
            ["`openat`, `fstat`, `close`", f"{rates.file * 1e6:.2f} µs a file"],
        ],
    )
    cases = sorted({(rate.messages, rate.length) for rate in rates.hashes}, reverse=True)
    found = {(rate[:2], rate[2:4]): f"{rate.bytes_a_second / 1e9:.2f}" for rate in rates.hashes}
    kernels = dict.fromkeys(rate[:2] for rate in rates.hashes if rate.algorithm in ALGORITHMS)
    yield table(
        ["hashing, GB/s", *(f"{count} of {length // 1024} KiB" for count, length in cases)],
        [
            [
                f"{algorithm}, {kernel}",
                *(found.get(((algorithm, kernel), case), "") for case in cases),
            ]
            for algorithm, kernel in kernels
        ],
    )


def _curve(points: Sequence[CurvePoint]) -> Iterator[str]:
    if not points:
        return
    yield "## From few files to many\n"
    yield CURVE
    yield plot("curve", "Seconds by number of files")
    yield table(
        ["files", "seconds", "spread", "µs a file", "peak MiB"],
        [
            [
                f"{point.files:,}",
                f"{point.seconds.median:.4f}",
                f"{point.seconds.low:.4f} to {point.seconds.high:.4f}",
                f"{point.seconds.median / point.files * 1e6:.2f}",
                f"{point.peak / 2**20:.0f}",
            ]
            for point in points
        ],
    )


def _calls(costs: Sequence[CallCost]) -> Iterator[str]:
    if not costs:
        return
    ways = list(dict.fromkeys(way for cost in costs for way in cost.ways))
    yield "## What a call costs\n"
    yield CALLS
    yield plot("calls", "The time of a call")
    yield table(["", *ways], [[cost.what, *_by_way(cost.ways, ways)] for cost in costs])


def _tutorials(curves: Sequence[Curve]) -> Iterator[str]:
    if not curves:
        return
    yield "## The tutorials' benchmarks\n"
    yield TUTORIALS
    for curve in curves:
        ways = list(dict.fromkeys(way for _size, found in curve.points for way in found))
        yield f"### {curve.title}\n"
        yield plot(curve.key, curve.title)
        yield table(
            [curve.unit, *ways],
            [[f"{size:,}", *_by_way(found, ways)] for size, found in curve.points],
        )


def _others(names: Sequence[str]) -> Iterator[str]:
    if names:
        yield "## More\n"
        yield "".join(f"- [{name}]({PLOTS}/{name}.md)\n" for name in names)


def _by_way(found: dict[str, Series], ways: Sequence[str]) -> list[str]:
    return [duration(found[way].median) if way in found else "" for way in ways]
