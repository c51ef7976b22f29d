"""What a call costs: ctypes, cffi in ABI mode, cffi in API mode."""

from __future__ import annotations

import ctypes
import importlib.util
import time
from array import array
from pathlib import Path
from typing import Any, Callable, NamedTuple

import cffi
import numpy

from checksig import cffi_builder
from checksig._native.header import declarations
from checksig._native.library import library_path

from .runs import Sample, Series, take_turns

__all__ = ["CallCost", "call_costs", "seconds_a_call"]

#: How long one measurement takes, at least.
ENOUGH = 0.02

TEXT = b"x" * 1024
MILLION = 1_000_000


class CallCost(NamedTuple):
    """What one call costs, in seconds, by the way that it is made."""

    what: str
    ways: dict[str, Series]


def call_costs(directory: Path, rounds: int, scale: float = 1) -> list[CallCost]:
    """Each call in each way; the API mode's module is compiled into the directory."""
    numbers = array("q", bytes(8 * max(1, round(MILLION * scale))))
    ways = {
        "ctypes": _by_ctypes(numbers),
        "cffi, ABI mode": _by_cffi(*_abi_mode(), numbers),
        "cffi, API mode": _by_cffi(*_api_mode(directory), numbers),
        "pure Python": _by_python(numbers),
        "numpy": _by_numpy(numbers),
    }
    costs = []
    for what in ways["ctypes"]:
        calls = {way: calls[what] for way, calls in ways.items() if what in calls}
        costs.append(CallCost(what, compare(calls, rounds)))
    return costs


def compare(calls: dict[str, Callable[[], object]], rounds: int) -> dict[str, Series]:
    """Seconds a call of each, in rounds of rotating order."""
    runs = {name: _timed(call) for name, call in calls.items()}
    samples, _failures = take_turns(runs, rounds)
    return {name: Series(tuple(sample.wall for sample in samples[name])) for name in calls}


def _timed(call: Callable[[], object]) -> Callable[[], Sample]:
    """Measures a call, as often as it takes to be exact."""
    seconds = seconds_a_call(call, 1)
    number = max(1, round(ENOUGH / max(seconds, 1e-9)))

    def sample() -> Sample:
        wait_for_idle()
        return Sample(seconds_a_call(call, number))

    return sample


def wait_for_idle() -> None:
    """Waits until no thread of this process is busy, for a second at most.

    The threads of numpy's OpenBLAS spin for about a tenth of a second after a call, which
    the next contender would pay for.
    """
    pause = 0.01
    end = time.monotonic() + 1
    busy = True
    while busy and time.monotonic() < end:
        before = time.process_time()
        time.sleep(pause)
        busy = time.process_time() - before > pause / 10


def seconds_a_call(call: Callable[[], object], number: int) -> float:
    """The mean of so many calls, the loop around them included."""
    start = time.perf_counter()
    for _ in range(number):
        call()
    return (time.perf_counter() - start) / number


ADD = "`add(2, 3)`"
REPEAT = "`repeat`: a text of 1 KiB, in and out"
PASS = "a buffer of a million numbers, passed alone"
INCREASE = "`increase`: 1 added to each of a million numbers"


def _by_ctypes(numbers: array[int]) -> dict[str, Callable[[], object]]:
    library = ctypes.CDLL(str(library_path()))
    add, repeat, increase = library.add, library.repeat, library.increase
    add.argtypes = [ctypes.c_int64, ctypes.c_int64]
    add.restype = ctypes.c_int64
    repeat.argtypes = [ctypes.c_char_p, ctypes.c_int64, ctypes.c_char_p, ctypes.c_int64]
    repeat.restype = ctypes.c_void_p
    increase.argtypes = [ctypes.POINTER(ctypes.c_int64), ctypes.c_int64, ctypes.c_int64]
    increase.restype = None
    count = len(numbers)
    buffer_type = ctypes.c_int64 * count

    def text() -> bytes:
        out = ctypes.create_string_buffer(len(TEXT) + 1)
        repeat(TEXT, 1, out, len(out))
        return out.value

    return {
        ADD: lambda: add(2, 3),
        REPEAT: text,
        PASS: lambda: increase(buffer_type.from_buffer(numbers), 0, 1),
        INCREASE: lambda: increase(buffer_type.from_buffer(numbers), count, 1),
    }


def _abi_mode() -> tuple[cffi.FFI, Any]:
    ffi = cffi.FFI()
    ffi.cdef(declarations())
    return ffi, ffi.dlopen(str(library_path()))


def _api_mode(directory: Path) -> tuple[cffi.FFI, Any]:
    path = cffi_builder.build(directory)
    spec = importlib.util.spec_from_file_location("_checksig_cffi", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.ffi, module.lib


def _by_cffi(ffi: cffi.FFI, library: Any, numbers: array[int]) -> dict[str, Callable[[], object]]:
    add, repeat, increase = library.add, library.repeat, library.increase
    count = len(numbers)

    def text() -> object:
        out = ffi.new("char[]", len(TEXT) + 1)
        repeat(TEXT, 1, out, len(TEXT) + 1)
        return ffi.string(out)

    return {
        ADD: lambda: add(2, 3),
        REPEAT: text,
        PASS: lambda: increase(ffi.from_buffer("int64_t[]", numbers), 0, 1),
        INCREASE: lambda: increase(ffi.from_buffer("int64_t[]", numbers), count, 1),
    }


def _by_python(numbers: array[int]) -> dict[str, Callable[[], object]]:
    def add(a: int, b: int) -> int:
        return a + b

    return {
        ADD: lambda: add(2, 3),
        INCREASE: lambda: array("q", [number + 1 for number in numbers]),
    }


def _by_numpy(numbers: array[int]) -> dict[str, Callable[[], object]]:
    own = numpy.array(numbers)
    return {INCREASE: lambda: numpy.add(own, 1, out=own)}
