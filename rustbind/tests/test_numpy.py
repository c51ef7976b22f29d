"""NumPy's arrays over Rust's memory."""

import gc
from pathlib import Path

import numpy
import pytest

import rustbind

lists = rustbind.load(Path(__file__).parent / "fixtures" / "lists")


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
