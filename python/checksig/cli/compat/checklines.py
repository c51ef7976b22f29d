"""Lines of a manifest as coreutils 9.1 reads them.

The library's own parser reads more formats. This one draws the line between a good and a
malformed one where these programs do; but a line with a NUL is malformed, where they
would cut the name.
"""

from __future__ import annotations

import re
from typing import NamedTuple, Optional

from .digests import CRC, TAGS

__all__ = ["Entry", "Parser", "escaped"]

_HEX_DIGITS = {"md5": 32, "sha1": 40, "sha224": 56, "sha256": 64, "sha384": 96, "sha512": 128,
               "sm3": 64}  # fmt: skip
_MAX_BLAKE2B = 512
_TAG = re.compile(rb"[^\s(-]*")
_ALGORITHM_OF_TAG = {tag.encode(): algorithm for algorithm, tag in TAGS.items()}
_UNESCAPED = {b"\\\\": b"\\", b"\\n": b"\n", b"\\r": b"\r"}
_ESCAPED = {plain: escape for escape, plain in _UNESCAPED.items()}


class Entry(NamedTuple):
    """What a line states; ``length`` in bits, of a BLAKE2b digest only."""

    name: bytes
    algorithm: str
    digest: str
    length: int


def escaped(name: bytes) -> tuple[bytes, bytes]:
    """The mark of an escaped name, or nothing, and the name as it is written."""
    text = re.sub(rb"[\\\n\r]", lambda found: _ESCAPED[found.group()], name)
    return (b"" if text == name else b"\\"), text


class Parser:
    """Reads lines; the first one decides whether those without a tag have one blank or two."""

    def __init__(self, algorithm: Optional[str]) -> None:
        """``algorithm``: ``None`` where each line must name its own."""
        self._fixed = algorithm
        #: The algorithm that the last line was read as.
        self.algorithm = algorithm or CRC
        self._one_blank: Optional[bool] = None

    def entry(self, line: bytes) -> Optional[Entry]:
        """What a line states; ``None`` where it is malformed."""
        if b"\0" in line:
            return None
        rest = line.lstrip(b" \t")
        is_escaped = rest.startswith(b"\\")
        rest = rest[is_escaped:]
        if self._fixed is None:
            found = _TAG.match(rest)
            algorithm = _ALGORITHM_OF_TAG.get(found.group() if found else b"")
            if algorithm is None or algorithm == CRC:
                return None
            self.algorithm = algorithm
        tag = TAGS[self.algorithm].encode()
        if rest.startswith(tag):
            return self._tagged(rest[len(tag) :], is_escaped)
        return self._untagged(rest, is_escaped)

    def _tagged(self, rest: bytes, is_escaped: bool) -> Optional[Entry]:
        digits, length = _HEX_DIGITS.get(self.algorithm, _MAX_BLAKE2B // 4), 0
        if self.algorithm == "blake2b":
            stated = re.match(rb"-([0-9]+)", rest)
            if stated:
                length = int(stated.group(1))
                if not 0 < length <= _MAX_BLAKE2B or length % 8:
                    return None
                digits, rest = length // 4, rest[stated.end() :]
            elif not rest.startswith(b"("):
                rest = rest[1:]
        rest = rest[1:] if rest.startswith(b" ") else rest
        found = re.fullmatch(rb"\((.*)\)[ \t]*=[ \t]*([^)]*)", rest, re.DOTALL)
        if not found or not _is_hex(found.group(2), digits):
            return None
        return self._made(found.group(1), found.group(2), length, is_escaped)

    def _untagged(self, rest: bytes, is_escaped: bool) -> Optional[Entry]:
        digits = _HEX_DIGITS.get(self.algorithm, 0)
        if self.algorithm == "blake2b":
            found = re.match(rb"[0-9a-fA-F]*", rest)
            digits = len(found.group()) if found else 0
            if digits < 2 or digits % 2 or digits > _MAX_BLAKE2B // 4:
                return None
        digest, rest = rest[:digits], rest[digits:]
        if len(rest) < 2 or rest[:1] not in (b" ", b"\t") or not _is_hex(digest, digits):
            return None
        name = rest[1:]
        if len(name) == 1 or name[:1] not in (b" ", b"*"):
            if self._one_blank is False:
                return None
            self._one_blank = True
        elif not self._one_blank:
            self._one_blank = False
            name = name[1:]
        length = digits * 4 if self.algorithm == "blake2b" else 0
        return self._made(name, digest, length, is_escaped)

    def _made(self, name: bytes, digest: bytes, length: int, is_escaped: bool) -> Optional[Entry]:
        if is_escaped:
            if re.sub(rb"\\[\\nr]", b"", name).count(b"\\"):
                return None
            name = re.sub(rb"\\[\\nr]", lambda found: _UNESCAPED[found.group()], name)
        return Entry(name, self.algorithm, digest.decode("ascii").lower(), length)


def _is_hex(text: bytes, digits: int) -> bool:
    return len(text) == digits and re.fullmatch(rb"[0-9a-fA-F]+", text) is not None
