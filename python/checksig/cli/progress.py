"""A bar on standard error that shows how far a run has come."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Callable, Optional

from ..checksig import Progress
from .names import escaped

if TYPE_CHECKING:
    import rich.progress

__all__ = ["bar", "is_wanted"]


def is_wanted(when: str) -> bool:
    """Whether to show a bar: ``auto`` asks whether a person looks at it."""
    if when == "auto":
        return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    return when == "always"


@contextmanager
def bar(wanted: bool) -> Iterator[Optional[Callable[[Progress], None]]]:
    """Shows a bar while the block runs; gives what moves it, and shows it the first time."""
    if not wanted:
        yield None
        return
    with ExitStack() as stack:
        shown: list[rich.progress.Progress] = []

        def move(now: Progress) -> None:
            if not shown:
                shown.append(stack.enter_context(_bar()))
                shown[0].add_task("", total=None, files="", path="")
            shown[0].update(
                shown[0].task_ids[0],
                completed=now.bytes,
                total=now.bytes_total,
                files=f"{now.files}/{now.files_total} files",
                path=escaped(now.path, terminal=True),
            )

        yield move


def _bar() -> rich.progress.Progress:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )
    from rich.table import Column

    path = Column(ratio=1, no_wrap=True, overflow="ellipsis")
    return Progress(
        BarColumn(bar_width=20),
        TextColumn("{task.fields[files]}", markup=False),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[path]}", markup=False, table_column=path),
        console=Console(stderr=True, force_terminal=True),
        transient=True,
        expand=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
