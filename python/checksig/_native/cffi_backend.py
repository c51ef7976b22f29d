"""The library through cffi's ABI mode: prototypes from the installed header."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Optional, Sequence, cast

import cffi

from ..errors import from_status
from .header import declarations
from .report import NativeReport
from .surface import Allocator, CapturedAllocator, ResultTuple, count_of

__all__ = ["CffiBackend"]


def _string(ffi: cffi.FFI, text: Any) -> bytes:
    """A copy of a NUL-terminated ``char *``."""
    # `string` gives `str` for other types of character alone.
    return cast("bytes", ffi.string(text))


class CffiReport(NativeReport):
    """A ``checksig_report`` through cffi."""

    def __init__(self, ffi: cffi.FFI, lib: Any, pointer: Any) -> None:
        self._ffi = ffi
        super().__init__(lib, pointer)

    def _borrow_results(self, pointer: Any) -> tuple[Any, int]:
        count = self._ffi.new("size_t *")
        results = self._lib.checksig_report_results(pointer, count)
        return results, int(count[0])

    def _copy_text(self, text: Any) -> Optional[bytes]:
        return None if text == self._ffi.NULL else _string(self._ffi, text)

    def _copied(self, pointer: Any, length: int) -> Optional[bytes]:
        return None if pointer == self._ffi.NULL else bytes(self._ffi.buffer(pointer, length))

    def _copy_result(self, result: Any) -> ResultTuple:
        return ResultTuple(
            name=self._copied(result.name, result.name_len) or b"",
            expected=self._copied(result.expected, result.digest_len),
            actual=self._copied(result.actual, result.digest_len),
            reason=self._copied(result.reason, result.reason_len),
            line=result.line,
            bytes=result.bytes,
            verdict=int(result.verdict),
        )


class CffiBackend:
    """The surface of :class:`~checksig._native.surface.Backend` through cffi."""

    name = "cffi"

    def __init__(self, path: Path) -> None:
        self._ffi = cffi.FFI()
        self._ffi.cdef(declarations())
        # cffi's stubs know no function of a library that is opened at run time.
        self._lib: Any = self._ffi.dlopen(str(path))

    def _last_error(self) -> bytes:
        length = self._lib.checksig_last_error_message(self._ffi.NULL, 0)
        buffer = self._ffi.new("char[]", length + 1)
        self._lib.checksig_last_error_message(buffer, length + 1)
        return bytes(self._ffi.buffer(buffer, length))

    def _check(self, status: int) -> None:
        if status != 0:
            raise from_status(status, self._last_error())

    def _string(self, text: Any) -> bytes:
        return _string(self._ffi, text)

    def _taken(self, text: Any) -> bytes:
        """Copies a text of the library's and releases it."""
        try:
            return self._string(text)
        finally:
            self._lib.checksig_free(text)

    def _pointer(self, view: memoryview, kind: str) -> Any:
        """A pointer to a writable view's memory, which it keeps alive."""
        return self._ffi.from_buffer(kind, view) if view.nbytes else self._ffi.NULL

    def version(self) -> str:
        return self._string(self._lib.checksig_version()).decode("ascii")

    def address(self, view: memoryview) -> int:
        return int(self._ffi.cast("uintptr_t", self._pointer(view, "char[]")))

    def verify(self, root: bytes, threads: int) -> CffiReport:
        handle = self._ffi.new("checksig_report **")
        self._check(self._lib.checksig_verify(root, len(root), threads, handle))
        return CffiReport(self._ffi, self._lib, handle[0])

    def lookup_cname(self, name: bytes, nameservers: Optional[bytes], timeout: float) -> bytes:
        canonical = self._ffi.new("char **")
        servers = self._ffi.NULL if nameservers is None else nameservers
        self._check(
            self._lib.checksig_dns_lookup_cname(
                name, len(name), servers, len(nameservers or b""), timeout, canonical
            )
        )
        return self._taken(canonical[0])

    def normalize(self, nums: memoryview, out: memoryview) -> None:
        self._lib.normalize(
            self._pointer(nums, "double[]"), self._pointer(out, "double[]"), count_of(nums)
        )

    def increase(self, nums: memoryview, amount: int) -> None:
        self._lib.increase(self._pointer(nums, "int64_t[]"), count_of(nums), amount)

    def repeat(self, text: bytes, times: int) -> bytes:
        size = len(text) * times + 1
        buffer = self._ffi.new("char[]", size)
        if self._lib.repeat(text, times, buffer, size) == self._ffi.NULL:
            raise from_status(1, self._last_error())
        return bytes(self._ffi.buffer(buffer, size - 1))

    def join(self, texts: Sequence[bytes], separator: bytes) -> bytes:
        # The array holds pointers alone: the list keeps what they point to.
        strings = [self._ffi.from_buffer("char[]", text + b"\0") for text in texts]
        array = self._ffi.new("char *[]", [*strings, self._ffi.NULL])
        return self._taken(self._lib.checksig_cookbook_join(array, separator))

    def full_name(self, first: bytes, last: bytes) -> bytes:
        first_name = self._ffi.new("char[]", first)
        last_name = self._ffi.new("char[]", last)
        size = len(first) + len(last) + 2
        buffer = self._ffi.new("char[]", size)
        person = self._ffi.new("checksig_person *", (first_name, last_name, buffer, size))
        self._check(self._lib.checksig_cookbook_full_name(person))
        return self._string(buffer)

    def even(self, number: int) -> bool:
        result = self._lib.checksig_cookbook_even(number)
        try:
            if result.err.err != self._ffi.NULL:
                raise from_status(1, self._string(result.err.err))
            return bool(result.result)
        finally:
            self._lib.checksig_error_free(result.err)

    def user_info(self, name: bytes) -> bytes:
        info = self._lib.checksig_cookbook_user_info(name)
        if info.info == self._ffi.NULL:
            raise from_status(1, self._last_error())
        try:
            return self._string(info.info)
        finally:
            self._lib.checksig_user_info_free(info)

    def sqrts(self, alloc: Allocator, count: int) -> None:
        captured = CapturedAllocator(alloc)
        borrowed = []

        @self._ffi.callback("void *(const char *, int64_t, void *)")
        def allocate(typecode: Any, elements: int, _user: Any) -> Any:
            buffer = captured(self._string(typecode), elements)
            if buffer is None or elements == 0:
                return self._ffi.NULL
            anchor = self._ffi.from_buffer(buffer)
            borrowed.append(anchor)
            return self._ffi.cast("void *", anchor)

        status = self._lib.checksig_cookbook_sqrts(allocate, self._ffi.NULL, count)
        captured.reraise()
        self._check(status)

    def noop(self) -> None:
        self._lib.checksig_cookbook_noop()

    def pi(self, terms: int) -> float:
        return float(self._lib.checksig_cookbook_pi(terms))

    def shuffle(self, nums: memoryview, seed: int) -> None:
        self._lib.checksig_cookbook_shuffle(self._pointer(nums, "double[]"), count_of(nums), seed)

    def dot(self, a: memoryview, b: memoryview) -> float:
        return float(
            self._lib.checksig_cookbook_dot(
                self._pointer(a, "double[]"), self._pointer(b, "double[]"), count_of(a)
            )
        )
