"""Reports on their way to the output: with which exit code, and which one is the last."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Optional

from ..checksig import Report, Result, Verdict
from .codes import BAD, NOTHING
from .output import Output

__all__ = ["Held", "code_of"]


def code_of(report: Report, extra: Sequence[str]) -> int:
    """The exit code for what a run has found."""
    if extra or next(report.failures, None) is not None:
        return BAD
    return 0 if report.counts.get(Verdict.OK) else NOTHING


class Held:
    """The report that is told when it is known whether it is the last one.

    With the last one come the files that no manifest lists. A manifest that cannot be read has
    no report, so that another one's may be the last.
    """

    def __init__(self, shown: Output) -> None:
        self.shown = shown
        self.codes: list[int] = []
        self._report: Optional[Report] = None
        self._unlisted: Optional[set[str]] = None

    def result(self, result: Result) -> None:
        """One result of the next report, as it comes."""
        self.tell()
        self.shown.result(result)

    def hold(self, report: Report) -> None:
        """Keeps a report instead of the one before, which is told."""
        self.tell()
        self._report = report

    def tell(self) -> None:
        """Tells the report that is held, which another one follows."""
        if self._report is not None:
            extra = set(self._report.extra)
            self._unlisted = extra if self._unlisted is None else self._unlisted & extra
            self._tell(self._report, ())

    def tell_last(self) -> None:
        """Tells the report that is held, which is the last one."""
        if self._report is not None:
            extra = self._report.extra
            if self._unlisted is not None:
                extra = sorted(self._unlisted.intersection(extra))
            self._tell(self._report, extra)

    def _tell(self, report: Report, extra: Sequence[str]) -> None:
        code = code_of(report, extra)
        self.codes.append(code)
        self.shown.verified(report, extra, code)
        self._report = None
