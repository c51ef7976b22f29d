"""The library through :mod:`ctypes`: structures and prototypes by hand."""

from __future__ import annotations

import ctypes
from ctypes import (
    CFUNCTYPE,
    POINTER,
    Structure,
    byref,
    c_bool,
    c_char,
    c_char_p,
    c_double,
    c_int,
    c_int64,
    c_longlong,
    c_size_t,
    c_uint64,
    c_void_p,
)
from pathlib import Path
from typing import Any, Optional, Sequence

from ..errors import from_status
from .report import NativeReport
from .surface import Allocator, CapturedAllocator, ResultTuple, count_of

__all__ = ["PROTOTYPES", "CtypesBackend"]


class Result(Structure):
    """The header's ``checksig_result``."""

    _fields_ = [
        ("name", c_void_p),
        ("name_len", c_size_t),
        ("expected", c_void_p),
        ("actual", c_void_p),
        ("digest_len", c_size_t),
        ("reason", c_void_p),
        ("reason_len", c_size_t),
        ("line", c_uint64),
        ("bytes", c_uint64),
        ("verdict", c_int),
    ]


class Person(Structure):
    """The header's ``checksig_person``."""

    _fields_ = [
        ("first_name", c_char_p),
        ("last_name", c_char_p),
        ("full_name", c_char_p),
        ("full_name_len", c_int64),
    ]


class Error(Structure):
    """The header's ``checksig_error``."""

    _fields_ = [("err", c_void_p)]


class EvenResult(Structure):
    """The header's ``checksig_even_result``."""

    _fields_ = [("result", c_bool), ("err", Error)]


class UserInfo(Structure):
    """The header's ``checksig_user_info``."""

    _fields_ = [("info", c_void_p)]


class GoString(Structure):
    """The header's ``GoString``."""

    _fields_ = [("p", c_char_p), ("n", c_longlong)]


AllocatorFunction = CFUNCTYPE(c_void_p, c_char_p, c_int64, c_void_p)

#: Every function of the header, in its order: result and parameters. A text that
#: must be released is a ``c_void_p``: ctypes would lose the pointer of a
#: ``c_char_p``.
PROTOTYPES: dict[str, tuple[Any, list[Any]]] = {
    "checksig_last_error_message": (c_size_t, [c_char_p, c_size_t]),
    "verify": (c_void_p, [c_char_p]),
    "checksig_verify": (c_int, [c_char_p, c_size_t, c_size_t, POINTER(c_void_p)]),
    "checksig_report_ok": (c_bool, [c_void_p]),
    "checksig_report_results": (POINTER(Result), [c_void_p, POINTER(c_size_t)]),
    "checksig_report_count": (c_size_t, [c_void_p, c_int]),
    "checksig_report_message": (c_char_p, [c_void_p]),
    "checksig_report_bytes": (c_uint64, [c_void_p]),
    "checksig_report_seconds": (c_double, [c_void_p]),
    "checksig_report_free": (None, [c_void_p]),
    "checksig_version": (c_char_p, []),
    "checksig_free": (None, [c_void_p]),
    "Hello": (None, []),
    "hello": (None, []),
    "ReturnInt": (c_longlong, [c_longlong]),
    "add": (c_int64, [c_int64, c_int64]),
    "normalize": (None, [c_void_p, c_void_p, c_int64]),
    "increase": (None, [c_void_p, c_int64, c_int64]),
    "repeat": (c_void_p, [c_char_p, c_int64, c_void_p, c_int64]),
    "checksig_cookbook_join": (c_void_p, [POINTER(c_char_p), c_char_p]),
    "checksig_cookbook_full_name": (c_int, [POINTER(Person)]),
    "checksig_cookbook_even": (EvenResult, [c_int64]),
    "checksig_error_free": (None, [Error]),
    "checksig_cookbook_user_info": (UserInfo, [c_char_p]),
    "checksig_user_info_free": (None, [UserInfo]),
    "checksig_cookbook_sqrts": (c_int, [AllocatorFunction, c_void_p, c_int64]),
    "checksig_cookbook_noop": (None, []),
    "checksig_cookbook_pi": (c_double, [c_int64]),
    "checksig_cookbook_shuffle": (None, [c_void_p, c_int64, c_uint64]),
    "checksig_cookbook_dot": (c_double, [c_void_p, c_void_p, c_int64]),
    "ReturnString": (c_void_p, [GoString]),
    "checksig_dns_lookup_cname": (
        c_int,
        [c_char_p, c_size_t, c_char_p, c_size_t, c_double, POINTER(c_void_p)],
    ),
}


def _pointer(view: memoryview) -> Any:
    """A pointer to a writable view's memory, which it keeps alive."""
    return byref(c_char.from_buffer(view)) if view.nbytes else None


def _copied(address: Optional[int], length: int) -> Optional[bytes]:
    return None if address is None else ctypes.string_at(address, length)


class CtypesReport(NativeReport):
    """A ``checksig_report`` through ctypes."""

    def _borrow_results(self, pointer: c_void_p) -> tuple[Any, int]:
        count = c_size_t()
        results = self._lib.checksig_report_results(pointer, byref(count))
        return results, count.value

    def _copy_text(self, text: Optional[bytes]) -> Optional[bytes]:
        return text

    def _copy_result(self, result: Result) -> ResultTuple:
        return ResultTuple(
            name=ctypes.string_at(result.name, result.name_len),
            expected=_copied(result.expected, result.digest_len),
            actual=_copied(result.actual, result.digest_len),
            reason=_copied(result.reason, result.reason_len),
            line=result.line,
            bytes=result.bytes,
            verdict=result.verdict,
        )


class CtypesBackend:
    """The surface of :class:`~checksig._native.surface.Backend` through ctypes."""

    name = "ctypes"

    def __init__(self, path: Path) -> None:
        self._lib = ctypes.CDLL(str(path))
        for name, (restype, argtypes) in PROTOTYPES.items():
            function = getattr(self._lib, name)
            function.restype = restype
            function.argtypes = argtypes

    def _last_error(self) -> bytes:
        length = self._lib.checksig_last_error_message(None, 0)
        buffer = ctypes.create_string_buffer(length + 1)
        self._lib.checksig_last_error_message(buffer, length + 1)
        return buffer.raw[:length]

    def _check(self, status: int) -> None:
        if status != 0:
            raise from_status(status, self._last_error())

    def _taken(self, address: int) -> bytes:
        """Copies a text of the library's and releases it."""
        try:
            return ctypes.string_at(address)
        finally:
            self._lib.checksig_free(address)

    def version(self) -> str:
        version: bytes = self._lib.checksig_version()
        return version.decode("ascii")

    def address(self, view: memoryview) -> int:
        return ctypes.addressof(c_char.from_buffer(view)) if view.nbytes else 0

    def verify(self, root: bytes, threads: int) -> CtypesReport:
        handle = c_void_p()
        self._check(self._lib.checksig_verify(root, len(root), threads, byref(handle)))
        return CtypesReport(self._lib, handle)

    def lookup_cname(self, name: bytes, nameservers: Optional[bytes], timeout: float) -> bytes:
        canonical = c_void_p()
        self._check(
            self._lib.checksig_dns_lookup_cname(
                name, len(name), nameservers, len(nameservers or b""), timeout, byref(canonical)
            )
        )
        assert canonical.value is not None
        return self._taken(canonical.value)

    def normalize(self, nums: memoryview, out: memoryview) -> None:
        self._lib.normalize(_pointer(nums), _pointer(out), count_of(nums))

    def increase(self, nums: memoryview, amount: int) -> None:
        self._lib.increase(_pointer(nums), count_of(nums), amount)

    def repeat(self, text: bytes, times: int) -> bytes:
        size = len(text) * times + 1
        buffer = bytearray(size)
        if self._lib.repeat(text, times, byref(c_char.from_buffer(buffer)), size) is None:
            raise from_status(1, self._last_error())
        return bytes(memoryview(buffer)[: size - 1])

    def join(self, texts: Sequence[bytes], separator: bytes) -> bytes:
        strings = (c_char_p * (len(texts) + 1))(*texts, None)
        return self._taken(self._lib.checksig_cookbook_join(strings, separator))

    def full_name(self, first: bytes, last: bytes) -> bytes:
        buffer = ctypes.create_string_buffer(len(first) + len(last) + 2)
        address = ctypes.cast(buffer, c_char_p)
        person = Person(first, last, address, len(buffer))
        self._check(self._lib.checksig_cookbook_full_name(byref(person)))
        return buffer.value

    def even(self, number: int) -> bool:
        result = self._lib.checksig_cookbook_even(number)
        try:
            if result.err.err is not None:
                raise from_status(1, ctypes.string_at(result.err.err))
            return bool(result.result)
        finally:
            self._lib.checksig_error_free(result.err)

    def user_info(self, name: bytes) -> bytes:
        info = self._lib.checksig_cookbook_user_info(name)
        if info.info is None:
            raise from_status(1, self._last_error())
        try:
            return ctypes.string_at(info.info)
        finally:
            self._lib.checksig_user_info_free(info)

    def sqrts(self, alloc: Allocator, count: int) -> None:
        captured = CapturedAllocator(alloc)
        borrowed = []

        def allocate(typecode: bytes, elements: int, _user: Optional[int]) -> Optional[int]:
            buffer = captured(typecode, elements)
            if buffer is None or elements == 0:
                return None
            anchor = c_char.from_buffer(buffer)
            borrowed.append(anchor)
            return ctypes.addressof(anchor)

        status = self._lib.checksig_cookbook_sqrts(AllocatorFunction(allocate), None, count)
        captured.reraise()
        self._check(status)

    def noop(self) -> None:
        self._lib.checksig_cookbook_noop()

    def pi(self, terms: int) -> float:
        return float(self._lib.checksig_cookbook_pi(terms))

    def shuffle(self, nums: memoryview, seed: int) -> None:
        self._lib.checksig_cookbook_shuffle(_pointer(nums), count_of(nums), seed)

    def dot(self, a: memoryview, b: memoryview) -> float:
        return float(self._lib.checksig_cookbook_dot(_pointer(a), _pointer(b), count_of(a)))
