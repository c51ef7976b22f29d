"""The tutorials' own benchmarks over growing sizes: checksig, pure Python, numpy."""

from __future__ import annotations

import ctypes
import random
import struct
from array import array
from collections.abc import Sequence
from typing import Any, Callable, NamedTuple

import numpy

from checksig import cookbook

from .calls import compare
from .runs import Series

__all__ = ["CURVES", "Curve", "curves"]

TEN_MILLION = 10_000_000

#: Where pure Python takes seconds.
PYTHON_ENOUGH = 1_000_000

Ways = dict[str, Callable[[], object]]


class Curve(NamedTuple):
    """The seconds of each way, by size.

    Attributes:
        key: the name of its plot.
        title: what is done.
        unit: what the size counts.
        points: the sizes in rising order, each with the ways that were measured.
    """

    key: str
    title: str
    unit: str
    points: Sequence[tuple[int, dict[str, Series]]]


class _Case(NamedTuple):
    title: str
    unit: str
    largest: int
    ways: Callable[[int], Ways]


def curves(rounds: int, scale: float = 1) -> list[Curve]:
    """Every benchmark at every size from 100 up, each ten times the one before."""
    return [
        Curve(key, case.title, case.unit, _points(case, rounds, scale))
        for key, case in CURVES.items()
    ]


def _points(case: _Case, rounds: int, scale: float) -> list[tuple[int, dict[str, Series]]]:
    sizes = [size for size in (10**power for power in range(2, 8)) if size <= case.largest]
    return [(size, compare(case.ways(size), rounds)) for size in sizes if size <= scale * 1e7]


def _pi(terms: int) -> Ways:
    def by_python() -> float:
        total, sign = 0.0, 1.0
        for k in range(terms):
            total += sign / (2 * k + 1)
            sign = -sign
        return 4 * total

    def by_numpy() -> float:
        denominators = numpy.arange(1, 2 * terms, 2, dtype=float)
        denominators[1::2] *= -1
        return 4 * float((1 / denominators).sum())

    return _ways(terms, lambda: cookbook.pi(terms), by_python, by_numpy)


def _permutation(length: int) -> Ways:
    """Each shuffles numbers of its own, a little more at each call."""
    ours = array("d", range(length))
    plain = array("d", range(length))
    generator = numpy.random.default_rng(1)
    numbers = numpy.arange(length, dtype=float)
    return _ways(
        length,
        lambda: cookbook.shuffle(ours),
        lambda: random.shuffle(plain),
        lambda: generator.shuffle(numbers),
    )


def _conversion(length: int) -> Ways:
    numbers = [float(number) for number in range(length)]
    buffer_type, layout = ctypes.c_double * length, f"{length}d"
    return {
        "array('d', list)": lambda: buffer_type.from_buffer(array("d", numbers)),
        "(c_double * n)(*list)": lambda: buffer_type(*numbers),
        "struct.pack('nd', *list)": lambda: struct.pack(layout, *numbers),
        "numpy.array(list)": lambda: numpy.array(numbers),
    }


def _normalize(length: int) -> Ways:
    numbers = numpy.random.default_rng(1).random(length)
    out = numpy.empty_like(numbers)
    plain: Any = array("d", numbers.tobytes())

    def by_python() -> array[float]:
        mean = sum(plain) / len(plain)
        return array("d", [number - mean for number in plain])

    return _ways(
        length,
        lambda: cookbook.normalize(numbers, out=out),
        by_python,
        lambda: numpy.subtract(numbers, numbers.mean(), out=out),
    )


def _dot(length: int) -> Ways:
    generator = numpy.random.default_rng(1)
    a, b = generator.random(length), generator.random(length)
    pairs = array("d", a.tobytes()), array("d", b.tobytes())
    return _ways(
        length,
        lambda: cookbook.dot(a, b),
        lambda: sum(x * y for x, y in zip(*pairs)),
        lambda: numpy.dot(a, b),
    )


def _ways(
    size: int,
    ours: Callable[[], object],
    by_python: Callable[[], object],
    by_numpy: Callable[[], object],
) -> Ways:
    ways: Ways = {"checksig": ours, "numpy": by_numpy}
    return {**ways, "pure Python": by_python} if size <= PYTHON_ENOUGH else ways


CURVES = {
    "pi": _Case("π by the Leibniz series", "terms", TEN_MILLION, _pi),
    "permutation": _Case("A random permutation", "doubles", 1_000_000, _permutation),
    "conversion": _Case("A list as an array of C doubles", "doubles", 1_000_000, _conversion),
    "normalize": _Case("Numbers minus their mean", "doubles", TEN_MILLION, _normalize),
    "dot": _Case("A dot product", "doubles", TEN_MILLION, _dot),
}
