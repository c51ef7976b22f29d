"""File names and arguments in messages, quoted as GNU programs do it."""

from __future__ import annotations

import codecs
import locale
import os
import re
import unicodedata
from functools import lru_cache
from pathlib import Path

__all__ = ["quoted", "shell_quoted"]

#: What a shell takes for something else than a part of a name.
_SPECIAL = re.compile(r"[ !\"$&()*;<=>?\[\\^`|:']|\A[#~]|\A[{}]\Z")
#: With what in it a name with an apostrophe is not put in double quotes.
_NOT_IN_DOUBLE = re.compile(r"[!\"$&()*;<=>?\[\\^`{|}]|(?!\A)[#~]")
#: An apostrophe, other ASCII characters that print, and any other character for itself.
_PIECE = re.compile(r"'|[ -&(-~]+|[^ -~]")
_ESCAPES = {
    "\a": "\\a",
    "\b": "\\b",
    "\t": "\\t",
    "\n": "\\n",
    "\v": "\\v",
    "\f": "\\f",
    "\r": "\\r",
}
#: The categories of characters that C's ``iswprint`` does not let pass: control characters,
#: surrogates (as which Python has bytes that are no character), unassigned ones, and the
#: two that end lines and paragraphs. Python's ``isprintable`` is narrower.
_UNPRINTABLE = {"Cc", "Cs", "Cn", "Zl", "Zp"}


def quoted(text: str) -> str:
    """Text between quotation marks, which are those of the locale."""
    left, right = "\u2018\u2019" if _codeset() == "utf-8" else "''"
    special = {"\\": "\\\\", right: "\\" + right}
    inner = "".join(special.get(character) or _escape(character) for character in text)
    return left + inner + right


def shell_quoted(name: bytes) -> str:
    """A name for a message, quoted only if it must be, so that a shell would read it."""
    text = os.fsdecode(name)
    if _prints(text):
        if not _SPECIAL.search(text):
            return text or "''"
        if "'" in text and not _NOT_IN_DOUBLE.search(text):
            return f'"{text}"'
    return _in_pieces(text)


def _in_pieces(text: str) -> str:
    """The name in single quotes, and what does not print in escapes between them."""
    # GNU looks twice at a name with an apostrophe, and goes on at its start as it ended.
    is_escaping = "'" in text and not _prints(text[-1])
    result = ["'"]
    for piece in _PIECE.findall(text):
        if piece == "'":
            result.append("'\\''")
            is_escaping = False
            continue
        shown = _escape(piece)
        if (shown != piece) != is_escaping:
            is_escaping = not is_escaping
            result.append("'$'" if is_escaping else "''")
        result.append(shown)
    return "".join(result) + "'"


def _escape(text: str) -> str:
    """Text that prints as it is; a character that does not as a letter or its bytes."""
    if _prints(text):
        return text
    return _ESCAPES.get(text) or "".join(f"\\{byte:03o}" for byte in os.fsencode(text))


def _prints(text: str) -> bool:
    """Whether the locale takes all of it for printable."""
    if text.isascii():
        return text.isprintable()
    is_known = _codeset() != "ascii"
    return is_known and _UNPRINTABLE.isdisjoint(map(unicodedata.category, text))


@lru_cache
def _codeset() -> str:
    """The encoding of the locale, by Python's name."""
    if _is_coerced():
        return "ascii"
    return codecs.lookup(locale.nl_langinfo(locale.CODESET)).name


def _is_coerced() -> bool:
    """Whether Python took a UTF-8 locale for the locale ``C`` that it was started in (PEP 538).

    It says so to the programs that it starts, and not where the kernel has what it was told.
    """
    try:
        started_with = Path("/proc/self/environ").read_bytes().split(b"\0")
    except OSError:
        return False
    now = os.environb.get(b"LC_CTYPE")
    return now is not None and b"LC_CTYPE=" + now not in started_with
