"""Signals that ask a command to end: what it began to write goes with it."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Optional

__all__ = ["ending_like_ctrl_c"]


@contextmanager
def ending_like_ctrl_c() -> Iterator[None]:
    """SIGTERM and SIGHUP end the block as Ctrl-C does, and then the process as ever.

    A caller who ignores one of them, as ``nohup`` does, or handles it, is heeded.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []

    def interrupt(number: int, _frame: Optional[FrameType]) -> None:
        came.append(number)
        raise KeyboardInterrupt

    numbers = [
        number
        for number in (signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(number) is signal.SIG_DFL
    ]
    for number in numbers:
        signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number in numbers:
            signal.signal(number, signal.SIG_DFL)
        if came:
            with suppress(OSError):  # nobody may read any more
                sys.stdout.flush()
            os.kill(os.getpid(), came[0])
