"""What the rest of the package asks of the library, in Python's own types.

Both backends have this surface. They turn ``bytes`` and buffers into pointers
and back, release what the library allocates, and raise
:class:`~checksig.errors.ChecksigError` where a call fails. They check nothing
else: numbers must be in range, and a view must be what
:mod:`checksig._native.buffers` returns.
"""

from __future__ import annotations

from typing import (
    TYPE_CHECKING,
    Callable,
    Iterable,
    Iterator,
    NamedTuple,
    Optional,
    Protocol,
    Sequence,
)

from .handle import Owner

if TYPE_CHECKING:
    from io import FileIO

    from typing_extensions import Buffer

__all__ = [
    "Allocator",
    "Backend",
    "BulkHandle",
    "CancelHandle",
    "DNSOptions",
    "EntryTuple",
    "OnProgress",
    "OnResult",
    "ProgressTuple",
    "ReportHandle",
    "ResultTuple",
    "RunOptions",
    "count_of",
]

#: Gives a writable buffer for a typecode of :mod:`array` and a number of elements.
Allocator = Callable[[str, int], "Buffer"]


def count_of(view: memoryview) -> int:
    """How many numbers a view has, whatever its shape."""
    return view.nbytes // view.itemsize


class RunOptions(NamedTuple):
    """``checksig_options``; what is not given is the library's default."""

    algorithm: Optional[bytes] = None
    format: Optional[bytes] = None
    zero: bool = False
    lenient: bool = False
    ignore_missing: bool = False
    audit: bool = False
    allow_outside: bool = False
    detect_collisions: bool = False
    threads: int = 0
    measure: bool = False
    exclude: tuple[bytes, ...] = ()
    text: Optional[bytes] = None
    #: The file that has it, open until the call has ended.
    descriptor: Optional[FileIO] = None


class DNSOptions(NamedTuple):
    """``checksig_dns_options``; what is not given is the library's default."""

    nameservers: Optional[bytes] = None
    search: Optional[bytes] = None
    hosts: Optional[bytes] = b"/etc/hosts"
    resolv_conf: bytes = b"/etc/resolv.conf"
    timeout: float = 5.0
    attempts: int = 0
    max_hops: int = 16
    validate: bool = False
    trust_anchor: Optional[bytes] = None
    concurrency: int = 0
    rate: float = 0.0
    engine: bytes = b"auto"


class ResultTuple(NamedTuple):
    """One ``checksig_result``, copied."""

    name: bytes
    algorithm: Optional[bytes]
    expected: Optional[bytes]
    actual: Optional[bytes]
    reason: Optional[bytes]
    line: int
    size: int
    verdict: int


class ProgressTuple(NamedTuple):
    """One ``checksig_progress``, copied."""

    files: int
    files_total: int
    size: int
    size_total: Optional[int]
    current: bytes


class EntryTuple(NamedTuple):
    """One ``checksig_entry``, copied, or to be written."""

    name: bytes
    algorithm: Optional[bytes]
    digest: Optional[bytes]
    size: Optional[int]
    line: int
    error: Optional[bytes] = None


#: Told of each result as it comes; true ends the run.
OnResult = Callable[[ResultTuple], bool]
#: Told how far a run has come, about every tenth of a second; true ends the run.
OnProgress = Callable[[ProgressTuple], bool]


class CancelHandle(Protocol):
    """A ``checksig_cancel`` of the library's, released once."""

    owner: Owner

    def request(self) -> None: ...


class ReportHandle(Protocol):
    """A ``checksig_report`` of the library's, released once.

    Use after :meth:`close` raises :class:`ValueError`.
    """

    def close(self) -> None: ...
    def ok(self) -> bool: ...
    def cancelled(self) -> bool: ...
    def message(self) -> Optional[bytes]: ...
    def manifest(self) -> bytes: ...
    def size(self) -> int: ...
    def seconds(self) -> float: ...
    def count(self, verdict: int) -> int: ...
    def fails(self, verdict: int) -> bool: ...
    def __len__(self) -> int: ...
    def result(self, index: int) -> ResultTuple: ...
    def results(self, verdicts: Iterable[int]) -> Iterator[ResultTuple]: ...
    def text(self, verdicts: Iterable[int], color: bool) -> Iterator[bytes]: ...
    def extra_len(self) -> int: ...
    def extra(self, index: int) -> tuple[bytes, Optional[bytes]]: ...


class BulkHandle(Protocol):
    """A ``checksig_dns_bulk`` of the library's, released once."""

    def wanted(self) -> int: ...
    def step(self, names: Sequence[bytes], limit: float) -> bytes: ...


class Backend(Protocol):
    """The library's functions, called through ctypes or cffi."""

    name: str

    def version(self) -> str: ...
    def address(self, view: memoryview) -> int: ...

    def new_cancel(self) -> CancelHandle: ...
    def verify(
        self,
        root: bytes,
        manifest: Optional[bytes],
        options: RunOptions,
        on_result: Optional[OnResult] = None,
        on_progress: Optional[OnProgress] = None,
        cancel: Optional[CancelHandle] = None,
    ) -> ReportHandle: ...
    def create(
        self,
        root: bytes,
        manifest: bytes,
        options: RunOptions,
        on_result: Optional[OnResult] = None,
        on_progress: Optional[OnProgress] = None,
        cancel: Optional[CancelHandle] = None,
    ) -> ReportHandle: ...
    def hash_file(self, path: bytes, algorithm: bytes, cancel: CancelHandle) -> bytes: ...
    def read_manifest(
        self, path: Optional[bytes], options: RunOptions, cancel: CancelHandle
    ) -> tuple[str, Iterator[EntryTuple]]: ...
    def find_manifest(self, root: bytes) -> bytes: ...
    def write_manifest(
        self, path: bytes, entries: Sequence[EntryTuple], options: RunOptions
    ) -> None: ...

    def lookup_cname(self, name: bytes, nameservers: Optional[bytes], timeout: float) -> bytes: ...
    def new_bulk(self, options: DNSOptions) -> BulkHandle: ...

    def normalize(self, nums: memoryview, out: memoryview) -> None: ...
    def increase(self, nums: memoryview, amount: int) -> None: ...
    def repeat(self, text: bytes, times: int) -> bytes: ...
    def join(self, texts: Sequence[bytes], separator: bytes) -> bytes: ...
    def full_name(self, first: bytes, last: bytes) -> bytes: ...
    def even(self, number: int) -> bool: ...
    def user_info(self, name: bytes) -> bytes: ...
    def sqrts(self, alloc: Allocator, count: int) -> None: ...
    def noop(self) -> None: ...
    def pi(self, terms: int) -> float: ...
    def shuffle(self, nums: memoryview, seed: int) -> None: ...
    def dot(self, a: memoryview, b: memoryview) -> float: ...
