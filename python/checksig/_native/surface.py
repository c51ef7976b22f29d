"""What the rest of the package asks of the library, in Python's own types.

Both backends have this surface. They turn ``bytes`` and buffers into pointers
and back, release what the library allocates, and raise
:class:`~checksig.errors.ChecksigError` where a call fails. They check nothing
else: numbers must be in range, and a view must be what
:mod:`checksig._native.buffers` returns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, NamedTuple, Optional, Protocol, Sequence

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["Allocator", "Backend", "ReportHandle", "ResultTuple", "count_of"]

#: Gives a writable buffer for a typecode of :mod:`array` and a number of elements.
Allocator = Callable[[str, int], "Buffer"]


def count_of(view: memoryview) -> int:
    """How many numbers a view has, whatever its shape."""
    return view.nbytes // view.itemsize


class ResultTuple(NamedTuple):
    """One ``checksig_result``, copied."""

    name: bytes
    expected: Optional[bytes]
    actual: Optional[bytes]
    reason: Optional[bytes]
    line: int
    bytes: int
    verdict: int


class ReportHandle(Protocol):
    """A ``checksig_report`` of the library's, released once.

    Use after :meth:`close` raises :class:`ValueError`.
    """

    def close(self) -> None: ...
    def ok(self) -> bool: ...
    def message(self) -> Optional[bytes]: ...
    def bytes(self) -> int: ...
    def seconds(self) -> float: ...
    def count(self, verdict: int) -> int: ...
    def __len__(self) -> int: ...
    def result(self, index: int) -> ResultTuple: ...


class Backend(Protocol):
    """The library's functions, called through ctypes or cffi."""

    name: str

    def version(self) -> str: ...
    def address(self, view: memoryview) -> int: ...

    def verify(self, root: bytes, threads: int) -> ReportHandle: ...

    def lookup_cname(self, name: bytes, nameservers: Optional[bytes], timeout: float) -> bytes: ...

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


class CapturedAllocator:
    """An allocator whose exception waits until the library has returned.

    No exception may leave a callback: the library is told that there is no
    memory, and :meth:`reraise` raises what really happened.
    """

    def __init__(self, alloc: Allocator) -> None:
        self._alloc = alloc
        self._error: Optional[BaseException] = None

    def __call__(self, typecode: bytes, count: int) -> Optional[Any]:
        try:
            return self._alloc(typecode.decode("ascii"), count)
        except BaseException as error:
            self._error = error
            return None

    def reraise(self) -> None:
        """Raises the exception of a failed allocation, if there was one."""
        if self._error is not None:
            raise self._error
