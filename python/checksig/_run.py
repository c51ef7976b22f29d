"""Runs of the library that Ctrl-C ends at once, with progress on the caller's thread.

Python handles signals between two instructions of its main thread, and so not while
that thread waits for the library. Therefore the main thread lets another one call the
library, and waits in Python for what that one reports.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Callable, Generic, Optional, TypeVar, Union

from ._native import backend
from ._native.surface import (
    CancelHandle,
    OnProgress,
    OnResult,
    ProgressTuple,
    ResultTuple,
)

__all__ = ["Call", "Cancel", "ending", "run", "stream", "undisturbed"]

#: What the library gives for a call.
_Given = TypeVar("_Given")
_Report = TypeVar("_Report")

#: Calls the library with callbacks and a flag that ends the run.
Call = Callable[[Optional[OnResult], Optional[OnProgress], CancelHandle], _Given]

#: How long a thread that was started may take to begin, in seconds.
_ON_ITS_WAY = 1

#: How long news are waited for until signals are looked for, in seconds: one that comes just
#: before the wait does not end it.
_LOOK = 0.1

#: How many results wait for a slow reader before the library waits too.
_WAITING = 4096

#: How long it waits then, in seconds.
_CATCH_UP = 0.01


class Cancel:
    """A flag that ends runs early; any thread may raise it at any time.

    Example:
        >>> cancel = Cancel()
        >>> cancel.request()
        >>> cancel.requested
        True
    """

    def __init__(self) -> None:
        self._requested = False
        #: What ends each run that has the flag. Lists can be used by several threads and in
        #: a signal's handler.
        self._runs: list[Callable[[], None]] = []

    @property
    def requested(self) -> bool:
        """Whether the flag was raised."""
        return self._requested

    def request(self) -> None:
        """Raises the flag, for good: runs that have it end within a tenth of a second."""
        self._requested = True
        for end in list(self._runs):
            end()


@contextmanager
def ending(cancel: Optional[Cancel], end: Callable[[], None]) -> Iterator[None]:
    """Surrounds a run, which ``end`` ends, also where the flag is raised."""
    if cancel is None:
        yield
        return
    if not isinstance(cancel, Cancel):
        raise TypeError(f"cancel is a {type(cancel).__name__}, want a Cancel")
    cancel._runs.append(end)
    try:
        # Raised before, or from now on by who finds the run there.
        if cancel.requested:
            end()
        yield
    finally:
        cancel._runs.remove(end)


class _Background(Generic[_Given]):
    """A run on a thread of its own, which hands on what happens.

    What ends it is kept in plain attributes, which a signal's handler can't leave half done.
    """

    def __init__(self, call: Call[_Given], cancel: Optional[Cancel], results: bool) -> None:
        self.given: Optional[_Given] = None
        # One that Ctrl-C can't leave half locked.
        self._events: queue.SimpleQueue[Union[ResultTuple, ProgressTuple, None]]
        self._events = queue.SimpleQueue()
        self._error: Optional[BaseException] = None
        self._call = call
        self._cancel = cancel
        #: The run's own flag: what ends it need not end others that have ``cancel``.
        self._flag = backend.new_cancel()
        self._results = results
        self._thread = threading.Thread(target=self._work, name="checksig")
        self._process = os.getpid()
        #: The thread that takes what happens.
        self._reader = threading.current_thread()
        #: Whether that can be seen to end: in an atexit handler the main thread counts as ended.
        self._has_reader = True
        self._is_starting = False
        self._has_begun = False
        self._has_ended = False

    def start(self) -> bool:
        """Starts the thread; false where none can be had."""
        self._is_starting = True
        try:
            self._thread.start()
        except RuntimeError as error:
            if "new thread" in str(error):
                self._is_starting = False
                return False
            # Ctrl-C in the wait for the thread may come out as an error of that wait's lock.
            raise error.__context__ or error from None
        return True

    def _work(self) -> None:
        self._has_begun = True
        self._has_reader = self._reader.is_alive()
        on_result = self._put if self._results else None
        try:
            with ending(self._cancel, self._flag.request):
                self.given = self._call(on_result, self._put_progress, self._flag)
        except BaseException as error:
            self._error = error
        self._events.put(None)

    def _put_progress(self, event: ProgressTuple) -> bool:
        """Hands on how far the run is, unless the news before were not heard yet."""
        return self._put(event) if self._events.empty() else not self._is_wanted()

    def _put(self, event: Union[ResultTuple, ProgressTuple]) -> bool:
        """Hands on an event; true where nobody wants it any more."""
        while self._is_wanted():
            if self._events.qsize() < _WAITING:
                self._events.put(event)
                return False
            time.sleep(_CATCH_UP)
        return True

    def _is_wanted(self) -> bool:
        """Whether somebody will hear the news.

        A program that ends waits for its threads: so this one ends early, unless another one
        still reads.
        """
        is_heard = threading.main_thread().is_alive() or self._reader.is_alive()
        return not self._has_ended and (is_heard or not self._has_reader)

    def next(self) -> Union[ResultTuple, ProgressTuple, None]:
        """What happens next; ``None`` when the run is over."""
        self._reader = threading.current_thread()
        while True:
            try:
                return self._events.get(timeout=_LOOK)
            except queue.Empty:
                if os.getpid() != self._process:
                    raise RuntimeError("the run is one of the parent process") from None

    def finish(self) -> _Given:
        """What the library gives, when the run is over; raises what ended it."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        assert self.given is not None
        return self.given

    def end(self) -> None:
        """Ends the run early, and does not wait for it."""
        self._flag.request()
        self._has_ended = True

    def stop(self) -> None:
        """Ends the run early, if it has begun, and waits for it."""
        self.end()
        # The garbage collector may run on any thread.
        if self._is_starting and threading.current_thread() is not self._thread:
            # Ctrl-C may have come while the thread was on its way.
            latest = time.monotonic() + _ON_ITS_WAY
            while not self._has_begun and time.monotonic() < latest:
                time.sleep(_CATCH_UP)
            if self._has_begun and os.getpid() == self._process:
                self._thread.join()


def run(
    call: Call[_Given],
    wrap: Callable[[_Given], _Report],
    progress: Optional[Callable[[ProgressTuple], None]] = None,
    cancel: Optional[Cancel] = None,
    keeps_report: bool = True,
) -> _Report:
    """Runs to the end and gives the report, as ``wrap`` makes it.

    ``progress`` is called on this thread. An exception of its, and KeyboardInterrupt,
    end the run; they get the report of what was done as ``report``, if ``keeps_report``.
    """
    if threading.current_thread() is not threading.main_thread():
        return _run_here(call, wrap, progress, cancel)
    background = _Background(call, cancel, results=False)
    try:
        if not background.start():
            return _run_here(call, wrap, progress, cancel)
        while (event := background.next()) is not None:
            if progress is not None and isinstance(event, ProgressTuple):
                progress(event)
    except BaseException as error:
        try:
            background.stop()
        finally:  # also where the next Ctrl-C comes
            background.end()
        if keeps_report and background.given is not None:
            error.report = wrap(background.given)  # type: ignore[attr-defined]
        raise
    return wrap(background.finish())


def undisturbed(call: Callable[[CancelHandle], _Given]) -> _Given:
    """A call of the library that tells nothing until its end, and that Ctrl-C ends at once."""
    return run(
        lambda _on_result, _on_progress, flag: call(flag), lambda given: given, keeps_report=False
    )


def _run_here(
    call: Call[_Given],
    wrap: Callable[[_Given], _Report],
    progress: Optional[Callable[[ProgressTuple], None]],
    cancel: Optional[Cancel],
    on_result: Optional[OnResult] = None,
) -> _Report:
    """The same without another thread: signals are the main thread's alone."""
    raised: list[BaseException] = []

    def on_progress(event: ProgressTuple) -> bool:
        assert progress is not None
        try:
            progress(event)
        except BaseException as error:
            raised.append(error)
        return bool(raised)

    flag = backend.new_cancel()
    with ending(cancel, flag.request):
        report = wrap(call(on_result, on_progress if progress else None, flag))
    for error in raised:
        error.report = report  # type: ignore[attr-defined]
        raise error
    return report


def stream(
    call: Call[_Given],
    progress: Optional[Callable[[ProgressTuple], None]] = None,
    cancel: Optional[Cancel] = None,
) -> Generator[ResultTuple, None, _Given]:
    """Gives the results as they come, and what the library gives in the end.

    ``progress`` is called by who asks for results. Closing the generator ends the run.
    """
    background = _Background(call, cancel, results=True)
    try:
        if not background.start():
            return (yield from _stream_here(call, progress, cancel))
        while (event := background.next()) is not None:
            if isinstance(event, ResultTuple):
                yield event
            elif progress is not None:
                progress(event)
        return background.finish()
    finally:
        try:
            background.stop()
        finally:  # also where the next Ctrl-C comes
            background.end()


def _stream_here(
    call: Call[_Given],
    progress: Optional[Callable[[ProgressTuple], None]],
    cancel: Optional[Cancel],
) -> Generator[ResultTuple, None, _Given]:
    """The same without another thread: the results when all are there."""
    results: list[ResultTuple] = []

    def on_result(result: ResultTuple) -> bool:
        results.append(result)
        return False

    given = _run_here(call, lambda given: given, progress, cancel, on_result)
    yield from results
    return given
