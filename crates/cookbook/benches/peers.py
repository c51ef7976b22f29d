"""The package's functions on arrays beside numpy's and the standard library's.

Run it with a Python that has checksig and numpy installed. Each pair takes turns in
one process; a ratio above 1 says how many times as fast as the peer checksig is.
"""

from __future__ import annotations

import random
import time
from array import array
from collections.abc import Callable
from statistics import median

import numpy as np

from checksig import cookbook

ROUNDS = 31


def seconds(call: Callable[[], object]) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def compare(name: str, ours: Callable[[], object], peer: Callable[[], object]) -> None:
    """Times both in turn and prints the medians, their ratio, and that of the fastest."""
    pairs = [(seconds(ours), seconds(peer)) for _ in range(ROUNDS)]
    mine, other = zip(*pairs)
    print(
        f"{name:<34} {median(mine) * 1e3:9.2f} {median(other) * 1e3:9.2f}"
        f" {median(other) / median(mine):7.2f} {min(other) / min(mine):7.2f}"
    )


def pi_of_numpy(terms: int) -> float:
    """The Leibniz series, as one would with numpy."""
    denominators = np.arange(1.0, 2.0 * terms, 2.0)
    denominators[1::2] *= -1
    return float(4 * (1 / denominators).sum())


def main() -> None:
    """Prints a line for each function."""
    count = 10_000_000
    rng = np.random.default_rng(1)
    a, b, out = rng.normal(size=count), rng.normal(size=count), np.empty(count)
    integers = np.arange(count)
    print(f"{'':<34} {'checksig':>9} {'peer':>9} {'ratio':>7} {'fastest':>7}   (ms)")
    compare(
        "normalize 10 million, out=",
        lambda: cookbook.normalize(a, out=out),
        lambda: np.subtract(a, a.mean(), out=out),
    )
    compare(
        "normalize 10 million, in place",
        lambda: cookbook.normalize(out, out=out),
        lambda: np.subtract(out, out.mean(), out=out),
    )
    compare(
        "normalize 10 million, new array",
        lambda: cookbook.normalize(a),
        lambda: a - a.mean(),
    )
    compare("dot 10 million", lambda: cookbook.dot(a, b), lambda: np.dot(a, b))
    compare(
        "increase 10 million",
        lambda: cookbook.increase(integers, 1),
        lambda: np.add(integers, 1, out=integers),
    )
    compare("pi, 10 million terms", lambda: cookbook.pi(count), lambda: pi_of_numpy(count))
    million = np.arange(1_000_000.0)
    compare(
        "shuffle a million, numpy",
        lambda: cookbook.shuffle(million, 1),
        lambda: rng.shuffle(million),
    )
    plain = array("d", range(1_000_000))
    compare(
        "shuffle a million, random.shuffle",
        lambda: cookbook.shuffle(plain, 1),
        lambda: random.shuffle(plain),
    )


if __name__ == "__main__":
    main()
