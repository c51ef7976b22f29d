"""The cookbook on numpy arrays and pandas columns, and without either."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from fractions import Fraction
from typing import Any, Callable

import pytest

from checksig.cookbook import dot, increase, normalize, shuffle

np: Any = pytest.importorskip("numpy")
pd: Any = pytest.importorskip("pandas")


def misaligned(numbers: Any) -> Any:
    """A copy of an array whose elements are at odd addresses."""
    memory = np.zeros(numbers.nbytes + 1, dtype=np.uint8)
    copy = memory[1:].view(numbers.dtype).reshape(numbers.shape)
    copy[...] = numbers
    assert not copy.flags.aligned
    return copy


def frozen(numbers: Any) -> Any:
    """The same array, read-only."""
    numbers.flags.writeable = False
    return numbers


# numpy

PARTS: dict[str, Callable[[Any], Any]] = {
    "1-D": lambda a: a,
    "every second": lambda a: a[::2],
    "backwards": lambda a: a[::-1],
    "every third, backwards": lambda a: a[::-3],
    "slice": lambda a: a[3:9],
    "empty": lambda a: a[:0],
    "one": lambda a: a[5:6],
    "2-D": lambda a: a.reshape(3, 4),
    "3-D": lambda a: a.reshape(2, 3, 2),
    "a row": lambda a: a.reshape(3, 4)[1],
    "a column": lambda a: a.reshape(3, 4)[:, 1],
    "rows": lambda a: a.reshape(3, 4)[1:],
}


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
def test_increase_changes_the_array_itself(part: Callable[[Any], Any]) -> None:
    """A part of it, and nothing around that part."""
    array = np.arange(12, dtype=np.int64)
    expected = array.copy()
    chosen = part(expected)
    chosen += 100
    increase(part(array), 100)
    assert array.tolist() == expected.tolist()
    assert np.count_nonzero(array >= 100) == part(array).size


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
def test_normalize_and_dot_agree_with_numpy(part: Callable[[Any], Any]) -> None:
    """To 1e-12, and their input stays as it was."""
    array = np.sin(np.arange(12.0)) * 100
    before = array.copy()
    nums = part(array)
    expected = nums - nums.mean() if nums.size else nums
    result = normalize(nums)
    assert len(result) == nums.size
    np.testing.assert_allclose(result, expected.ravel(), rtol=0, atol=1e-12)
    assert dot(nums, nums) == pytest.approx(float((nums * nums).sum()), rel=1e-12)
    assert dot(nums, np.ones(nums.size)) == pytest.approx(float(nums.sum()), rel=1e-12, abs=1e-12)
    assert array.tolist() == before.tolist()


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
def test_normalize_in_place(part: Callable[[Any], Any]) -> None:
    """Where the output is the input, numbers around it stay."""
    array = np.sin(np.arange(12.0)) * 100
    expected = array.copy()
    if part(expected).size:
        chosen = part(expected)
        chosen -= chosen.mean()
    nums = part(array)
    assert normalize(nums, out=nums) is nums
    np.testing.assert_allclose(array, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
def test_shuffle_in_place(part: Callable[[Any], Any]) -> None:
    """In the order that the seed gives; what is around the part keeps its places."""
    array, expected = np.arange(12.0), np.arange(12.0)
    copy = part(expected).ravel().copy()
    shuffle(copy, seed=7)
    assert copy.size < 10 or copy.tolist() != part(expected).ravel().tolist()
    part(expected)[...] = copy.reshape(part(expected).shape)
    shuffle(part(array), seed=7)
    assert array.tolist() == expected.tolist()


def test_normalize_into_another_array() -> None:
    """Of any shape of the same size; overlapping slices give what a copy would."""
    nums = np.arange(6.0)
    out = np.zeros((2, 3))
    assert normalize(nums, out=out) is out
    assert out.tolist() == [[-2.5, -1.5, -0.5], [0.5, 1.5, 2.5]]
    assert nums.tolist() == [0, 1, 2, 3, 4, 5]
    for source, target in [(slice(0, 6), slice(2, 8)), (slice(2, 8), slice(0, 6))]:
        memory = np.sin(np.arange(8.0))
        expected = memory[source] - memory[source].mean()
        normalize(memory[source], out=memory[target])
        np.testing.assert_allclose(memory[target], expected, rtol=0, atol=1e-12)
    with pytest.raises(ValueError, match="out has 4 numbers, nums has 6"):
        normalize(nums, out=np.zeros(4))


def test_large_arrays() -> None:
    """A million numbers, as accurate as numpy."""
    rng = np.random.default_rng(1)
    a, b = rng.normal(10, 3, 1_000_000), rng.normal(0, 1, 1_000_000)
    scale = float(np.abs(a * b).sum())
    assert abs(dot(a, b) - float(np.dot(a, b))) < 1e-12 * scale
    np.testing.assert_allclose(normalize(a), a - a.mean(), rtol=0, atol=1e-12)


@pytest.mark.parametrize("spread", [0, 10, 40, 80])
@pytest.mark.parametrize("count", [10, 100, 1000, 10_000])
def test_dot_is_as_accurate_as_numpy(count: int, spread: int) -> None:
    """Whatever the sizes of the numbers, and however much of them cancels out."""
    rng = np.random.default_rng([count, spread])
    for _ in range(3):
        a, b = (
            rng.normal(size=count) * 2.0 ** rng.integers(-spread, spread + 1, count)
            for _ in range(2)
        )
        a, b = np.concatenate([a, a]), np.concatenate([b, -b * (1 + 2.0**-45)])
        order = rng.permutation(2 * count)
        a, b = a[order], b[order]
        exact = sum((Fraction(x) * Fraction(y) for x, y in zip(a, b)), Fraction())
        ours, theirs = (abs(Fraction(float(f(a, b))) - exact) for f in (dot, np.dot))
        assert ours <= max(theirs, Fraction(math.ulp(float(exact))))


@pytest.mark.parametrize("offset", [0.0, 1.0, 1e6, 1e15])
@pytest.mark.parametrize("count", [10, 1000, 10_000])
def test_normalize_is_as_accurate_as_numpy(count: int, offset: float) -> None:
    """The worst of all results, and each but for the last digit."""
    rng = np.random.default_rng(count)
    nums = offset + rng.normal(size=count) * 2.0 ** rng.integers(-20, 20, count)
    mean = sum(map(Fraction, nums), Fraction()) / count
    exact = [Fraction(number) - mean for number in nums]
    ours, theirs = (
        [abs(Fraction(result) - correct) for result, correct in zip(results, exact)]
        for results in (normalize(nums), nums - nums.mean())
    )
    assert max(ours) <= max(theirs)
    for mine, other, correct in zip(ours, theirs, exact):
        assert mine <= other + Fraction(math.ulp(float(correct)))


def test_read_only_arrays() -> None:
    """They are read, and never written."""
    nums, counts = frozen(np.array([1.0, 2.0, 6.0])), frozen(np.array([1, 2], dtype=np.int64))
    assert list(normalize(nums)) == [-2, -1, 3]
    assert dot(nums, nums) == 41
    for call in (
        lambda: increase(counts, 1),
        lambda: increase(counts[::2], 1),
        lambda: shuffle(nums),
        lambda: normalize(nums, out=nums),
    ):
        with pytest.raises(TypeError, match="is read-only"):
            call()
    assert (nums.tolist(), counts.tolist()) == ([1, 2, 6], [1, 2])
    assert not nums.flags.writeable


WRONG_ARRAYS = {
    "int32": lambda: np.array([1, 2], dtype=np.int32),
    "uint64": lambda: np.array([1, 2], dtype=np.uint64),
    "float32": lambda: np.array([1, 2], dtype=np.float32),
    "float16": lambda: np.array([1, 2], dtype=np.float16),
    "complex128": lambda: np.array([1, 2], dtype=np.complex128),
    "bool": lambda: np.array([True, False]),
    "object": lambda: np.array([1, 2], dtype=object),
    "<U1": lambda: np.array(["a", "b"]),
    "datetime64": lambda: np.array(["2001-01-01", "2002-02-02"], dtype="datetime64[D]"),
    "timedelta64": lambda: np.array([1, 2], dtype="timedelta64[s]"),
    ">i8": lambda: np.array([1, 2], dtype=">i8"),
    ">f8": lambda: np.array([1, 2], dtype=">f8"),
    "name": lambda: np.zeros(2, dtype=[("name", "i8")]),
}


@pytest.mark.parametrize("dtype", WRONG_ARRAYS)
def test_arrays_of_another_type(dtype: str) -> None:
    """A TypeError that has the dtype; nothing is converted behind one's back."""
    array = WRONG_ARRAYS[dtype]()
    before = array.tobytes()
    calls: list[tuple[Callable[[], object], str]] = [
        (lambda: increase(array, 1), "nums has elements of .*{}.*, want int64"),
        (lambda: shuffle(array), "nums has elements of .*{}.*, want float64"),
        (lambda: normalize(array), "nums has elements of .*{}.*, want float64"),
        (lambda: normalize([1, 2], out=array), "out has elements of .*{}.*, want float64"),
        (lambda: dot(array, [1, 2]), "a has elements of .*{}.*, want float64"),
        (lambda: dot([1, 2], array), "b has elements of .*{}.*, want float64"),
    ]
    for call, text in calls:
        with pytest.raises(TypeError, match=text.format(dtype)):
            call()
    assert array.tobytes() == before


def test_the_other_type_of_64_bits() -> None:
    """Integers are no floats, and the other way round."""
    with pytest.raises(TypeError, match="nums has elements of float64, want int64"):
        increase(np.zeros(2), 1)
    for call in (normalize, shuffle, lambda nums: dot(nums, nums)):
        with pytest.raises(TypeError, match="has elements of int64, want float64"):
            call(np.zeros(2, dtype=np.int64))


def test_misaligned_arrays() -> None:
    """They are copied to be read, and refused where they would have to be written."""
    nums = misaligned(np.array([1.0, 2.0, 6.0]))
    assert list(normalize(nums)) == [-2, -1, 3]
    assert dot(nums, nums) == 41
    counts = misaligned(np.array([1, 2], dtype=np.int64))
    for call in (
        lambda: increase(counts, 1),
        lambda: shuffle(nums),
        lambda: normalize([1, 2, 6], out=nums),
    ):
        with pytest.raises(ValueError, match="is misaligned"):
            call()
    assert (nums.tolist(), counts.tolist()) == ([1, 2, 6], [1, 2])


def test_gaps_in_two_dimensions() -> None:
    """They are copied to be read, and refused where they would have to be written."""
    grid = np.arange(12.0).reshape(3, 4)
    for part in (grid[:, ::2], grid.T, np.asfortranarray(grid)):
        np.testing.assert_allclose(normalize(part), (part - part.mean()).ravel(), atol=1e-12)
        assert dot(part, np.ones(part.size)) == part.sum()
        with pytest.raises(ValueError, match="has gaps"):
            shuffle(part)
    assert grid.tolist() == np.arange(12.0).reshape(3, 4).tolist()


def test_numpy_scalars_are_integers() -> None:
    """As an amount, and where a buffer is wanted without a dimension."""
    counts = np.arange(3, dtype=np.int64)
    increase(counts, np.int64(5))
    increase(counts, np.uint8(1))
    assert counts.tolist() == [6, 7, 8]
    lone = np.array(3, dtype=np.int64)
    increase(lone, 4)
    assert lone == 7
    with pytest.raises(TypeError):
        increase(counts, np.float64(1))


def test_arrays_can_be_resized_afterwards() -> None:
    """Nothing holds their memory."""
    counts = np.arange(3, dtype=np.int64)
    increase(counts, 1)
    increase(counts[::2], 1)
    counts.resize(5)
    assert counts.tolist() == [2, 2, 4, 0, 0]


# pandas


def test_a_column_is_changed_in_place() -> None:
    """The frame sees it, and its other columns stay."""
    frame = pd.DataFrame({"foo": [1, 2, 3], "bar": [4, 5, 6], "baz": [1.0, 2.0, 6.0]})
    increase(frame["bar"], 100)
    assert frame["bar"].tolist() == [104, 105, 106]
    assert frame["foo"].tolist() == [1, 2, 3]
    column = frame["baz"]
    assert normalize(column, out=column) is column
    assert frame["baz"].tolist() == [-2, -1, 3]
    shuffle(frame["baz"], seed=1)
    assert sorted(frame["baz"]) == [-2, -1, 3]
    assert frame["foo"].tolist() == [1, 2, 3]


def test_a_column_of_a_matrix() -> None:
    """Its numbers are apart in memory; the frame sees the change all the same."""
    matrix = np.arange(12, dtype=np.int64).reshape(4, 3)
    frame = pd.DataFrame(matrix, columns=["x", "y", "z"], copy=False)
    increase(frame["y"], 100)
    assert frame["y"].tolist() == [101, 104, 107, 110]
    assert frame[["x", "z"]].to_numpy().tolist() == [[0, 2], [3, 5], [6, 8], [9, 11]]


def test_a_series() -> None:
    """Whole, and a part of it; reading leaves it as it was."""
    series = pd.Series([1.0, 2.0, 6.0, 100.0], index=list("abcd"))
    assert list(normalize(series.iloc[:3])) == [-2, -1, 3]
    assert dot(series, series) == 10041
    assert dot(series, [1, 1, 1, 1]) == 109
    assert list(normalize(series.iloc[::-1])) == [72.75, -21.25, -25.25, -26.25]
    assert series.tolist() == [1, 2, 6, 100]
    counts = pd.Series([1, 2, 3])
    increase(counts, 1)
    assert counts.tolist() == [2, 3, 4]
    empty = pd.Series([], dtype="int64")
    increase(empty, 1)
    assert empty.tolist() == []


WRONG_SERIES = {
    "int32": lambda: pd.Series([1, 2], dtype="int32"),
    "Int64": lambda: pd.Series([1, 2], dtype="Int64"),
    "Float64": lambda: pd.Series([1, 2], dtype="Float64"),
    "float32": lambda: pd.Series([1, 2], dtype="float32"),
    "object": lambda: pd.Series([1, 2], dtype="object"),
    "bool": lambda: pd.Series([True, False]),
    "category": lambda: pd.Series([1, 2], dtype="category"),
    "datetime64": lambda: pd.Series(pd.to_datetime(["2001-01-01", "2002-02-02"])),
}


@pytest.mark.parametrize("dtype", WRONG_SERIES)
def test_columns_of_another_type(dtype: str) -> None:
    """A TypeError that has the dtype, as pandas spells it."""
    series = WRONG_SERIES[dtype]()
    before = series.copy(deep=True)
    calls: list[tuple[Callable[[], object], str]] = [
        (lambda: increase(series, 1), "int64"),
        (lambda: shuffle(series), "float64"),
        (lambda: normalize(series), "float64"),
        (lambda: normalize([1, 2], out=series), "float64"),
        (lambda: dot(series, series), "float64"),
    ]
    for call, wanted in calls:
        with pytest.raises(TypeError, match=rf"has elements of {dtype}\S*, want {wanted}"):
            call()
    pd.testing.assert_series_equal(series, before)


def test_integer_and_float_columns_are_not_the_same() -> None:
    """The dtype decides, not the values."""
    with pytest.raises(TypeError, match="nums has elements of float64, want int64"):
        increase(pd.Series([1.0, 2.0]), 1)
    with pytest.raises(TypeError, match="nums has elements of int64, want float64"):
        normalize(pd.Series([1, 2]))


def test_a_whole_frame() -> None:
    """It has no one type: a TypeError, as of everything that is no column."""
    frame = pd.DataFrame({"foo": [1, 2, 3], "bar": [4, 5, 6]})
    for call in (
        lambda: increase(frame, 1),
        lambda: shuffle(frame),
        lambda: normalize(frame),
        lambda: dot(frame, frame),
        lambda: normalize([1, 2], out=frame),
    ):
        with pytest.raises(TypeError):
            call()
    assert frame["bar"].tolist() == [4, 5, 6]


@pytest.mark.parametrize(
    "make", [lambda: pd.Index([1, 2, 3]), lambda: pd.RangeIndex(3)], ids=["Index", "RangeIndex"]
)
def test_an_index_is_not_changed(make: Callable[[], Any]) -> None:
    """It is immutable, and hashes its values: look-ups would go astray."""
    index = make()
    before = index.tolist()
    assert index.get_loc(2) == before.index(2)
    with pytest.raises(TypeError):
        increase(index, 1)
    assert index.tolist() == before
    assert index.to_numpy().tolist() == before


# Neither


def test_numpy_and_pandas_are_not_imported() -> None:
    """By itself the package needs neither, whatever is done with it."""
    script = """if True:
        import sys
        from array import array
        import checksig
        from checksig import cookbook
        nums = array("d", [1, 2, 6])
        cookbook.normalize(nums, out=nums)
        cookbook.increase(array("q", [1, 2]), 1)
        cookbook.shuffle(nums)
        cookbook.dot(nums, [1, 2, 3])
        for wrong in ([1], array("f", [1]), b"12345678", object()):
            try:
                cookbook.increase(wrong, 1)
            except TypeError:
                pass
            else:
                raise AssertionError(wrong)
        for name in ("numpy", "pandas"):
            assert name not in sys.modules, name
        import numpy
        array = numpy.array([1, 2])
        cookbook.increase(array, 1)
        assert "pandas" not in sys.modules
        print(array.tolist())
    """
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=dict(os.environ),
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "[2, 3]\n", "")
