r"""Names that cannot forge a line or drive a terminal.

The escapes are those of the library's messages: ``\\``, ``\n``, ``\r``, ``\t``,
``\xNN`` for a control character or a byte that is not UTF-8, and ``\u{N}`` for any
other character that shows as nothing or changes the direction of text.
"""

from __future__ import annotations

import re
from typing import Optional

__all__ = ["escaped", "gnu_escaped", "path_of", "readable", "with_path"]

#: Control characters, line separators, what is invisible, what turns text around: the library
#: has the same list.
_UNSAFE = (
    "\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f-\u1160\u17b4-\u17b5\u180b-\u180f\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
#: Bytes that are not UTF-8, as :func:`os.fsdecode` has them.
_NOT_UTF8 = "\udc80-\udcff"
_IN_A_NAME = re.compile(f"[\\\\{_UNSAFE}]")
_IN_A_TERMINAL = re.compile(f"[\\\\{_UNSAFE}{_NOT_UTF8}]")
_SHORT = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
#: What a message of the library begins with.
_PATH = re.compile(r'"((?:[^"\\]|\\.)*)"(?: line [0-9]+)? - ')
_ESCAPE = re.compile(r"\\(?:x([0-9a-f]{2})|u\{([0-9a-f]+)\}|(.))")
_LONG = {"n": "\n", "r": "\r", "t": "\t"}


def _escape(found: re.Match[str]) -> str:
    character = found.group()
    code = ord(character)
    if character in _SHORT:
        return _SHORT[character]
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x80 else f"\\u{{{code:x}}}"


def escaped(name: str, *, terminal: bool) -> str:
    """A name for one line of output.

    Bytes that are not UTF-8 stay as they are but on a terminal.
    """
    return (_IN_A_TERMINAL if terminal else _IN_A_NAME).sub(_escape, name)


def readable(message: str, *, terminal: bool) -> str:
    """A message for one line of output, whose names the library has escaped."""
    return re.sub(f"[{_UNSAFE}{_NOT_UTF8 if terminal else ''}]", _escape, message)


def path_of(message: str) -> Optional[str]:
    """The path that a message of the library is about, if it is about one."""
    found = _PATH.match(message)
    return None if found is None else _ESCAPE.sub(_unescape, found.group(1))


def with_path(path: str, message: str) -> str:
    """The same message about another path, which needs no escape."""
    return _PATH.sub(lambda _found: f'"{path}" - ', message, count=1)


def _unescape(found: re.Match[str]) -> str:
    code = found.group(1) or found.group(2)
    character = found.group(3)
    return chr(int(code, 16)) if code else _LONG.get(character, character)


def gnu_escaped(name: str) -> tuple[str, str]:
    """The mark of an escaped name, or nothing, and the name as coreutils writes it."""
    if not re.search(r"[\\\n\r]", name):
        return "", name
    return "\\", re.sub(r"[\\\n\r]", lambda found: _SHORT[found.group()], name)
