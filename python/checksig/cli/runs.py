"""Runs of the library that hand on each result as it comes, and that Ctrl-C ends."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Callable, Optional, Union

from .._native import backend
from .._native.surface import (
    CancelHandle,
    OnProgress,
    OnResult,
    ReportHandle,
    ResultTuple,
    RunOptions,
)
from .._run import Call, run
from ..checksig import ManifestSource, Progress, Report, Result, path_bytes, result_of, told
from ..errors import ManifestError

__all__ = ["Interrupted", "create", "digests", "verify"]


class Interrupted(Exception):
    """Ctrl-C ended a run; ``report`` has what was done until then, if anything was."""

    def __init__(self, report: Optional[Report]) -> None:
        super().__init__("interrupted")
        self.report = report


def verify(
    root: str,
    manifest: ManifestSource,
    options: RunOptions,
    on_result: Optional[Callable[[Result], None]],
    on_progress: Optional[Callable[[Progress], None]],
) -> Report:
    """Verifies; each result is handed on by the thread that the library runs on.

    Raises:
        Interrupted: Ctrl-C ended the run.
    """
    complete = options._replace(
        text=manifest.text, descriptor=manifest.stream, measure=on_progress is not None
    )
    call = partial(backend.verify, os.fsencode(root), manifest.path, complete)
    return _run(call, on_result, on_progress)


def create(
    root: str,
    manifest: str,
    options: RunOptions,
    on_result: Optional[Callable[[Result], None]],
    on_progress: Optional[Callable[[Progress], None]],
) -> Report:
    """Makes a manifest; all else is as for :func:`verify`."""
    call = partial(backend.create, os.fsencode(root), os.fsencode(manifest), options)
    return _run(call, on_result, on_progress)


def _run(
    call: Call[ReportHandle],
    on_result: Optional[Callable[[Result], None]],
    on_progress: Optional[Callable[[Progress], None]],
) -> Report:
    tell_result = None if on_result is None else _handing_on(on_result)

    def telling(
        _on_result: Optional[OnResult], tell_progress: Optional[OnProgress], cancel: CancelHandle
    ) -> ReportHandle:
        return call(tell_result, tell_progress, cancel)

    try:
        return run(telling, Report, told(on_progress))
    except KeyboardInterrupt as interrupt:
        raise Interrupted(getattr(interrupt, "report", None)) from None


def digests(
    files: Sequence[str], algorithm: str, threads: Optional[int]
) -> Iterator[Union[str, ManifestError]]:
    """The digest of each file in hexadecimal, or why it has none, in the files' order."""
    from concurrent.futures import ThreadPoolExecutor  # takes long to import

    flag = backend.new_cancel()
    name = algorithm.encode("ascii")

    def digest(file: str) -> Union[str, ManifestError]:
        try:
            return backend.hash_file(path_bytes(file), name, flag).hex()
        except ManifestError as error:
            return error

    with ThreadPoolExecutor(min(threads or os.cpu_count() or 1, len(files))) as pool:
        try:
            yield from pool.map(digest, files)
        except BaseException:
            flag.request()
            pool.shutdown(cancel_futures=True)
            raise


def _handing_on(on_result: Callable[[Result], None]) -> OnResult:
    def tell(result: ResultTuple) -> bool:
        on_result(result_of(result))
        return False

    return tell
