"""The handle of a report, safe against use after close in any thread."""

from __future__ import annotations

from typing import Any, Callable, Optional

from .surface import ResultTuple

__all__ = ["NativeReport"]


class _Owner:
    """A ``checksig_report *`` that is released when nobody refers to it any more."""

    def __init__(self, pointer: Any, free: Callable[[Any], None]) -> None:
        self.pointer = pointer
        # Bound here: at interpreter shutdown globals may be gone.
        self._free = free

    def __del__(self) -> None:
        self._free(self.pointer)

    def __reduce__(self) -> str:
        raise TypeError("a report can't be copied: it is the library's own")


class NativeReport:
    """What the backends' reports have in common.

    Closing drops the reference to the report's owner. A call that another thread is
    in at that moment has a reference of its own, so the report outlives the call.
    """

    def __init__(self, lib: Any, pointer: Any) -> None:
        self._owner: Optional[_Owner] = _Owner(pointer, lib.checksig_report_free)
        self._lib = lib
        self._results, self._len = self._borrow_results(pointer)

    def _borrow_results(self, pointer: Any) -> tuple[Any, int]:
        """The array of results and its length."""
        raise NotImplementedError

    def _copy_result(self, result: Any) -> ResultTuple:
        raise NotImplementedError

    def _copy_text(self, text: Any) -> Optional[bytes]:
        raise NotImplementedError

    def _held(self) -> _Owner:
        owner = self._owner
        if owner is None:
            raise ValueError("the report is closed")
        return owner

    def close(self) -> None:
        """Drops the report; more than once is no error."""
        self._owner = None

    def ok(self) -> bool:
        """Whether all is well."""
        owner = self._held()
        return bool(self._lib.checksig_report_ok(owner.pointer))

    def message(self) -> Optional[bytes]:
        """What is wrong, a line for each failure."""
        owner = self._held()
        return self._copy_text(self._lib.checksig_report_message(owner.pointer))

    def bytes(self) -> int:
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

    def __len__(self) -> int:
        self._held()
        return self._len

    def result(self, index: int) -> ResultTuple:
        """The result at a place from 0."""
        owner = self._held()
        if not 0 <= index < self._len:
            raise IndexError(index)
        result = self._copy_result(self._results[index])
        del owner  # until here it kept what was copied
        return result
