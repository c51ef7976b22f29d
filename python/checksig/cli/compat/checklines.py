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

_MAX_BLAKE2B = 512
#: The length of each digest, of BLAKE2b's the greatest.
_HEX_DIGITS = {"md5": 32, "sha1": 40, "sha224": 56, "sha256": 64, "sha384": 96, "sha512": 128,
               "sm3": 64, "blake2b": _MAX_BLAKE2B // 4}  # fmt: skip
_HEX = b"0123456789abcdefABCDEF"
_TAG = re.compile(rb"[^ \t(-]*")
_TAG_OF_ALGORITHM = {algorithm: tag.encode() for algorithm, tag in TAGS.items()}
_ALGORITHM_OF_TAG = {tag: algorithm for algorithm, tag in _TAG_OF_ALGORITHM.items()}
#: A length in bits after a tag, in whatever base C knows.
_LENGTH = re.compile(rb"-[ \t\n\v\f\r]*\+?(?:0[xX]0*([0-9a-fA-F]+)|0+([0-7]*)|([1-9][0-9]*))")
_BASES = (0, 16, 8, 10)


class Entry(NamedTuple):
    """What a line states; ``length`` in bits, of a BLAKE2b digest only."""

    name: bytes
    algorithm: str
    digest: str
    length: int


def escaped(name: bytes) -> tuple[bytes, bytes]:
    """The mark of an escaped name, or nothing, and the name as it is written."""
    text = name.replace(b"\\", b"\\\\").replace(b"\n", b"\\n").replace(b"\r", b"\\r")
    return (b"" if text == name else b"\\"), text


def _unescaped(text: bytes) -> Optional[bytes]:
    """The name that is written so; ``None`` where an escape is none of ours."""
    parts = [part.replace(b"\\n", b"\n").replace(b"\\r", b"\r") for part in text.split(b"\\\\")]
    return None if any(b"\\" in part for part in parts) else b"\\".join(parts)


class Parser:
    """Reads lines; the first one decides whether those without a tag have one blank or two."""

    def __init__(self, program: str, algorithm: Optional[str]) -> None:
        """``algorithm``: ``None`` where each line must name its own."""
        self._fixed = algorithm
        #: Whether a tag may have a length, and a name be empty.
        self._is_newer = program in ("b2sum", "cksum")
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
        tag = _TAG_OF_ALGORITHM[self.algorithm]
        if rest.startswith(tag):
            return self._tagged(rest[len(tag) :], is_escaped)
        return self._untagged(rest, is_escaped)

    def _tagged(self, rest: bytes, is_escaped: bool) -> Optional[Entry]:
        bits = 0
        if self._is_newer:
            if rest.startswith(b"-"):
                bits, rest = _stated_length(rest)
                if not self._can_have(bits):
                    return None
            elif not rest.startswith(b"("):
                rest = rest[1:]  # whatever it is
        rest = rest[1:] if rest.startswith(b" ") else rest
        name, end, stated = rest[1:].rpartition(b")")
        stated = stated.lstrip(b" \t")
        if not (end and rest.startswith(b"(") and stated.startswith(b"=")):
            return None
        digest = stated[1:].lstrip(b" \t")
        if not _is_hex(digest, bits // 4 or _HEX_DIGITS[self.algorithm]):
            return None
        return self._made(name, digest, bits, is_escaped)

    def _can_have(self, bits: int) -> bool:
        """Whether a digest can be that long; only BLAKE2b's may be a short one."""
        greatest = _HEX_DIGITS[self.algorithm] * 4
        if self.algorithm == "blake2b":
            return 0 < bits <= greatest and bits % 8 == 0
        return bits == greatest

    def _untagged(self, rest: bytes, is_escaped: bool) -> Optional[Entry]:
        digits = _HEX_DIGITS.get(self.algorithm, 0)
        if self.algorithm == "blake2b":
            most, digits = digits, len(rest) - len(rest.lstrip(_HEX))
            if digits < 2 or digits % 2 or digits > most:
                return None
        digest, rest = rest[:digits], rest[digits:]
        name = rest[1:]
        if rest[:1] not in (b" ", b"\t") or not (name or self._is_newer):
            return None
        if not _is_hex(digest, digits):
            return None
        if len(name) == 1 or name[:1] not in (b" ", b"*"):
            if self._one_blank is False:
                return None
            self._one_blank = True
        elif not self._one_blank:
            self._one_blank = False
            name = name[1:]
        return self._made(name, digest, digits * 4, is_escaped)

    def _made(self, name: bytes, digest: bytes, bits: int, is_escaped: bool) -> Optional[Entry]:
        plain = _unescaped(name) if is_escaped else name
        if plain is None:
            return None
        length = bits if self.algorithm == "blake2b" else 0
        return Entry(plain, self.algorithm, digest.decode("ascii").lower(), length)


def _stated_length(text: bytes) -> tuple[int, bytes]:
    """The length that is stated at its start, 0 where that is none, and what comes after it."""
    found = _LENGTH.match(text)
    if found is None or found.lastindex is None:
        return 0, text
    digits = found[found.lastindex]
    # More digits than the greatest has in octal are no length; Python refuses to read very many.
    is_small = len(digits) <= len(f"{_MAX_BLAKE2B:o}")
    return int(digits or b"0", _BASES[found.lastindex]) if is_small else 0, text[found.end() :]


def _is_hex(text: bytes, digits: int) -> bool:
    return len(text) == digits and not text.translate(None, _HEX)
