"""The command line: ``checksig``, also ``python -m checksig``.

Called by the name of a coreutils program, such as ``sha256sum``, it is that program.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Optional

from .. import __version__
from ..errors import ChecksigError
from .codes import BROKEN_PIPE, INTERRUPTED, NOTHING
from .names import readable

__all__ = ["main"]


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Runs the command line; returns the exit code."""
    name = Path(sys.argv[0]).name
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        _open_closed_streams()
        code = _run(name, given)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        return _fail("interrupted", INTERRUPTED)
    except BrokenPipeError:
        _discard_output()
        return BROKEN_PIPE
    except OSError as error:
        _discard_output()
        return _fail(f"cannot write: {error.strerror or error}", NOTHING)
    except (ChecksigError, ValueError, OverflowError) as error:
        return _fail(str(error), NOTHING)


def _run(name: str, arguments: list[str]) -> int:
    from .compat import PROGRAMS

    if name in PROGRAMS:
        from .compat.program import run

        return run(name, arguments)
    if arguments == ["--version"]:  # is asked for often, and needs no command
        sys.stdout.write(f"checksig {__version__}\n")
        return 0
    from .commands import run_command

    return run_command(arguments)


def _fail(message: str, code: int) -> int:
    """Says in one line on standard error what went wrong."""
    text = os.fsencode(f"checksig: {readable(message, terminal=sys.stderr.isatty())}\n")
    try:
        sys.stderr.buffer.write(text)
        sys.stderr.flush()
    except OSError as error:
        if error.errno != errno.EPIPE:
            raise
    return code


def _open_closed_streams() -> None:
    """Makes a stream that the caller closed one that discards what it gets."""
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123  # until the process ends
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115, PTH123  # until the process ends


def _discard_output() -> None:
    """Nobody reads standard output any more, so that Python must not flush to it."""
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
