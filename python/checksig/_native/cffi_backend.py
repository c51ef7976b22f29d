"""The library through cffi's ABI mode: prototypes from the installed header."""

from __future__ import annotations

from array import array
from pathlib import Path
from typing import Any, Iterator, Optional, Sequence, cast

import cffi

from ..errors import from_status
from .base import NativeBackend, NativeBulk, NativeReport
from .handle import Captured, Owner
from .header import declarations
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

__all__ = ["CffiBackend"]

#: ``UINT64_MAX``, where a number of bytes is not known.
_UNKNOWN = 2**64 - 1


def _string(ffi: cffi.FFI, text: Any) -> bytes:
    """A copy of a NUL-terminated ``char *``."""
    # `string` gives `str` for other types of character alone.
    return cast("bytes", ffi.string(text))


def _copied(ffi: cffi.FFI, pointer: Any, length: int) -> Optional[bytes]:
    return None if pointer == ffi.NULL else bytes(ffi.buffer(pointer, length))


def _optional_string(ffi: cffi.FFI, text: Any) -> Optional[bytes]:
    return None if text == ffi.NULL else _string(ffi, text)


def _result_tuple(ffi: cffi.FFI, result: Any) -> ResultTuple:
    return ResultTuple(
        name=_copied(ffi, result.name, result.name_len) or b"",
        algorithm=_optional_string(ffi, result.algorithm),
        expected=_copied(ffi, result.expected, result.digest_len),
        actual=_copied(ffi, result.actual, result.digest_len),
        reason=_copied(ffi, result.reason, result.reason_len),
        line=result.line,
        size=result.size,
        verdict=int(result.verdict),
    )


def _progress_tuple(ffi: cffi.FFI, progress: Any) -> ProgressTuple:
    return ProgressTuple(
        files=progress.files,
        files_total=progress.files_total,
        size=progress.bytes,
        size_total=None if progress.bytes_total == _UNKNOWN else progress.bytes_total,
        current=_copied(ffi, progress.current, progress.current_len) or b"",
    )


def _entry_tuple(ffi: cffi.FFI, entry: Any) -> EntryTuple:
    return EntryTuple(
        name=_copied(ffi, entry.name, entry.name_len) or b"",
        algorithm=_optional_string(ffi, entry.algorithm),
        digest=_copied(ffi, entry.digest, entry.digest_len),
        size=None if entry.size < 0 else entry.size,
        line=entry.line,
        error=_copied(ffi, entry.error, entry.error_len),
    )


class CffiReport(NativeReport):
    """A ``checksig_report`` through cffi."""

    def __init__(self, ffi: cffi.FFI, lib: Any, pointer: Any) -> None:
        self._ffi = ffi
        super().__init__(lib, pointer)

    def _array(self, function: Any, pointer: Any) -> tuple[Any, int]:
        count = self._ffi.new("size_t *")
        return function(pointer, count), int(count[0])

    def _copy_text(self, text: Any) -> Optional[bytes]:
        return _optional_string(self._ffi, text)

    def _copy_bytes(self, pointer: Any, length: int) -> Optional[bytes]:
        return _copied(self._ffi, pointer, length)

    def _copy_result(self, result: Any) -> ResultTuple:
        return _result_tuple(self._ffi, result)


class CffiBulk(NativeBulk):
    """A ``checksig_dns_bulk`` through cffi."""

    def __init__(self, ffi: cffi.FFI, backend: NativeBackend, pointer: Any) -> None:
        super().__init__(backend, pointer)
        self._ffi = ffi

    def step(self, names: Sequence[bytes], limit: float) -> bytes:
        """Gives the run names, lets it go on, and takes lines of results."""
        ffi = self._ffi
        lengths = array("I", map(len, names))
        results, length = ffi.new("const char **"), ffi.new("size_t *")
        status = self._lib.checksig_dns_bulk_step(
            self.pointer,
            b"".join(names),
            ffi.from_buffer("uint32_t[]", lengths) if names else ffi.NULL,
            len(names),
            limit,
            results,
            length,
        )
        self._backend._check(status)
        return bytes(ffi.buffer(results[0], length[0]))


class CffiBackend(NativeBackend):
    """The surface of :class:`~checksig._native.surface.Backend` through cffi."""

    name = "cffi"

    def __init__(self, path: Path) -> None:
        self._ffi = cffi.FFI()
        self._ffi.cdef(declarations())
        # cffi's stubs know no function of a library that is opened at run time.
        super().__init__(self._ffi.dlopen(str(path)))

    def _last_error(self) -> bytes:
        length = self._lib.checksig_last_error_message(self._ffi.NULL, 0)
        buffer = self._ffi.new("char[]", length + 1)
        self._lib.checksig_last_error_message(buffer, length + 1)
        return bytes(self._ffi.buffer(buffer, length))

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

    def _or_null(self, text: Optional[bytes]) -> Any:
        return self._ffi.NULL if text is None else text

    def version(self) -> str:
        return self._string(self._lib.checksig_version()).decode("ascii")

    def address(self, view: memoryview) -> int:
        return int(self._ffi.cast("uintptr_t", self._pointer(view, "char[]")))

    def _run(
        self,
        function: Any,
        root: bytes,
        manifest: Optional[bytes],
        options: RunOptions,
        on_result: Optional[OnResult],
        on_progress: Optional[OnProgress],
        cancel: Optional[CancelHandle],
    ) -> CffiReport:
        ffi = self._ffi

        def tell_result(result: Any, _user: Any) -> bool:
            return on_result is not None and on_result(_result_tuple(ffi, result))

        def tell_progress(progress: Any, _user: Any) -> bool:
            return on_progress is not None and on_progress(_progress_tuple(ffi, progress))

        results, progress = Captured(tell_result, True), Captured(tell_progress, True)
        result_function = ffi.callback("int(const checksig_result *, void *)", results)
        progress_function = ffi.callback("int(const checksig_progress *, void *)", progress)
        owner = self._options(options)
        handle = ffi.new("checksig_report **")
        status = function(
            *(root, len(root)),
            *(self._or_null(manifest), len(manifest or b"")),
            owner.pointer,
            result_function if on_result else ffi.NULL,
            progress_function if on_progress else ffi.NULL,
            ffi.NULL,
            ffi.NULL if cancel is None else cancel.owner.pointer,
            handle,
        )
        del owner  # until here it kept the options
        self._check(status)
        report = CffiReport(ffi, self._lib, handle[0])
        results.reraise()
        progress.reraise()
        return report

    def hash_file(self, path: bytes, algorithm: bytes, cancel: CancelHandle) -> bytes:
        digest = self._ffi.new("uint8_t[64]")
        length = self._ffi.new("size_t *")
        flag = cancel.owner.pointer
        self._check(
            self._lib.checksig_hash_file(path, len(path), algorithm, flag, digest, 64, length)
        )
        return bytes(self._ffi.buffer(digest, length[0]))

    def read_manifest(
        self, path: Optional[bytes], options: RunOptions, cancel: CancelHandle
    ) -> tuple[str, Iterator[EntryTuple]]:
        owner = self._options(options)
        handle = self._ffi.new("checksig_manifest **")
        self._check(
            self._lib.checksig_manifest_read(
                self._or_null(path), len(path or b""), owner.pointer, cancel.owner.pointer, handle
            )
        )
        manifest = Owner(handle[0], self._lib.checksig_manifest_free)
        name = self._string(self._lib.checksig_manifest_format(manifest.pointer))
        return name.decode("ascii"), self._entries(manifest)

    def _entries(self, manifest: Owner) -> Iterator[EntryTuple]:
        """The entries of a manifest, which is kept until the last one."""
        count = self._ffi.new("size_t *")
        entries = self._lib.checksig_manifest_entries(manifest.pointer, count)
        for index in range(count[0]):
            yield _entry_tuple(self._ffi, entries[index])

    def find_manifest(self, root: bytes) -> bytes:
        path = self._ffi.new("char **")
        self._check(self._lib.checksig_manifest_find(root, len(root), path))
        return self._taken(path[0])

    def write_manifest(
        self, path: bytes, entries: Sequence[EntryTuple], options: RunOptions
    ) -> None:
        ffi = self._ffi
        owner = self._options(options)
        kept = []

        def lent(text: Optional[bytes]) -> Any:
            if text is None:
                return ffi.NULL
            kept.append(ffi.new("char[]", text))
            return kept[-1]

        array = ffi.new("checksig_entry[]", len(entries))
        for place, entry in zip(array, entries):
            place.name, place.name_len = lent(entry.name), len(entry.name)
            place.algorithm = lent(entry.algorithm)
            place.digest = ffi.cast("uint8_t *", lent(entry.digest))
            place.digest_len = len(entry.digest or b"")
            place.size = -1 if entry.size is None else entry.size
            place.line = entry.line
        status = self._lib.checksig_manifest_write(
            path, len(path), array, len(entries), owner.pointer
        )
        self._check(status)

    def new_bulk(self, options: DNSOptions) -> CffiBulk:
        owner = self._dns_options(options)
        handle = self._ffi.new("checksig_dns_bulk **")
        self._check(self._lib.checksig_dns_bulk_new(owner.pointer, handle))
        return CffiBulk(self._ffi, self, handle[0])

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
        borrowed = []

        def allocate(typecode: Any, elements: int, _user: Any) -> Any:
            buffer = alloc(self._string(typecode).decode("ascii"), elements)
            if elements == 0:
                return self._ffi.NULL
            anchor = self._ffi.from_buffer(buffer)
            borrowed.append(anchor)
            return self._ffi.cast("void *", anchor)

        captured = Captured(allocate, self._ffi.NULL)
        function = self._ffi.callback("void *(const char *, int64_t, void *)", captured)
        status = self._lib.checksig_cookbook_sqrts(function, self._ffi.NULL, count)
        captured.reraise()
        self._check(status)

    def shuffle(self, nums: memoryview, seed: int) -> None:
        self._lib.checksig_cookbook_shuffle(self._pointer(nums, "double[]"), count_of(nums), seed)

    def dot(self, a: memoryview, b: memoryview) -> float:
        return float(
            self._lib.checksig_cookbook_dot(
                self._pointer(a, "double[]"), self._pointer(b, "double[]"), count_of(a)
            )
        )
