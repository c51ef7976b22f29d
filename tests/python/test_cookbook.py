"""The cookbook: values, buffers of every kind, text, and what is refused."""

from __future__ import annotations

import ctypes
import doctest
import gc
import hashlib
import math
import os
import random
import subprocess
import sys
from array import array
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any, Callable, Union

import pytest

from checksig import ChecksigError, ManifestError, cookbook, dns, verify
from checksig.cookbook import (
    dot,
    full_name,
    increase,
    is_even,
    join,
    normalize,
    pi,
    repeat,
    shuffle,
    sqrts,
    user_info,
)
from checksig.errors import ArgumentError
from conftest import need

INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1


def doubles(*numbers: float) -> array[float]:
    """An array of doubles."""
    return array("d", numbers)


def integers(*numbers: int) -> array[int]:
    """An array of 64-bit integers."""
    return array("q", numbers)


def read_only(numbers: array[float]) -> Any:
    """The same numbers in memory that can't be written."""
    return memoryview(numbers.tobytes()).cast("d")


# normalize


@pytest.mark.parametrize(
    ("nums", "expected"),
    [
        ([1, 2, 3], [-1, 0, 1]),
        ([], []),
        ([5], [0]),
        ([-1.5, 1.5], [-1.5, 1.5]),
        ([1, 2, 6], [-2, -1, 3]),
        (range(5), [-2, -1, 0, 1, 2]),
        ((n / 2 for n in (2, 4, 12)), [-2, -1, 3]),
        ({3: "a", 1: "b"}, [1, -1]),
    ],
)
def test_normalize_any_numbers(nums: Any, expected: list[float]) -> None:
    """A new array of doubles comes back."""
    result = normalize(nums)
    assert isinstance(result, array)
    assert (result.typecode, list(result)) == ("d", expected)


def test_normalize_leaves_its_input_as_it_was() -> None:
    """Unless that is also its output."""
    nums = doubles(1, 2, 6)
    result = normalize(nums)
    assert (list(nums), list(result)) == ([1, 2, 6], [-2, -1, 3])
    out = doubles(9, 9, 9)
    assert normalize(nums, out=out) is out
    assert (list(nums), list(out)) == ([1, 2, 6], [-2, -1, 3])
    assert normalize(nums, out=nums) is nums
    assert list(nums) == [-2, -1, 3]
    assert normalize([1, 2, 6], out=out) is out
    assert list(out) == [-2, -1, 3]


def test_normalize_between_views() -> None:
    """Views, ctypes arrays and bytearrays are memory like any other."""
    memory = bytearray(32)
    out = memoryview(memory).cast("d")
    assert normalize((ctypes.c_double * 4)(1, 2, 3, 6), out=out) is out
    assert out.tolist() == [-2, -1, 0, 3]
    assert memory == doubles(-2, -1, 0, 3).tobytes()
    target = (ctypes.c_double * 4)()
    assert normalize(read_only(doubles(1, 2, 3, 6)), out=target) is target
    assert list(target) == [-2, -1, 0, 3]
    grid: Any = memoryview(doubles(1, 2, 3, 6)).cast("B").cast("d", (2, 2))
    assert list(normalize(grid)) == [-2, -1, 0, 3]
    assert normalize(grid, out=grid) is grid
    assert grid.tolist() == [[-2, -1], [0, 3]]


@pytest.mark.parametrize(
    ("source", "target"),
    [
        (slice(0, 6), slice(2, 8)),
        (slice(2, 8), slice(0, 6)),
        (slice(0, 6), slice(1, 7)),
        (slice(0, 6), slice(0, 6)),
        (slice(0, 4), slice(4, 8)),
        (slice(0, 8, 2), slice(1, 8, 2)),
        (slice(0, 8, 2), slice(0, 4)),
        (slice(0, 4), slice(0, 8, 2)),
        (slice(7, None, -1), slice(0, 8)),
        (slice(0, 8), slice(7, None, -1)),
    ],
    ids=repr,
)
def test_normalize_slices_of_one_buffer(source: slice, target: slice) -> None:
    """However they overlap, the result is that of a copy, and the rest stays."""
    numbers = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0]
    memory = doubles(*numbers)
    part = numbers[source]
    mean = math.fsum(part) / len(part)
    expected = list(numbers)
    expected[target] = [number - mean for number in part]
    view = memoryview(memory)
    normalize(view[source], out=view[target])
    assert list(memory) == pytest.approx(expected, abs=1e-12)


def test_normalize_refuses_its_output() -> None:
    """Nothing is written then."""
    nums = doubles(1, 2, 6)
    refused: list[tuple[Any, type[Exception], str]] = [
        (doubles(1, 2), ValueError, "out has 2 numbers, nums has 3"),
        (doubles(), ValueError, "out has 0 numbers, nums has 3"),
        (doubles(1, 2, 3, 4), ValueError, "out has 4 numbers, nums has 3"),
        ([1, 2, 3], TypeError, "out is a list, want a buffer of float64"),
        (read_only(nums), TypeError, "out is read-only, want a writable buffer of float64"),
        (integers(1, 2, 3), TypeError, "out has elements of int64, want float64"),
        (array("f", [1, 2, 3]), TypeError, "out has elements of float32, want float64"),
        (bytearray(24), TypeError, "out has elements of uint8, want float64"),
        (5, TypeError, "out is a int, want a buffer of float64"),
    ]
    for out, error, text in refused:
        before = repr(bytes(out) if hasattr(out, "itemsize") else out)
        with pytest.raises(error) as caught:
            normalize(nums, out=out)
        assert str(caught.value) == text
        assert repr(bytes(out) if hasattr(out, "itemsize") else out) == before
    assert list(nums) == [1, 2, 6]


WRONG_DOUBLES: list[tuple[Any, str]] = [
    (integers(1, 2), "int64"),
    (array("f", [1, 2]), "float32"),
    (array("i", [1, 2]), "int32"),
    (array("H", [1, 2]), "uint16"),
    (array("b", [1, 2]), "int8"),
    (b"12345678", "uint8"),
    (bytearray(16), "uint8"),
    (memoryview(b"12345678").cast("Q"), "uint64"),
    (memoryview(b"12345678").cast("?"), "bool"),
    ((ctypes.c_int64 * 2)(), ""),
    ((ctypes.c_float * 2)(), ""),
    ((ctypes.c_double.__ctype_be__ * 2)(), ""),
]


@pytest.mark.parametrize(("nums", "kind"), WRONG_DOUBLES, ids=lambda value: type(value).__name__)
def test_buffers_of_another_type(nums: Any, kind: str) -> None:
    """They are not converted; the text says what they have, and what is wanted."""
    pattern = rf"has elements of (format )?\S*{kind}\S*, want float64$"
    before = bytes(nums)
    for call in (
        lambda: normalize(nums),
        lambda: shuffle(nums, 1),
        lambda: dot(nums, [1.0, 2.0]),
        lambda: dot([1.0, 2.0], nums),
    ):
        with pytest.raises(TypeError, match=pattern):
            call()
    assert bytes(nums) == before


@pytest.mark.parametrize("nums", [5, None, "12", ["a"], [None], [1j], object()], ids=repr)
def test_what_are_no_numbers(nums: Any) -> None:
    """A TypeError from each function that takes any numbers."""
    for call in (lambda: normalize(nums), lambda: dot(nums, nums), lambda: dot([1.0], nums)):
        with pytest.raises(TypeError):
            call()


# increase


def test_increase_in_place() -> None:
    """Any writable 64-bit integers, and wrapping as C does."""
    nums = integers(1, -1, INT64_MAX, INT64_MIN)
    returned: object = increase(nums, 5)  # type: ignore[func-returns-value]
    assert returned is None
    assert list(nums) == [6, 4, INT64_MIN + 4, INT64_MIN + 5]
    increase(nums, -5)
    assert list(nums) == [1, -1, INT64_MAX, INT64_MIN]
    increase(nums, INT64_MIN)
    assert list(nums) == [INT64_MIN + 1, INT64_MAX, -1, 0]
    increase(nums, INT64_MAX)
    assert list(nums) == [0, -2, INT64_MAX - 1, INT64_MAX]


def test_increase_any_memory() -> None:
    """Arrays of ``l`` where that has 64 bits, ctypes arrays, views, every second number."""
    numbers: list[tuple[Any, Callable[[Any], list[Any]]]] = [
        (memoryview(bytearray(integers(1, 2, 3).tobytes())).cast("q"), memoryview.tolist),
        ((ctypes.c_int64 * 3)(1, 2, 3), list),
        ((ctypes.c_longlong * 3)(1, 2, 3), list),
    ]
    if array("l").itemsize == 8:
        numbers.append((array("l", [1, 2, 3]), list))
    for nums, to_list in numbers:
        increase(nums, 10)
        assert to_list(nums) == [11, 12, 13]
    memory = integers(*range(8))
    for part, amount in [(slice(0, 8, 2), 100), (slice(None, None, -1), 1000), (slice(2, 4), 1)]:
        increase(memoryview(memory)[part], amount)
    assert list(memory) == [1100, 1001, 1103, 1004, 1104, 1005, 1106, 1007]
    empty = integers()
    increase(empty, 1)
    assert list(empty) == []


def test_buffers_are_given_back() -> None:
    """An array can grow again after each call: nothing holds its memory."""
    nums = doubles(1, 2, 3)
    counts = integers(1, 2, 3)
    for _ in range(3):
        normalize(nums, out=nums)
        shuffle(nums)
        dot(nums, nums)
        increase(counts, 1)
        increase(memoryview(counts)[::2], 1)
        with pytest.raises(OverflowError):
            increase(counts, 2**63)
        gc.collect()
        nums.append(4)
        counts.append(4)
    assert (len(nums), len(counts)) == (6, 6)


@pytest.mark.parametrize(
    ("nums", "text"),
    [
        ([1, 2], "nums is a list, want a buffer of {}"),
        ((1, 2), "nums is a tuple, want a buffer of {}"),
        (range(3), "nums is a range, want a buffer of {}"),
        (None, "nums is a NoneType, want a buffer of {}"),
        ("text", "nums is a str, want a buffer of {}"),
        (array("i", [1, 2]), "nums has elements of int32, want {}"),
        (array("f", [1, 2]), "nums has elements of float32, want {}"),
        (bytearray(16), "nums has elements of uint8, want {}"),
        (b"12345678", "nums has elements of uint8, want {}"),
        (memoryview(b"12345678").cast("Q"), "nums has elements of uint64, want {}"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_cannot_be_changed_in_place(nums: Any, text: str) -> None:
    """A list is no memory that C could change: the change would be lost."""
    with pytest.raises(TypeError) as caught:
        increase(nums, 1)
    assert str(caught.value) == text.format("int64")
    with pytest.raises(TypeError) as caught:
        shuffle(nums)
    assert str(caught.value) == text.format("float64")


def test_read_only_memory() -> None:
    """It is read, and never written."""
    nums = read_only(doubles(1, 2, 6))
    assert list(normalize(nums)) == [-2, -1, 3]
    assert dot(nums, nums) == 41
    counts = memoryview(integers(1, 2).tobytes()).cast("q")
    for call in (
        lambda: increase(counts, 1),
        lambda: shuffle(nums),
        lambda: normalize(nums, out=nums),
    ):
        with pytest.raises(TypeError, match="is read-only, want a writable buffer of"):
            call()
    assert (nums.tolist(), counts.tolist()) == ([1, 2, 6], [1, 2])


def test_gaps_in_two_dimensions() -> None:
    """There is no copying back those; reading them is fine."""

    class Corner(ctypes.Structure):
        """A row of which the array's user sees a part."""

        _fields_ = [("seen", ctypes.c_int64 * 2), ("hidden", ctypes.c_int64)]

    rows = (Corner * 2)()
    for wrong in (rows, rows[0]):
        with pytest.raises(TypeError, match=r"nums has elements of .*, want int64"):
            increase(wrong, 1)
    increase(rows[1].seen, 7)
    assert [[*row.seen, row.hidden] for row in rows] == [[0, 0, 0], [7, 7, 0]]


# Numbers


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 2**64, -(2**64), 2**200])
def test_integers_of_more_than_64_bits(number: int) -> None:
    """C would cut them; each call refuses them."""
    nums = integers(1)
    for call in (
        lambda: increase(nums, number),
        lambda: is_even(number),
        lambda: repeat("a", number),
        lambda: sqrts(number),
        lambda: pi(number),
    ):
        with pytest.raises(OverflowError, match=str(number)):
            call()
    assert list(nums) == [1]


@pytest.mark.parametrize("seed", [-1, -(2**63), 2**64, 2**200])
def test_seeds_of_more_than_64_bits(seed: int) -> None:
    """A seed has no sign."""
    nums = doubles(1, 2, 3)
    with pytest.raises(OverflowError, match=str(seed)):
        shuffle(nums, seed)
    assert list(nums) == [1, 2, 3]


@pytest.mark.parametrize("number", [1.0, "1", None, 1j])
def test_what_are_no_integers(number: Any) -> None:
    """A float is none, even a whole one."""
    calls: list[Callable[[], object]] = [
        lambda: increase(integers(1), number),
        lambda: is_even(number),
        lambda: repeat("a", number),
        lambda: sqrts(number),
        lambda: pi(number),
    ]
    if number is not None:
        calls.append(lambda: shuffle(doubles(1), number))
    for call in calls:
        with pytest.raises(TypeError):
            call()


def test_what_acts_as_an_integer() -> None:
    """An object with ``__index__``, such as a bool, does."""

    class Three:
        """A number that is no int."""

        def __index__(self) -> int:
            return 3

    three: Any = Three()
    nums = integers(1)
    increase(nums, three)
    assert list(nums) == [4]
    assert repeat("ab", three) == "ababab"
    assert not is_even(three)
    assert list(sqrts(three)[1]) == list(map(math.sqrt, (1, 2, 3)))
    assert repeat("ab", True) == "ab"


@pytest.mark.parametrize("number", [-1, -5, INT64_MIN])
def test_counts_below_zero(number: int) -> None:
    """A ValueError that has the number."""
    for call in (lambda: repeat("a", number), lambda: sqrts(number), lambda: pi(number)):
        with pytest.raises(ValueError, match=f"is {number}, want at least 0"):
            call()


def test_is_even() -> None:
    """The largest numbers too; the error's text is the library's own."""
    numbers = [0, 1, 2, 3, 2**40, 2**40 + 1, INT64_MAX - 1, INT64_MAX]
    assert [is_even(number) for number in numbers] == [True, False] * 4
    assert is_even(2) is True
    for number in (-1, -2, -5, INT64_MIN):
        with pytest.raises(ArgumentError) as caught:
            is_even(number)
        assert str(caught.value) == f"{number} is negative, want at least 0"
        assert isinstance(caught.value, ValueError)
        assert isinstance(caught.value, ChecksigError)
        assert caught.value.status == 1


def test_pi() -> None:
    """The series gains a digit with ten times the terms."""
    assert (pi(0), pi(1)) == (0, 4)
    assert pi(2) == pytest.approx(4 - 4 / 3, abs=1e-15)
    for terms in (10, 1000, 1_000_000):
        assert 0.9 / terms < abs(pi(terms) - math.pi) < 1.1 / terms


@pytest.mark.parametrize("count", [0, 1, 2, 3, 7, 8, 9, 100, 1023])
def test_dot(count: int) -> None:
    """As accurate as can be asked of a sum of products."""
    a = [math.sin(n) * 10 ** (n % 5) for n in range(count)]
    b = [math.cos(3 * n) for n in range(count)]
    products = [x * y for x, y in zip(a, b)]
    tolerance = 1e-12 * (math.fsum(map(abs, products)) + 1)
    expected = pytest.approx(math.fsum(products), abs=tolerance)
    assert dot(a, b) == expected
    assert dot(array("d", a), b) == expected
    assert dot(array("d", a), array("d", b)) == expected
    assert dot(read_only(array("d", a)), tuple(b)) == expected
    assert dot(iter(a), (number for number in b)) == expected
    assert dot(memoryview(array("d", a[::-1]))[::-1], b) == expected


def exact_dot(a: Iterable[float], b: Iterable[float]) -> Fraction:
    """The dot product without any rounding."""
    return sum((Fraction(x) * Fraction(y) for x, y in zip(a, b)), Fraction())


def ill_conditioned(count: int, digits: int, seed: int) -> tuple[list[float], list[float]]:
    """Numbers whose products cancel out but for about so many of their first digits.

    The second half of the products undoes what the first half adds up to, step by step.
    """
    rng = random.Random(seed)
    a, b = [], []
    for _ in range(count // 2):
        a.append(math.ldexp(rng.uniform(-1, 1), round(rng.uniform(0, digits * 1.66))))
        b.append(math.ldexp(rng.uniform(-1, 1), round(rng.uniform(0, digits * 1.66))))
    rest = exact_dot(a, b)
    for step in range(count - len(a)):
        factor = rng.uniform(0.5, 1) * 2.0 ** (digits * 1.66 * (1 - step / count * 2))
        a.append(factor)
        b.append(float(-rest / Fraction(factor)))
        rest += Fraction(a[-1]) * Fraction(b[-1])
    order = list(range(count))
    rng.shuffle(order)
    return [a[n] for n in order], [b[n] for n in order]


@pytest.mark.parametrize("digits", [5, 10, 15, 25])
@pytest.mark.parametrize("count", [6, 63, 64, 65, 500, 2000])
def test_dot_of_products_that_cancel_out(count: int, digits: int) -> None:
    """Computed with twice the digits and rounded once: so wrong is what is left of that."""
    for seed in range(5):
        a, b = ill_conditioned(count, digits, seed)
        exact = exact_dot(a, b)
        size = sum((abs(Fraction(x) * Fraction(y)) for x, y in zip(a, b)), Fraction())
        unit = Fraction(1, 2**53)
        assert abs(Fraction(dot(a, b)) - exact) <= unit * abs(exact) + (count * unit) ** 2 * size


@pytest.mark.parametrize("offset", [0.0, 1.0, 1e8, 1e15, -1e300])
@pytest.mark.parametrize("count", [1, 2, 63, 64, 65, 1000])
def test_normalize_is_exact_to_the_last_digit(count: int, offset: float) -> None:
    """Each result, however near the mean its number is."""
    rng = random.Random(count)
    nums = [offset * rng.uniform(0.999, 1) + rng.uniform(-1, 1) for _ in range(count)]
    mean = sum(map(Fraction, nums), Fraction()) / count
    out = normalize(nums)
    assert list(normalize(array("d", nums), out=array("d", nums))) == list(out)
    for number, result in zip(nums, out):
        exact = Fraction(number) - mean
        # The mean itself has twice the digits, and not more.
        assert abs(Fraction(result) - exact) <= (abs(exact) + abs(mean) / 2**52) / 2**52


SAME_BITS = """if True:
    import os
    from array import array
    from checksig.cookbook import dot, increase, normalize, pi

    count = 2**21 + 2**20 + 7
    nums = array("d", (((n * 7919) % 104729 - 50000) / 3 for n in range(count)))
    integers = array("q", range(count))

    def results():
        increased = integers[:]
        increase(increased, 2**62)
        assert increased[-1] == count - 1 + 2**62
        memory = normalize(nums).tobytes(), increased.tobytes()
        return [dot(nums, nums[::-1]).hex(), pi(2**23 + 1).hex(), *map(hash, memory)]

    here = results()
    assert len(os.listdir("/proc/self/task")) == 1
    child = os.fork()
    if child == 0:
        os._exit(0 if results() == here else 1)
    assert os.waitpid(child, 0)[1] == 0
    print(here)
"""


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs Linux")
def test_any_number_of_processors_gives_the_same() -> None:
    """To the last bit, in a forked child too; and no thread is left behind."""
    # PyPy has no os.sched_setaffinity.
    one = Path("/proc/self/status").read_text(encoding="ascii")
    one = one.partition("Cpus_allowed_list:\t")[2].split("\n")[0].replace("-", ",").split(",")[0]
    outputs = [
        subprocess.run(
            [*processors, sys.executable, "-c", SAME_BITS],
            env={**os.environ, "PYTHONHASHSEED": "0"},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for processors in ([need("taskset"), "--cpu-list", one], [])
    ]
    assert outputs[0] == outputs[1] != ""


def test_dot_of_one_buffer() -> None:
    """Twice the same is fine, and so are infinities and NaN."""
    nums = doubles(3, 4)
    assert dot(nums, nums) == 25
    assert dot([math.inf], [2]) == math.inf
    assert math.isnan(dot([math.inf], [0]))
    assert math.isnan(dot([math.inf, math.inf], [1, -1]))
    assert dot([1e200, 1], [-1e200, 1]) == -math.inf
    assert math.copysign(1, dot([], [])) == 1
    assert list(nums) == [3, 4]


def test_dot_of_different_lengths() -> None:
    """A ValueError that has both."""
    for a, b in [([1.0, 2.0], [1.0]), ([], [1.0]), ([1.0], [])]:
        with pytest.raises(ValueError, match=f"^a has {len(a)} numbers, b has {len(b)}$"):
            dot(a, array("d", b))


def test_shuffle() -> None:
    """All numbers remain, in an order that is the seed's."""

    def shuffled(seed: Union[int, None]) -> list[float]:
        nums = array("d", range(100))
        returned: object = shuffle(nums, seed)  # type: ignore[func-returns-value]
        assert returned is None
        return list(nums)

    orders = [shuffled(seed) for seed in (0, 1, 2, 2**63, 2**64 - 1, None, None)]
    for order in orders:
        assert sorted(order) == list(range(100))
        assert order != list(range(100))
        assert orders.count(order) == 1
    assert [shuffled(seed) for seed in (0, 1, 2, 2**63, 2**64 - 1)] == orders[:5]


def test_shuffle_any_memory() -> None:
    """The order is the seed's, wherever the numbers are; few numbers are no trouble."""
    expected = array("d", range(10))
    shuffle(expected, seed=7)
    ctypes_array = (ctypes.c_double * 10)(*range(10))
    shuffle(ctypes_array, seed=7)
    assert list(ctypes_array) == list(expected)
    memory = array("d", [n / 2 for n in range(20)])
    shuffle(memoryview(memory)[::2], seed=7)
    assert list(memory[::2]) == list(expected)
    assert list(memory[1::2]) == [n + 0.5 for n in range(10)]
    for few in (doubles(), doubles(5)):
        before = list(few)
        shuffle(few)
        assert list(few) == before


@pytest.mark.parametrize("count", [1, 2, 4, 1000])
def test_sqrts(count: int) -> None:
    """The same as Python's own, bit by bit."""
    title, roots = sqrts(count)
    assert str(count) in title
    assert isinstance(roots, array)
    assert roots.typecode == "d"
    assert list(roots) == [math.sqrt(number) for number in range(1, count + 1)]


def test_sqrts_of_nothing() -> None:
    """No number has no roots."""
    title, roots = sqrts(0)
    assert title == "No square roots"
    assert (roots.typecode, list(roots)) == ("d", [])


@pytest.mark.parametrize("count", [2**57, 2**60, INT64_MAX])
def test_sqrts_without_memory(count: int) -> None:
    """The allocator's exception comes through the library; the next call is fine."""
    with pytest.raises((MemoryError, OverflowError)):
        sqrts(count)
    assert list(sqrts(4)[1]) == [1, math.sqrt(2), math.sqrt(3), 2]


# Text


@pytest.mark.parametrize("text", ["", "a", "Badger", "ñ", "日本", "a\nb", "🦀"])
@pytest.mark.parametrize("times", [0, 1, 2, 25, 1000])
def test_repeat(text: str, times: int) -> None:
    """As Python's own ``*``, for text and for bytes."""
    assert repeat(text, times) == text * times
    assert repeat(text.encode(), times) == text.encode() * times


def test_repeat_of_bytes_that_are_no_text() -> None:
    """Bytes need no encoding."""
    assert repeat(b"\xff\x80", 2) == b"\xff\x80\xff\x80"


@pytest.mark.parametrize("times", [2**62, INT64_MAX])
def test_repeat_without_memory(times: int) -> None:
    """More than memory holds is an error; of nothing there is never too much."""
    with pytest.raises((OverflowError, MemoryError)):
        repeat("ab", times)
    with pytest.raises((OverflowError, MemoryError)):
        repeat(b"a", times)
    assert repeat("", times) == ""


@pytest.mark.parametrize(
    "texts",
    [[], [""], ["a"], ["", ""], ["a", "", "c"], ["Badger", "Gopher", "Ñandú"], ["x"] * 1000],
)
@pytest.mark.parametrize("separator", ["", ", ", "é", "\n"])
def test_join(texts: list[str], separator: str) -> None:
    """As Python's own, for text and for bytes."""
    encoded = [text.encode() for text in texts]
    assert join(texts, separator) == separator.join(texts)
    assert join(encoded, separator.encode()) == separator.encode().join(encoded)
    assert join(iter(texts), separator) == separator.join(texts)


def test_join_of_bytes_that_are_no_text() -> None:
    """Bytes need no encoding; the characters of a text are texts."""
    assert join([b"\xff", b"\xfe"], b"\x80") == b"\xff\x80\xfe"
    assert join("abc", "-") == "a-b-c"


def test_join_of_both_kinds() -> None:
    """Text and bytes do not mix, whichever is first."""
    wrong: list[tuple[Any, Any, str]] = [
        ([b"a"], ", ", "bytes and str"),
        (["a"], b", ", "str and bytes"),
        (["a", b"b"], ", ", "bytes and str"),
        ([b"a", "b"], b", ", "str and bytes"),
        (["a", None], ", ", "NoneType and str"),
        ([5], ", ", "int and str"),
    ]
    for texts, separator, kinds in wrong:
        with pytest.raises(TypeError, match=kinds):
            join(texts, separator)


class Text(str):
    """Text of a class of its own."""


def test_text_of_a_class_of_its_own() -> None:
    """It is text all the same."""
    assert repeat(Text("ab"), 2) == "abab"
    assert full_name(Text("Ada"), Text("Lovelace")) == "Ada Lovelace"
    assert user_info(Text("Ada")) == 'User "Ada" has 3 letters in their name'
    assert join([Text("a"), Text("b")], Text("-")) == "a-b"
    assert join([Text("a"), "b"], "-") == "a-b"


@pytest.mark.parametrize("name", [0, 5, None, 1.5, ["a"], [], True], ids=repr)
def test_what_is_no_text(name: Any) -> None:
    """A TypeError; a number is not so many NULs."""
    calls: list[Callable[[], object]] = [
        lambda: repeat(name, 2),
        lambda: full_name(name, "b"),
        lambda: full_name("a", name),
        lambda: user_info(name),
        lambda: join(["a", "b"], name),
        lambda: join([], name),
        lambda: join(["a", name], "-"),
    ]
    for call in calls:
        with pytest.raises(TypeError):
            call()


@pytest.mark.parametrize("name", [b"Ada", b"\xff", b""])
def test_bytes_where_text_is_wanted(name: Any) -> None:
    """Names are text alone."""
    calls: list[Callable[[], object]] = [
        lambda: full_name(name, "b"),
        lambda: full_name("a", name),
        lambda: user_info(name),
    ]
    for call in calls:
        with pytest.raises(TypeError):
            call()


@pytest.mark.parametrize("text", ["\0", "a\0b", "\0a", "a\0"])
def test_text_with_a_nul(text: str) -> None:
    """C would end there; it is refused, not cut."""
    encoded = text.encode()
    calls: list[Callable[[], object]] = [
        lambda: repeat(text, 1),
        lambda: repeat(encoded, 1),
        lambda: repeat(text, 0),
        lambda: join(["a", text], ","),
        lambda: join(["a"], text),
        lambda: join([b"a", encoded], b","),
        lambda: full_name(text, "b"),
        lambda: full_name("a", text),
        lambda: user_info(text),
    ]
    for call in calls:
        with pytest.raises(ValueError, match="embedded null character"):
            call()


@pytest.mark.parametrize("text", ["\ud800", "a\udcff"])
def test_text_with_a_lone_surrogate(text: str) -> None:
    """It has no UTF-8, which is a ValueError as everywhere in Python."""
    calls: list[Callable[[], object]] = [
        lambda: repeat(text, 1),
        lambda: join(["a", text], ","),
        lambda: join(["a"], text),
        lambda: full_name(text, "b"),
        lambda: user_info(text),
    ]
    for call in calls:
        with pytest.raises(UnicodeEncodeError):
            call()


@pytest.mark.parametrize(
    ("first", "last"),
    [("Ada", "Lovelace"), ("", ""), ("", "x"), ("x", ""), ("Zoë", "山田"), ("a" * 5000, "b")],
)
def test_full_name(first: str, last: str) -> None:
    """There is always room for it."""
    assert full_name(first, last) == f"{first} {last}"


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Alice", 5),
        ("", 0),
        ("Zoë", 3),
        ("Zoe\u0308", 3),
        ("山田", 2),
        ("न\u093f", 1),
        ("👩\u200d👩\u200d👧", 1),
        ('a"b', 3),
        ("x" * 10_000, 10_000),
    ],
)
def test_user_info(name: str, letters: int) -> None:
    """Letters are counted as a reader sees them: neither bytes nor code points."""
    assert user_info(name) == f'User "{name}" has {letters} letters in their name'


# Memory


class Mallinfo(ctypes.Structure):
    """What glibc's allocator says of itself, all in bytes or numbers of blocks."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    ]


def allocated_bytes() -> int:
    """How much memory is in use: what C's allocator has given out, or else all that is resident.

    The first is exact, whatever Python keeps for itself.
    """
    try:
        mallinfo = ctypes.CDLL(None).mallinfo2
    except AttributeError:
        try:
            statm = Path("/proc/self/statm").read_text(encoding="ascii")
        except FileNotFoundError:
            pytest.skip("needs glibc or /proc")
        return int(statm.split()[1]) * os.sysconf("SC_PAGE_SIZE")
    mallinfo.argtypes, mallinfo.restype = [], Mallinfo
    info = mallinfo()
    return int(info.uordblks + info.hblkhd)


def growth(call: Callable[[], object], times: int) -> int:
    """By how many bytes memory grows with so many calls, after as many to warm up."""

    def calls() -> int:
        for number in range(times):
            call()
            if number % 1000 == 0 and sys.implementation.name == "pypy":
                # Which releases what the library allocated when it collects.
                gc.collect()
        for _ in range(3):
            gc.collect()
        return allocated_bytes()

    warm = calls()
    return calls() - warm


def fails(call: Callable[[], object], error: type[Exception]) -> Callable[[], None]:
    """A call that has to raise, as one that returns."""

    def failing() -> None:
        with pytest.raises(error):
            call()

    return failing


MANY_LETTERS = "x" * 300

LEAKS: dict[str, Callable[[], object]] = {
    "user_info": lambda: user_info(MANY_LETTERS),
    "join": lambda: join([MANY_LETTERS, "b"], ","),
    "repeat": lambda: repeat(MANY_LETTERS, 2),
    "full_name": lambda: full_name(MANY_LETTERS, "b"),
    "is_even": fails(lambda: is_even(INT64_MIN), ArgumentError),
    "sqrts": lambda: sqrts(20),
    "increase": lambda: increase(integers(1, 2), 1),
    "strided": lambda: increase(memoryview(integers(*range(40)))[::2], 1),
    "bad name": fails(lambda: dns.lookup_cname("a..b"), dns.BadName),
}


@pytest.mark.parametrize("call", LEAKS.values(), ids=LEAKS)
def test_no_memory_is_lost(call: Callable[[], object]) -> None:
    """What the library allocates is released: 100 bytes a call would show."""
    times = 20_000
    assert growth(call, times) < 100 * times / 2


def test_lost_memory_would_show() -> None:
    """The measure itself: what is kept on purpose is seen."""
    libc = ctypes.CDLL(None)
    libc.malloc.argtypes, libc.malloc.restype = [ctypes.c_size_t], ctypes.c_void_p
    libc.free.argtypes, libc.free.restype = [ctypes.c_void_p], None
    kept: list[int] = []
    times = 20_000
    try:
        assert growth(lambda: kept.append(libc.malloc(100)), times) > 100 * times / 2
    finally:
        for address in kept:
            libc.free(address)


def test_verify_loses_no_memory(tmp_path: Path) -> None:
    """Reports are released whether they are closed or not; so are errors."""
    (tmp_path / "file").write_bytes(b"content")
    digest = hashlib.sha1(b"other").hexdigest()
    (tmp_path / "sha1sum.txt").write_text(f"{digest}  file\nnonsense\n", encoding="ascii")
    missing = tmp_path / "missing"

    def verify_all() -> None:
        report = verify(tmp_path, threads=1)
        assert len(list(report.failures)) == 2
        with verify(tmp_path, threads=1) as report:
            assert not report.ok
        with pytest.raises(ManifestError):
            verify(missing)

    times = 5_000
    # What is lost is lost again each time; what PyPy needs for its own sake is not.
    assert any(growth(verify_all, times) < 100 * times / 2 for _ in range(3))


# The documentation


def test_the_examples_of_the_documentation() -> None:
    """What the docstrings promise, typed as there."""
    failed, attempted = doctest.testmod(cookbook)
    assert (failed, attempted > 10) == (0, True)
