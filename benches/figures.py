"""The figures that checksig has to reach, and those that a run found."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Optional

from .results import Results
from .verifying import Outcome

__all__ = ["Figure", "figures"]

#: Parts whose SHA-1, or other, on the best kernel has to be so many times the best peer.
TIMES_THE_BEST_PEER = {
    "medium": 2.3,
    "small": 2.2,
    "skewed": 1.1,
    "pair": 1.05,
    "one": 1.05,
    "medium-sha256": 1.7,
    "small-sha256": 2.3,
    "medium-md5": 5.0,
    "medium-sha512": 3.0,
    "cold": 4.0,
}

#: The same with AVX-512 forced off: the part, and the contender that stands for it.
WITHOUT_AVX512 = {
    ("medium", "avx2"): 1.5,
    ("medium-sha256", "shani"): 1.15,
    ("small", "avx2"): 1.8,
}

#: Parts in which the call from Python is compared with the tutorial's Go library.
TIMES_THE_GO_LIBRARY = {"small": 8.0, "medium": 2.5}

TIMES_THE_BOUND = 1.3
TIMES_THE_ENGINE = 1.05
MIB_OF_MEMORY = 64.0

#: Benchmarks, the way that is compared with, the size, and how many times as fast.
TIMES_THE_WAY = {
    ("normalize", "numpy", 10_000_000): 1.0,
    ("dot", "numpy", 10_000_000): 1.0,
    ("permutation", "pure Python", 1_000_000): 3.0,
    ("permutation", "numpy", 1_000_000): 1.0,
}


class Figure(NamedTuple):
    """One figure: what it is, what is wanted, and what was found."""

    what: str
    wanted: float
    found: float
    unit: str
    at_most: bool

    @property
    def is_reached(self) -> bool:
        """Whether what was found is good enough."""
        return self.found <= self.wanted if self.at_most else self.found >= self.wanted


def _at_least(what: str, wanted: float, found: float) -> Figure:
    return Figure(what, wanted, found, "x", at_most=False)


def _at_most(what: str, wanted: float, found: float, unit: str = "x") -> Figure:
    return Figure(what, wanted, found, unit, at_most=True)


def figures(results: Results) -> list[Figure]:
    """Those that the run has measured."""
    return [
        *_against_peers(results),
        *_against_the_bound(results),
        *_from_python(results),
        *_memory(results),
        *_numbers(results),
    ]


def ratio(outcome: Optional[Outcome], slow: str, fast: str) -> Optional[float]:
    """How many times as long the one contender takes as the other, where both were timed."""
    if outcome is None or slow not in outcome.timings or fast not in outcome.timings:
        return None
    return outcome.timings[slow].seconds.median / outcome.timings[fast].seconds.median


def _against_peers(results: Results) -> Iterator[Figure]:
    wanted = {(part, "engine"): ratio for part, ratio in TIMES_THE_BEST_PEER.items()}
    for (part, ours), times in {**wanted, **WITHOUT_AVX512}.items():
        outcome = results.outcome(part)
        peer = outcome.best_peer() if outcome else None
        if outcome and peer and ours in outcome.timings:
            found = peer.seconds.median / outcome.timings[ours].seconds.median
            without = "" if ours == "engine" else ", AVX-512 off"
            yield _at_least(f"{outcome.part.title}{without}: against the best peer", times, found)
    real = results.outcome("real")
    found_real = ratio(real, "sums", "engine")
    if real and found_real:
        yield _at_least(f"{real.part.title}: against `md5sum -c`", 4.0, found_real)


def _against_the_bound(results: Results) -> Iterator[Figure]:
    for outcome in results.outcomes:
        ours = outcome.timings.get("engine")
        if outcome.bound and ours:
            found = ours.seconds.median / outcome.bound
            yield _at_most(f"{outcome.part.title}: over the bound", TIMES_THE_BOUND, found)


def _from_python(results: Results) -> Iterator[Figure]:
    small = results.outcome("small")
    if small and "python" in small.timings and "engine" in small.timings:
        own = small.timings["engine"].own
        if own:
            found = small.timings["python"].seconds.median / own.median
            what = f"{small.part.title}: `checksig.verify` over the engine's own time"
            yield _at_most(what, TIMES_THE_ENGINE, found)
    for part, times in TIMES_THE_GO_LIBRARY.items():
        outcome = results.outcome(part)
        against_go = ratio(outcome, "go", "python")
        if outcome and against_go:
            what = f"{outcome.part.title}: `checksig.verify` against the Go library"
            yield _at_least(what, times, against_go)


def _memory(results: Results) -> Iterator[Figure]:
    peaks = [
        outcome.timings["engine"].peak or 0
        for outcome in results.outcomes
        if "engine" in outcome.timings
    ]
    if peaks:
        found = max(peaks) / 2**20
        yield _at_most("Peak memory, whatever the corpus", MIB_OF_MEMORY, found, " MiB")
    if results.curve:
        most = results.curve[-1]
        what = f"Peak memory, {most.files:,} small files"
        yield _at_most(what, MIB_OF_MEMORY, most.peak / 2**20, " MiB")


def _numbers(results: Results) -> Iterator[Figure]:
    for (key, way, size), times in TIMES_THE_WAY.items():
        curve = results.curve_of(key)
        ways = dict(curve.points).get(size) if curve else None
        if curve and ways:
            found = ways[way].median / ways["checksig"].median
            yield _at_least(f"{curve.title}, {size:,} {curve.unit}: against {way}", times, found)
