"""Calls in which the library calls Python back, and the interpreter's end.

A daemon thread that calls Python back when the interpreter is gone crashes the
process, whatever library it comes from: ``PyGILState_Ensure`` then reads from a null
pointer (python/cpython#124619). So the interpreter's end waits for such calls, and
none begins after it.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Optional

from .surface import CancelHandle

__all__ = ["calling_back"]

#: For how many seconds the interpreter's end waits. A callback that takes longer is
#: not waited for, lest a daemon thread that is stuck keep the process.
_PATIENCE = 1.0


class _Call:
    """A call that a daemon thread is in."""

    def __init__(self, cancel: Optional[CancelHandle]) -> None:
        self.cancel = cancel


class _DaemonCalls:
    """The calls of daemon threads; the interpreter waits for all others by itself."""

    def __init__(self) -> None:
        self._calls: set[_Call] = set()
        self._closed = False
        self._changed = threading.Condition()

    def begin(self, call: _Call) -> None:
        """Lets a call begin; never returns where the interpreter is on its way out."""
        with self._changed:
            if not self._closed:
                self._calls.add(call)
                return
        # As CPython 3.14 does with a daemon thread that wants to run Python then.
        threading.Event().wait()

    def end(self, call: _Call) -> None:
        """Says that a call is over; never returns where the interpreter's end has ended it."""
        with self._changed:
            self._calls.discard(call)
            self._changed.notify_all()
            is_closed = self._closed
        if is_closed:
            threading.Event().wait()

    def close(self) -> None:
        """Ends the calls, and lets no more begin."""
        with self._changed:
            self._closed = True
            for call in self._calls:
                if call.cancel is not None:
                    call.cancel.request()
            self._changed.wait_for(lambda: not self._calls, _PATIENCE)

    def forget(self) -> None:
        """In a forked child: the threads, and what they had locked, are gone."""
        self._calls = set()
        self._changed = threading.Condition()


_daemon_calls = _DaemonCalls()
atexit.register(_daemon_calls.close)
os.register_at_fork(after_in_child=_daemon_calls.forget)


@contextmanager
def calling_back(
    *callbacks: Optional[object], cancel: Optional[CancelHandle] = None
) -> Iterator[None]:
    """Surrounds a call of the library that has these callbacks; None is none.

    At the interpreter's end ``cancel`` is raised and the call waited for, if the
    thread is a daemon.
    """
    has_callbacks = any(callback is not None for callback in callbacks)
    if not has_callbacks or not threading.current_thread().daemon:
        yield
        return
    call = _Call(cancel)
    _daemon_calls.begin(call)
    try:
        yield
    finally:
        _daemon_calls.end(call)
