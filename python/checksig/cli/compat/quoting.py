"""File names in messages as GNU programs quote them: so that a shell would read them."""

from __future__ import annotations

import os
import re

__all__ = ["quoted", "shell_quoted"]

#: What a shell takes for something else than a part of a name.
_SPECIAL = re.compile(r"[ !\"$&()*;<=>?\[\\^`|:']|\A[#~]|\A[{}]\Z")
_ESCAPES = {
    "\a": "\\a",
    "\b": "\\b",
    "\t": "\\t",
    "\n": "\\n",
    "\v": "\\v",
    "\f": "\\f",
    "\r": "\\r",
}
#: What a pair of double quotes would not keep as it is.
_EXPANDED = re.compile(r"[\"$`\\!]")


def quoted(text: str) -> str:
    """Text between quotation marks, which are those of the locale."""
    locale = os.environ.get("LC_ALL") or os.environ.get("LC_CTYPE") or os.environ.get("LANG") or ""
    is_utf8 = "utf-8" in locale.lower() or "utf8" in locale.lower()
    return f"\u2018{text}\u2019" if is_utf8 else f"'{text}'"


def shell_quoted(name: bytes) -> str:
    """A name for a message, quoted only if it must be."""
    text = os.fsdecode(name)
    if text.isprintable() and not _SPECIAL.search(text):
        return text or "''"
    if text.isprintable() and "'" in text and not _EXPANDED.search(text):
        return f'"{text}"'
    return _pieces(text)


def _pieces(text: str) -> str:
    """The name in single quotes, and what does not print in escapes between them."""
    result, escaping = "'", False
    for character in text:
        escape = _escape(character)
        if escape and not escaping:
            result += "'$'"
        elif not escape and escaping:
            result += "''"
        escaping = bool(escape)
        if character == "'":
            result += "'\\''"
        else:
            result += escape or character
    return result + "'"


def _escape(character: str) -> str:
    if character.isprintable():
        return ""
    octal = "".join(f"\\{byte:03o}" for byte in os.fsencode(character))
    return _ESCAPES.get(character, octal)
