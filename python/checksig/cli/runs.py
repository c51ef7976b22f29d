"""Runs of the library that hand on each result as it comes, and survive Ctrl-C."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import Callable, Optional

from .._native import backend
from .._native.surface import (
    CancelHandle,
    OnProgress,
    OnResult,
    ReportHandle,
    ResultTuple,
    RunOptions,
)
from .._run import run
from ..checksig import Progress, Report, Result, result_of, told

__all__ = ["Interrupted", "Target", "verify"]


class Interrupted(Exception):
    """Ctrl-C ended a run; ``report`` has what was done until then, if anything was."""

    def __init__(self, report: Optional[Report]) -> None:
        super().__init__("interrupted")
        self.report = report


@dataclass(frozen=True)
class Target:
    """A manifest: its path, or its text where it is read from standard input."""

    path: Optional[bytes]
    text: Optional[bytes] = None

    @classmethod
    def of(cls, name: Optional[str]) -> Target:
        """The manifest of this name; ``-`` is standard input, ``None`` the usual one."""
        if name is None:
            return cls(None)
        if name == "-":
            return cls(b"-", sys.stdin.buffer.read())
        return cls(os.fsencode(name))


def verify(
    root: str,
    target: Target,
    options: RunOptions,
    on_result: Optional[Callable[[Result], None]],
    on_progress: Optional[Callable[[Progress], None]],
) -> Report:
    """Verifies; each result is handed on by the thread that the library runs on.

    Raises:
        Interrupted: Ctrl-C ended the run.
    """
    complete = options._replace(text=target.text, measure=on_progress is not None)
    report_result = None if on_result is None else _handing_on(on_result)

    def call(
        _on_result: Optional[OnResult], on_progress: Optional[OnProgress], cancel: CancelHandle
    ) -> ReportHandle:
        return backend.verify(
            os.fsencode(root), target.path, complete, report_result, on_progress, cancel
        )

    try:
        return run(call, Report, told(on_progress))
    except KeyboardInterrupt as interrupt:
        raise Interrupted(getattr(interrupt, "report", None)) from None


def _handing_on(on_result: Callable[[Result], None]) -> OnResult:
    def tell(result: ResultTuple) -> bool:
        on_result(result_of(result))
        return False

    return tell
