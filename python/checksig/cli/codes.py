"""Exit codes of the command, beside 0 where all is good."""

from __future__ import annotations

__all__ = ["BAD", "BROKEN_PIPE", "INTERRUPTED", "NOTHING"]

#: Some file or line is bad.
BAD = 1
#: Nothing could be checked, or the usage is wrong.
NOTHING = 2
#: Ctrl-C ended the run: 128 and the signal's number, as shells have it.
INTERRUPTED = 130
#: Nobody reads the output any more, as for a program that ``SIGPIPE`` ended.
BROKEN_PIPE = 141
