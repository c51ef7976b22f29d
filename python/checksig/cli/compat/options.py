"""The options of each program, and what ``--help`` and ``--version`` say.

Names, letters and arguments are those of coreutils 9.1, in the order in which the C
library lists them where an abbreviation fits several. The words are our own.
"""

from __future__ import annotations

from collections.abc import Iterable

from ... import __version__
from . import PROGRAMS
from .digests import ALGORITHMS, TAGS
from .getopt import Option

__all__ = ["CHECKING", "help_text", "options_of", "version_text"]

_LENGTH = Option("length", "l", "BITS")
_COMMON = (
    Option("check", "c"),
    Option("ignore-missing"),
    Option("quiet"),
    Option("status"),
    Option("warn", "w"),
    Option("strict"),
    Option("tag"),
    Option("zero", "z"),
)
_MODES = (Option("binary", "b"), Option("text", "t"))
_CKSUM = (Option("algorithm", "a", "TYPE"), Option("debug"), Option("untagged"))
#: Letters that ``cksum`` refuses without a word.
_REFUSED = (Option("", "b"), Option("", "t"))
_INFORMATION = (Option("help"), Option("version"))
_OPTIONS = {
    "b2sum": (_LENGTH, *_COMMON, *_MODES, *_INFORMATION),
    "cksum": (_LENGTH, *_COMMON, *_CKSUM, *_INFORMATION, *_REFUSED),
}

#: The options that mean something only where a manifest is checked, in the order in which
#: they are complained of.
CHECKING = ("ignore-missing", "status", "warn", "quiet", "strict")
_LAST = ("debug", "help", "version")

_WORDS = {
    "algorithm": "compute TYPE, one of those below",
    "binary": "put an asterisk before each name, and no more",
    "check": "verify the files that each FILE lists",
    "debug": "tell what computes the CRC",
    "help": "print this text",
    "ignore-missing": "pass over listed files that are not there",
    "length": "bits of a BLAKE2b digest: a multiple of 8, up to 512",
    "quiet": "print no line for a file that is OK",
    "status": "print nothing; the exit code tells",
    "strict": "let a malformed line fail the check",
    "tag": "print lines that name their algorithm, as BSD's tools do",
    "text": "put a blank before each name, which is the default",
    "untagged": "print lines of digest and name",
    "version": "print the version",
    "warn": "report each malformed line",
    "zero": "end lines with NUL, and escape no name",
}
#: Where the descriptions begin.
_COLUMN = 24

_HELP = """\
Usage: {program} [OPTION]... [FILE]...
Print the {digest} of each FILE, or verify the files that it lists (-c).
Without a FILE, and for the FILE -, standard input is read.

{printing}

With -c:
{checking}

{last}
{types}
Exit code: 0 all good, 1 a file is bad or cannot be read, or wrong usage.
This is checksig, with the options of coreutils 9.1. It never waits for a FIFO,
a socket or a terminal that is given as a FILE.
"""


def options_of(program: str) -> tuple[Option, ...]:
    """The options that a program takes."""
    return _OPTIONS.get(program, (*_COMMON, *_MODES, *_INFORMATION))


def version_text(program: str) -> str:
    """What ``--version`` prints: first of all who this is, as GNU's standards have it."""
    return f"{program} (checksig) {__version__}\nLicence: MIT\n"


def help_text(program: str) -> str:
    """What ``--help`` prints."""
    options = sorted(option for option in options_of(program) if option.long)
    printing = [option for option in options if option.long not in (*CHECKING, *_LAST)]
    is_cksum = program == "cksum"
    types = f"\nTYPE: {', '.join(ALGORITHMS)}.\nIt is crc by default.\n"
    return _HELP.format(
        program=program,
        digest="checksum" if is_cksum else f"{TAGS[PROGRAMS[program]]} digest",
        printing=_lines(printing),
        checking=_lines(option for option in options if option.long in CHECKING),
        last=_lines(option for option in options if option.long in _LAST),
        types=types if is_cksum else "",
    )


def _lines(options: Iterable[Option]) -> str:
    return "\n".join(f"{_spelling(option):{_COLUMN}}{_WORDS[option.long]}" for option in options)


def _spelling(option: Option) -> str:
    """An option as it is typed: its letter, its name, and its argument's name."""
    letter = f"-{option.letter}, " if option.letter else "    "
    argument = f"={option.argument}" if option.argument else ""
    return f"  {letter}--{option.long}{argument}"
