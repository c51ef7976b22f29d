"""NumPy's arrays over Rust's memory."""

import gc
from pathlib import Path

import numpy
import pytest

import rustbind

FIXTURES = Path(__file__).parent / "fixtures"
lists, slices = (rustbind.load(FIXTURES / name) for name in ("lists", "slices"))


def test_an_array_is_the_list():
    sheet = lists.Sheet.default()
    sheet.weights.extend([1.5, 2.5])
    found = numpy.asarray(sheet.weights)
    found += 1
    assert sheet.weights == [2.5, 3.5]
    with pytest.raises(BufferError):
        sheet.weights.append(1)
    del found
    gc.collect()
    sheet.weights.append(1)
    assert sheet.weight() == 7
    numbers = numpy.arange(3.0)
    lists.double(numbers)
    assert numbers.tolist() == [0, 2, 4]
    assert lists.sum(numbers) == 6


def test_an_array_is_what_a_function_has_returned():
    numbers = slices.f64.counted(1_000_000)
    found = numpy.asarray(numbers)
    assert found.dtype == numpy.float64
    assert found.ctypes.data == slices.LAST
    found += 1
    assert numbers[:3] == [1, 2, 3]
    del numbers
    gc.collect()
    assert found.sum() == slices.f64.sum(found) == 50_500_000
    assert slices.f64.address(found) == found.ctypes.data
    del found
    gc.collect()
    assert slices.__live_handles__() == 0
