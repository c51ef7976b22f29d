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
    c_uint8,
    c_uint32,
    c_uint64,
    c_void_p,
)
from pathlib import Path
from typing import Any, Iterator, Optional, Sequence

from ..errors import from_status
from .base import NativeBackend, NativeBulk, NativeReport
from .handle import Captured, Owner
from .surface import (
    Allocator,
    CancelHandle,
    DNSOptions,
    EntryTuple,
    OnProgress,
    OnResult,
    ProgressTuple,
    ResultTuple,
    RunOptions,
    count_of,
)

__all__ = ["PROTOTYPES", "CtypesBackend"]

#: ``UINT64_MAX``, where a number of bytes is not known.
_UNKNOWN = 2**64 - 1


class Result(Structure):
    """The header's ``checksig_result``."""

    _fields_ = [
        ("name", c_void_p),
        ("name_len", c_size_t),
        ("algorithm", c_char_p),
        ("expected", c_void_p),
        ("actual", c_void_p),
        ("digest_len", c_size_t),
        ("reason", c_void_p),
        ("reason_len", c_size_t),
        ("line", c_uint64),
        ("size", c_uint64),
        ("verdict", c_int),
    ]


class Progress(Structure):
    """The header's ``checksig_progress``."""

    _fields_ = [
        ("files", c_uint64),
        ("files_total", c_uint64),
        ("bytes", c_uint64),
        ("bytes_total", c_uint64),
        ("current", c_void_p),
        ("current_len", c_size_t),
    ]


class Extra(Structure):
    """The header's ``checksig_extra``."""

    _fields_ = [
        ("name", c_void_p),
        ("name_len", c_size_t),
        ("reason", c_void_p),
        ("reason_len", c_size_t),
    ]


class Entry(Structure):
    """The header's ``checksig_entry``."""

    _fields_ = [
        ("name", c_void_p),
        ("name_len", c_size_t),
        ("algorithm", c_char_p),
        ("digest", c_void_p),
        ("digest_len", c_size_t),
        ("size", c_int64),
        ("line", c_uint64),
        ("error", c_void_p),
        ("error_len", c_size_t),
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
ResultFunction = CFUNCTYPE(c_int, POINTER(Result), c_void_p)
ProgressFunction = CFUNCTYPE(c_int, POINTER(Progress), c_void_p)

#: The parameters of a run.
_RUN = [
    *(c_char_p, c_size_t),
    *(c_char_p, c_size_t),
    c_void_p,
    ResultFunction,
    ProgressFunction,
    c_void_p,
    c_void_p,
    POINTER(c_void_p),
]

#: The parameters of a setter of ``checksig_dns_options`` that takes a text.
_DNS_TEXT = [c_void_p, c_char_p, c_size_t]
#: Many names: one after the other, and their lengths.
_NAMES = [c_char_p, POINTER(c_uint32), c_size_t]

#: Every function of the header, in its order: result and parameters. A text that
#: must be released is a ``c_void_p``: ctypes would lose the pointer of a
#: ``c_char_p``.
PROTOTYPES: dict[str, tuple[Any, list[Any]]] = {
    "checksig_last_error_message": (c_size_t, [c_char_p, c_size_t]),
    "checksig_last_error_line": (c_uint64, []),
    "checksig_cancel_new": (c_void_p, []),
    "checksig_cancel_request": (None, [c_void_p]),
    "checksig_cancel_free": (None, [c_void_p]),
    "checksig_create": (c_int, _RUN),
    "checksig_hash_file": (
        c_int,
        [c_char_p, c_size_t, c_char_p, c_void_p, POINTER(c_uint8), c_size_t, POINTER(c_size_t)],
    ),
    "checksig_manifest_read": (
        c_int,
        [c_char_p, c_size_t, c_void_p, c_void_p, POINTER(c_void_p)],
    ),
    "checksig_manifest_find": (c_int, [c_char_p, c_size_t, POINTER(c_void_p)]),
    "checksig_manifest_entries": (POINTER(Entry), [c_void_p, POINTER(c_size_t)]),
    "checksig_manifest_format": (c_char_p, [c_void_p]),
    "checksig_manifest_free": (None, [c_void_p]),
    "checksig_manifest_write": (
        c_int,
        [c_char_p, c_size_t, POINTER(Entry), c_size_t, c_void_p],
    ),
    "checksig_options_new": (c_void_p, []),
    "checksig_options_free": (None, [c_void_p]),
    "checksig_options_set_algorithm": (c_int, [c_void_p, c_char_p]),
    "checksig_options_set_format": (c_int, [c_void_p, c_char_p]),
    "checksig_options_set_zero": (c_int, [c_void_p, c_bool]),
    "checksig_options_set_lenient": (c_int, [c_void_p, c_bool]),
    "checksig_options_set_ignore_missing": (c_int, [c_void_p, c_bool]),
    "checksig_options_set_audit": (c_int, [c_void_p, c_bool]),
    "checksig_options_set_allow_outside": (c_int, [c_void_p, c_bool]),
    "checksig_options_set_detect_collisions": (c_int, [c_void_p, c_bool]),
    "checksig_options_set_threads": (c_int, [c_void_p, c_size_t]),
    "checksig_options_set_measure": (c_int, [c_void_p, c_bool]),
    "checksig_options_add_exclude": (c_int, [c_void_p, c_char_p]),
    "checksig_options_set_text": (c_int, [c_void_p, c_char_p, c_size_t]),
    "checksig_options_set_descriptor": (c_int, [c_void_p, c_int]),
    "checksig_report_ok": (c_bool, [c_void_p]),
    "checksig_report_results": (POINTER(Result), [c_void_p, POINTER(c_size_t)]),
    "checksig_report_len": (c_size_t, [c_void_p]),
    "checksig_report_page": (c_void_p, [c_void_p, c_size_t, c_size_t, c_uint32]),
    "checksig_page_results": (POINTER(Result), [c_void_p, POINTER(c_size_t)]),
    "checksig_report_text_page": (c_void_p, [c_void_p, c_size_t, c_size_t, c_uint32, c_bool]),
    "checksig_page_text": (c_void_p, [c_void_p, POINTER(c_size_t)]),
    "checksig_page_extra": (POINTER(Extra), [c_void_p, POINTER(c_size_t)]),
    "checksig_page_free": (None, [c_void_p]),
    "checksig_report_extra": (POINTER(Extra), [c_void_p, POINTER(c_size_t)]),
    "checksig_report_extra_len": (c_size_t, [c_void_p]),
    "checksig_report_extra_page": (c_void_p, [c_void_p, c_size_t, c_size_t]),
    "checksig_report_cancelled": (c_bool, [c_void_p]),
    "checksig_report_manifest": (c_char_p, [c_void_p]),
    "checksig_report_count": (c_size_t, [c_void_p, c_int]),
    "checksig_report_fails": (c_bool, [c_void_p, c_int]),
    "checksig_report_message": (c_char_p, [c_void_p]),
    "checksig_report_bytes": (c_uint64, [c_void_p]),
    "checksig_report_seconds": (c_double, [c_void_p]),
    "checksig_report_free": (None, [c_void_p]),
    "verify": (c_void_p, [c_char_p]),
    "checksig_verify": (c_int, _RUN),
    "checksig_version": (c_char_p, []),
    "checksig_abi_version": (c_uint32, []),
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
    "checksig_dns_lookup_many": (
        c_int,
        [*_NAMES, c_void_p, c_void_p, POINTER(c_void_p), POINTER(c_size_t)],
    ),
    "checksig_dns_bulk_new": (c_int, [c_void_p, POINTER(c_void_p)]),
    "checksig_dns_bulk_wanted": (c_size_t, [c_void_p]),
    "checksig_dns_bulk_in_flight": (c_size_t, [c_void_p]),
    "checksig_dns_bulk_step": (
        c_int,
        [c_void_p, *_NAMES, c_double, POINTER(c_void_p), POINTER(c_size_t)],
    ),
    "checksig_dns_bulk_free": (None, [c_void_p]),
    "checksig_dns_options_new": (c_void_p, []),
    "checksig_dns_options_free": (None, [c_void_p]),
    "checksig_dns_options_set_nameservers": (c_int, _DNS_TEXT),
    "checksig_dns_options_set_search": (c_int, _DNS_TEXT),
    "checksig_dns_options_set_hosts": (c_int, _DNS_TEXT),
    "checksig_dns_options_set_resolv_conf": (c_int, _DNS_TEXT),
    "checksig_dns_options_set_timeout": (c_int, [c_void_p, c_double]),
    "checksig_dns_options_set_attempts": (c_int, [c_void_p, c_size_t]),
    "checksig_dns_options_set_max_hops": (c_int, [c_void_p, c_size_t]),
    "checksig_dns_options_set_validate": (c_int, [c_void_p, c_bool, c_char_p, c_size_t]),
    "checksig_dns_options_set_concurrency": (c_int, [c_void_p, c_size_t]),
    "checksig_dns_options_set_rate": (c_int, [c_void_p, c_double]),
    "checksig_dns_options_set_engine": (c_int, [c_void_p, c_char_p]),
}


def _pointer(view: memoryview) -> Any:
    """A pointer to a writable view's memory, which it keeps alive."""
    return byref(c_char.from_buffer(view)) if view.nbytes else None


def _copied(address: Optional[int], length: int) -> Optional[bytes]:
    return None if address is None else ctypes.string_at(address, length)


def _result_tuple(result: Result) -> ResultTuple:
    return ResultTuple(
        name=ctypes.string_at(result.name, result.name_len),
        algorithm=result.algorithm,
        expected=_copied(result.expected, result.digest_len),
        actual=_copied(result.actual, result.digest_len),
        reason=_copied(result.reason, result.reason_len),
        line=result.line,
        size=result.size,
        verdict=result.verdict,
    )


def _progress_tuple(progress: Progress) -> ProgressTuple:
    return ProgressTuple(
        files=progress.files,
        files_total=progress.files_total,
        size=progress.bytes,
        size_total=None if progress.bytes_total == _UNKNOWN else progress.bytes_total,
        current=_copied(progress.current, progress.current_len) or b"",
    )


def _entry_tuple(entry: Entry) -> EntryTuple:
    return EntryTuple(
        name=ctypes.string_at(entry.name, entry.name_len),
        algorithm=entry.algorithm,
        digest=_copied(entry.digest, entry.digest_len),
        size=None if entry.size < 0 else entry.size,
        line=entry.line,
        error=_copied(entry.error, entry.error_len),
    )


class CtypesReport(NativeReport):
    """A ``checksig_report`` through ctypes."""

    def _array(self, function: Any, pointer: c_void_p) -> tuple[Any, int]:
        count = c_size_t()
        return function(pointer, byref(count)), count.value

    def _copy_text(self, text: Optional[bytes]) -> Optional[bytes]:
        return text

    def _copy_bytes(self, pointer: Optional[int], length: int) -> Optional[bytes]:
        return _copied(pointer, length)

    def _copy_result(self, result: Result) -> ResultTuple:
        return _result_tuple(result)


class CtypesBulk(NativeBulk):
    """A ``checksig_dns_bulk`` through ctypes."""

    def step(self, names: Sequence[bytes], limit: float) -> bytes:
        """Gives the run names, lets it go on, and takes lines of results."""
        results, length = c_void_p(), c_size_t()
        status = self._lib.checksig_dns_bulk_step(
            self.pointer,
            b"".join(names),
            (c_uint32 * len(names))(*map(len, names)),
            len(names),
            limit,
            byref(results),
            byref(length),
        )
        self._backend._check(status)
        return _copied(results.value, length.value) or b""


class CtypesBackend(NativeBackend):
    """The surface of :class:`~checksig._native.surface.Backend` through ctypes."""

    name = "ctypes"

    def __init__(self, path: Path) -> None:
        lib = ctypes.CDLL(str(path))
        for name, (restype, argtypes) in PROTOTYPES.items():
            function = getattr(lib, name)
            function.restype = restype
            function.argtypes = argtypes
        super().__init__(lib)

    def _last_error(self) -> bytes:
        length = self._lib.checksig_last_error_message(None, 0)
        buffer = ctypes.create_string_buffer(length + 1)
        self._lib.checksig_last_error_message(buffer, length + 1)
        return buffer.raw[:length]

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

    def _run(
        self,
        function: Any,
        root: bytes,
        manifest: Optional[bytes],
        options: RunOptions,
        on_result: Optional[OnResult],
        on_progress: Optional[OnProgress],
        cancel: Optional[CancelHandle],
    ) -> CtypesReport:
        def tell_result(result: Any, _user: Optional[int]) -> bool:
            return on_result is not None and on_result(_result_tuple(result[0]))

        def tell_progress(progress: Any, _user: Optional[int]) -> bool:
            return on_progress is not None and on_progress(_progress_tuple(progress[0]))

        results, progress = Captured(tell_result, True), Captured(tell_progress, True)
        owner = self._options(options)
        handle = c_void_p()
        status = function(
            *(root, len(root)),
            *(manifest, len(manifest or b"")),
            owner.pointer,
            ResultFunction(results) if on_result else ResultFunction(),
            ProgressFunction(progress) if on_progress else ProgressFunction(),
            None,
            None if cancel is None else cancel.owner.pointer,
            byref(handle),
        )
        del owner  # until here it kept the options
        self._check(status)
        report = CtypesReport(self._lib, handle)
        results.reraise()
        progress.reraise()
        return report

    def hash_file(self, path: bytes, algorithm: bytes, cancel: CancelHandle) -> bytes:
        digest = (c_uint8 * 64)()
        length = c_size_t()
        flag = cancel.owner.pointer
        self._check(
            self._lib.checksig_hash_file(
                path, len(path), algorithm, flag, digest, len(digest), byref(length)
            )
        )
        return bytes(digest[: length.value])

    def read_manifest(
        self, path: Optional[bytes], options: RunOptions, cancel: CancelHandle
    ) -> tuple[str, Iterator[EntryTuple]]:
        owner = self._options(options)
        handle = c_void_p()
        flag = cancel.owner.pointer
        self._check(
            self._lib.checksig_manifest_read(
                path, len(path or b""), owner.pointer, flag, byref(handle)
            )
        )
        manifest = Owner(handle, self._lib.checksig_manifest_free)
        name: bytes = self._lib.checksig_manifest_format(manifest.pointer)
        return name.decode("ascii"), self._entries(manifest)

    def _entries(self, manifest: Owner) -> Iterator[EntryTuple]:
        """The entries of a manifest, which is kept until the last one."""
        count = c_size_t()
        entries = self._lib.checksig_manifest_entries(manifest.pointer, byref(count))
        for index in range(count.value):
            yield _entry_tuple(entries[index])

    def find_manifest(self, root: bytes) -> bytes:
        path = c_void_p()
        self._check(self._lib.checksig_manifest_find(root, len(root), byref(path)))
        assert path.value is not None
        return self._taken(path.value)

    def write_manifest(
        self, path: bytes, entries: Sequence[EntryTuple], options: RunOptions
    ) -> None:
        owner = self._options(options)
        array = (Entry * len(entries))()
        for place, entry in zip(array, entries):
            place.name = ctypes.cast(c_char_p(entry.name), c_void_p)
            place.name_len = len(entry.name)
            place.algorithm = entry.algorithm
            place.digest = ctypes.cast(c_char_p(entry.digest), c_void_p)
            place.digest_len = len(entry.digest or b"")
            place.size = -1 if entry.size is None else entry.size
            place.line = entry.line
        # `entries` has the bytes that the array points to, and is kept until here.
        status = self._lib.checksig_manifest_write(
            path, len(path), array, len(array), owner.pointer
        )
        self._check(status)

    def _or_null(self, text: Optional[bytes]) -> Optional[bytes]:
        return text

    def new_bulk(self, options: DNSOptions) -> CtypesBulk:
        owner = self._dns_options(options)
        handle = c_void_p()
        self._check(self._lib.checksig_dns_bulk_new(owner.pointer, byref(handle)))
        return CtypesBulk(self, handle)

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
        borrowed = []

        def allocate(typecode: bytes, elements: int, _user: Optional[int]) -> Optional[int]:
            buffer = alloc(typecode.decode("ascii"), elements)
            if elements == 0:
                return None
            anchor = c_char.from_buffer(buffer)
            borrowed.append(anchor)
            return ctypes.addressof(anchor)

        captured = Captured(allocate, None)
        status = self._lib.checksig_cookbook_sqrts(AllocatorFunction(captured), None, count)
        captured.reraise()
        self._check(status)

    def shuffle(self, nums: memoryview, seed: int) -> None:
        self._lib.checksig_cookbook_shuffle(_pointer(nums), count_of(nums), seed)

    def dot(self, a: memoryview, b: memoryview) -> float:
        return float(self._lib.checksig_cookbook_dot(_pointer(a), _pointer(b), count_of(a)))
