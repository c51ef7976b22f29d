"""What the two backends do alike: the functions have the same names in both."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Optional

from ..errors import from_status
from .callbacks import calling_back
from .handle import Owner
from .surface import (
    BulkHandle,
    CancelHandle,
    DNSOptions,
    OnProgress,
    OnResult,
    ReportHandle,
    ResultTuple,
    RunOptions,
)

__all__ = ["NativeBackend", "NativeBulk", "NativeCancel", "NativeReport"]


class NativeCancel:
    """A ``checksig_cancel``."""

    def __init__(self, lib: Any) -> None:
        self.owner = Owner(lib.checksig_cancel_new(), lib.checksig_cancel_free)
        self._request = lib.checksig_cancel_request

    def request(self) -> None:
        """Raises the flag, for good."""
        self._request(self.owner.pointer)


class NativeBackend:
    """The calls that need no pointers of a backend's own."""

    def __init__(self, lib: Any) -> None:
        self._lib = lib
        self._kept_dns_options: Optional[tuple[DNSOptions, Owner]] = None

    def _last_error(self) -> bytes:
        raise NotImplementedError

    def _check(self, status: int) -> None:
        """Raises the exception of a status that is not OK."""
        if status != 0:
            line = self._lib.checksig_last_error_line()
            raise from_status(status, self._last_error(), line or None)

    def _options(self, options: RunOptions) -> Owner:
        """A ``checksig_options`` with these options."""
        lib = self._lib
        owner = Owner(lib.checksig_options_new(), lib.checksig_options_free)
        handle = owner.pointer
        if options.algorithm is not None:
            self._check(lib.checksig_options_set_algorithm(handle, options.algorithm))
        if options.format is not None:
            self._check(lib.checksig_options_set_format(handle, options.format))
        for setter, value in (
            (lib.checksig_options_set_zero, options.zero),
            (lib.checksig_options_set_lenient, options.lenient),
            (lib.checksig_options_set_ignore_missing, options.ignore_missing),
            (lib.checksig_options_set_audit, options.audit),
            (lib.checksig_options_set_allow_outside, options.allow_outside),
            (lib.checksig_options_set_detect_collisions, options.detect_collisions),
            (lib.checksig_options_set_measure, options.measure),
            (lib.checksig_options_set_threads, options.threads),
        ):
            self._check(setter(handle, value))
        for glob in options.exclude:
            self._check(lib.checksig_options_add_exclude(handle, glob))
        if options.text is not None:
            self._check(lib.checksig_options_set_text(handle, options.text, len(options.text)))
        if options.descriptor is not None:
            descriptor = options.descriptor.fileno()
            self._check(lib.checksig_options_set_descriptor(handle, descriptor))
        return owner

    def new_cancel(self) -> NativeCancel:
        """A flag that ends runs early."""
        return NativeCancel(self._lib)

    def _run(
        self,
        function: Any,
        root: bytes,
        manifest: Optional[bytes],
        options: RunOptions,
        on_result: Optional[OnResult],
        on_progress: Optional[OnProgress],
        cancel: Optional[CancelHandle],
    ) -> ReportHandle:
        """Calls ``checksig_verify`` or another function with its parameters."""
        raise NotImplementedError

    def verify(
        self,
        root: bytes,
        manifest: Optional[bytes],
        options: RunOptions,
        on_result: Optional[OnResult] = None,
        on_progress: Optional[OnProgress] = None,
        cancel: Optional[CancelHandle] = None,
    ) -> ReportHandle:
        """Verifies; a callback that is true ends the run."""
        function = self._lib.checksig_verify
        with calling_back(on_result, on_progress, cancel=cancel):
            return self._run(function, root, manifest, options, on_result, on_progress, cancel)

    def create(
        self,
        root: bytes,
        manifest: bytes,
        options: RunOptions,
        on_result: Optional[OnResult] = None,
        on_progress: Optional[OnProgress] = None,
        cancel: Optional[CancelHandle] = None,
    ) -> ReportHandle:
        """Makes a manifest; a callback that is true ends the run."""
        function = self._lib.checksig_create
        with calling_back(on_result, on_progress, cancel=cancel):
            return self._run(function, root, manifest, options, on_result, on_progress, cancel)

    def _or_null(self, text: Optional[bytes]) -> Any:
        """A text as an argument that may be NULL."""
        raise NotImplementedError

    def _dns_options(self, options: DNSOptions) -> Owner:
        """A ``checksig_dns_options`` with these options; kept for the next one who wants them."""
        kept = self._kept_dns_options
        if kept is None or kept[0] != options:
            kept = self._kept_dns_options = options, self._new_dns_options(options)
        return kept[1]

    def _new_dns_options(self, options: DNSOptions) -> Owner:
        lib, default = self._lib, DNSOptions()
        owner = Owner(lib.checksig_dns_options_new(), lib.checksig_dns_options_free)
        for setter, value, usual in (
            (lib.checksig_dns_options_set_nameservers, options.nameservers, None),
            (lib.checksig_dns_options_set_search, options.search, None),
            (lib.checksig_dns_options_set_hosts, options.hosts, default.hosts),
            (lib.checksig_dns_options_set_resolv_conf, options.resolv_conf, default.resolv_conf),
        ):
            if value != usual:
                self._check(setter(owner.pointer, self._or_null(value), len(value or b"")))
        for setter, number, normal in (
            (lib.checksig_dns_options_set_timeout, options.timeout, default.timeout),
            (lib.checksig_dns_options_set_attempts, options.attempts, default.attempts),
            (lib.checksig_dns_options_set_max_hops, options.max_hops, default.max_hops),
            (lib.checksig_dns_options_set_concurrency, options.concurrency, default.concurrency),
            (lib.checksig_dns_options_set_rate, options.rate, default.rate),
            (lib.checksig_dns_options_set_engine, options.engine, default.engine),
        ):
            if number != normal:
                self._check(setter(owner.pointer, number))
        if options.validate:
            anchor = options.trust_anchor
            self._check(
                lib.checksig_dns_options_set_validate(
                    owner.pointer, True, self._or_null(anchor), len(anchor or b"")
                )
            )
        return owner

    def new_bulk(self, options: DNSOptions) -> BulkHandle:
        """A run of many look-ups."""
        raise NotImplementedError

    def noop(self) -> None:
        """Calls the function that does nothing."""
        self._lib.checksig_cookbook_noop()

    def pi(self, terms: int) -> float:
        """So many terms of the Leibniz series."""
        return float(self._lib.checksig_cookbook_pi(terms))


#: How many results, or extra files, are in memory as the library lends them.
ITEMS_IN_PAGE = 1024

#: Every bit, for every verdict.
_ANY_VERDICT = 2**32 - 1


class _Page(Owner):
    """A ``checksig_page``: its items, and how many come before them."""

    def __init__(self, lib: Any, pointer: Any, first: int) -> None:
        super().__init__(pointer, lib.checksig_page_free)
        self.first = first
        self.items: Any = ()
        self.count = 0


class NativeReport:
    """A ``checksig_report``.

    Closing drops the reference to the report's owner. A call that another thread is
    in at that moment has a reference of its own, so the report outlives the call.
    """

    def __init__(self, lib: Any, pointer: Any) -> None:
        self._owner: Optional[Owner] = Owner(pointer, lib.checksig_report_free)
        self._lib = lib
        # Those that were read last: items are mostly read one after the other.
        self._result_page: Optional[_Page] = None
        self._extra_page: Optional[_Page] = None

    def _array(self, function: Any, pointer: Any) -> tuple[Any, int]:
        """An array that a function lends, and its length."""
        raise NotImplementedError

    def _copy_result(self, result: Any) -> ResultTuple:
        raise NotImplementedError

    def _copy_text(self, text: Any) -> Optional[bytes]:
        raise NotImplementedError

    def _copy_bytes(self, pointer: Any, length: int) -> Optional[bytes]:
        raise NotImplementedError

    def _held(self) -> Owner:
        owner = self._owner
        if owner is None:
            raise ValueError("the report is closed")
        return owner

    def close(self) -> None:
        """Drops the report; more than once is no error."""
        self._owner = self._result_page = self._extra_page = None

    def ok(self) -> bool:
        """Whether all is well."""
        owner = self._held()
        return bool(self._lib.checksig_report_ok(owner.pointer))

    def cancelled(self) -> bool:
        """Whether the run was ended early."""
        owner = self._held()
        return bool(self._lib.checksig_report_cancelled(owner.pointer))

    def message(self) -> Optional[bytes]:
        """What is wrong, a line for each failure."""
        owner = self._held()
        return self._copy_text(self._lib.checksig_report_message(owner.pointer))

    def manifest(self) -> bytes:
        """The manifest's path."""
        owner = self._held()
        return self._copy_text(self._lib.checksig_report_manifest(owner.pointer)) or b""

    def size(self) -> int:
        """How many bytes of files were read."""
        owner = self._held()
        return int(self._lib.checksig_report_bytes(owner.pointer))

    def seconds(self) -> float:
        """How long it took."""
        owner = self._held()
        return float(self._lib.checksig_report_seconds(owner.pointer))

    def count(self, verdict: int) -> int:
        """How many results have this verdict."""
        owner = self._held()
        return int(self._lib.checksig_report_count(owner.pointer, verdict))

    def fails(self, verdict: int) -> bool:
        """Whether a result with this verdict fails the run."""
        owner = self._held()
        return bool(self._lib.checksig_report_fails(owner.pointer, verdict))

    def __len__(self) -> int:
        owner = self._held()
        return int(self._lib.checksig_report_len(owner.pointer))

    def result(self, index: int) -> ResultTuple:
        """The result at a place from 0."""
        lib, owner, page = self._lib, self._held(), self._result_page
        if page is None or not page.first <= index < page.first + page.count:
            if not 0 <= index < len(self):
                raise IndexError(index)
            functions = lib.checksig_report_page, lib.checksig_page_results
            page = self._result_page = self._page_at(owner, index, *functions, _ANY_VERDICT)
        result = self._copy_result(page.items[index - page.first])
        del page  # until here it kept what was copied
        return result

    def results(self, verdicts: Iterable[int]) -> Iterator[ResultTuple]:
        """The results that have one of these verdicts."""
        for page in self._pages(self._lib.checksig_report_page, verdicts):
            items, count = self._array(self._lib.checksig_page_results, page.pointer)
            for place in range(count):
                self._held()
                yield self._copy_result(items[place])

    def text(self, verdicts: Iterable[int], color: bool) -> Iterator[bytes]:
        """The same as lines of text, many at a time."""
        for page in self._pages(self._lib.checksig_report_text_page, verdicts, color):
            text, length = self._array(self._lib.checksig_page_text, page.pointer)
            yield self._copy_bytes(text, length) or b""

    def _pages(self, function: Any, verdicts: Iterable[int], *more: object) -> Iterator[Owner]:
        """A page for each so many results, of those that have one of these verdicts."""
        wanted = sum(1 << verdict for verdict in verdicts if self.count(verdict))
        for first in range(0, len(self) if wanted else 0, ITEMS_IN_PAGE):
            owner = self._held()
            pointer = function(owner.pointer, first, ITEMS_IN_PAGE, wanted, *more)
            if not pointer:
                raise MemoryError
            yield Owner(pointer, self._lib.checksig_page_free)

    def extra_len(self) -> int:
        """How many files are not listed."""
        owner = self._held()
        return int(self._lib.checksig_report_extra_len(owner.pointer))

    def extra(self, index: int) -> tuple[bytes, Optional[bytes]]:
        """A file that is not listed: its name, and what is special about it."""
        lib, owner, page = self._lib, self._held(), self._extra_page
        if page is None or not page.first <= index < page.first + page.count:
            if not 0 <= index < self.extra_len():
                raise IndexError(index)
            functions = lib.checksig_report_extra_page, lib.checksig_page_extra
            page = self._extra_page = self._page_at(owner, index, *functions)
        extra = page.items[index - page.first]
        name = self._copy_bytes(extra.name, extra.name_len) or b""
        reason = self._copy_bytes(extra.reason, extra.reason_len)
        del page  # until here it kept what was copied
        return name, reason

    def _page_at(self, owner: Owner, index: int, new_page: Any, array: Any, *more: object) -> _Page:
        """The page that has the item at a place."""
        first = index // ITEMS_IN_PAGE * ITEMS_IN_PAGE
        pointer = new_page(owner.pointer, first, ITEMS_IN_PAGE, *more)
        page = _Page(self._lib, pointer, first)
        page.items, page.count = self._array(array, page.pointer)
        if not page.count:
            raise MemoryError
        return page


class NativeBulk(Owner):
    """A ``checksig_dns_bulk``."""

    def __init__(self, backend: NativeBackend, pointer: Any) -> None:
        self._backend = backend
        self._lib = backend._lib
        super().__init__(pointer, self._lib.checksig_dns_bulk_free)

    def wanted(self) -> int:
        """How many more names there is room for."""
        return int(self._lib.checksig_dns_bulk_wanted(self.pointer))
