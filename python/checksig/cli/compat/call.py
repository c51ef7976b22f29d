"""What a program is asked for: its options and files, understood and found sensible."""

from __future__ import annotations

import errno
import os
import re
from dataclasses import dataclass, field
from typing import Optional

from . import PROGRAMS
from .digests import ALGORITHMS, SIZED
from .getopt import BadOption, parse
from .options import CHECKING, options_of
from .quoting import quoted

__all__ = ["MAX_LENGTH", "Call", "UsageError"]

#: The most bits of a BLAKE2b digest.
MAX_LENGTH = 512
_MAX_NUMBER = 2**64 - 1
_NUMBER = re.compile(r"[ \t\n\v\f\r]*\+?([0-9]+)")


class UsageError(Exception):
    """Wrong usage; ``hint`` is whether to point to ``--help``."""

    def __init__(self, message: str, hint: bool = True) -> None:
        super().__init__(message)
        self.hint = hint


@dataclass
class Call:
    """What a program is asked for."""

    program: str
    algorithm: str
    given: set[str] = field(default_factory=set)
    length: int = 0
    #: As it was given.
    length_text: str = ""
    binary: Optional[bool] = None
    tagged: bool = False
    #: One of ``quiet``, ``status`` and ``warn``; the last one counts.
    mode: str = ""
    files: list[bytes] = field(default_factory=list)
    #: ``help`` or ``version``, where that is all that is wanted.
    question: str = ""

    @classmethod
    def of(cls, program: str, arguments: list[str]) -> Call:
        """What the arguments ask for.

        Raises:
            UsageError: they make no sense.
        """
        call = cls(program, PROGRAMS[program], tagged=program == "cksum")
        try:
            for name, argument in parse(arguments, options_of(program)):
                if name is None:
                    call.files.append(os.fsencode(argument))
                else:
                    call._take(name, argument)
                if call.question:
                    return call
        except BadOption as error:
            raise UsageError(str(error)) from None
        call._require_sense()
        return call

    @property
    def end(self) -> bytes:
        """What ends a line."""
        return b"\0" if "zero" in self.given else b"\n"

    @property
    def any_algorithm(self) -> bool:
        """Whether each line that is checked names its algorithm."""
        return self.program == "cksum" and "algorithm" not in self.given

    def _take(self, name: str, argument: str) -> None:
        """Notes one option."""
        self.given.add(name)
        if name in ("quiet", "status", "warn"):
            self.mode = name
        elif name in ("binary", "text"):
            self.binary = name == "binary"
        elif name == "tag":
            self.tagged, self.binary = True, self.program != "cksum" or None
        elif name == "untagged":
            self.tagged = False
        elif name == "algorithm":
            self.algorithm = _algorithm(argument)
        elif name == "length":
            self.length, self.length_text = _length(argument), argument
        elif name in ("help", "version"):
            self.question = name
        elif name == "":
            raise UsageError("")

    def _require_sense(self) -> None:
        """Refuses options that go together with no other."""
        checking = "check" in self.given
        if self.length and self.algorithm != "blake2b":
            raise UsageError("--length is only supported with --algorithm=blake2b", hint=False)
        if self.length > MAX_LENGTH:
            limit = f"maximum digest length for {quoted('BLAKE2b')} is {MAX_LENGTH} bits"
            raise UsageError(f"invalid length: {quoted(self.length_text)}\n\0{limit}", hint=False)
        if checking and self.algorithm in SIZED and not self.any_algorithm:
            raise UsageError("--check is not supported with --algorithm={bsd,sysv,crc}", hint=False)
        if self.tagged and self.binary is False:
            raise UsageError("--tag does not support --text mode")
        if checking:
            self._require_sense_in_check()
        else:
            self._require_sense_in_printing()

    def _require_sense_in_printing(self) -> None:
        for option in CHECKING:
            ineffective = option in ("status", "warn", "quiet") and option != self.mode
            if option in self.given and not ineffective:
                raise UsageError(
                    f"the --{option} option is meaningful only when verifying checksums"
                )

    def _require_sense_in_check(self) -> None:
        if "zero" in self.given:
            raise UsageError("the --zero option is not supported when verifying checksums")
        if self.tagged and self.program != "cksum":
            raise UsageError("the --tag option is meaningless when verifying checksums")
        if self.binary is not None:
            raise UsageError(
                "the --binary and --text options are meaningless when verifying checksums"
            )


def _algorithm(name: str) -> str:
    if name not in ALGORITHMS:
        valid = "".join(f"\n  - {quoted(valid)}" for valid in ALGORITHMS)
        invalid = f"invalid argument {quoted(name)} for {quoted('--algorithm')}"
        raise UsageError(f"{invalid}\nValid arguments are:{valid}")
    return name


def _length(text: str) -> int:
    invalid = f"invalid length: {quoted(text)}"
    found = _NUMBER.fullmatch(text)
    if found is None:
        raise UsageError(invalid, hint=False)
    # Digits are counted first: Python refuses to read very many.
    digits = found[1].lstrip("0") or "0"
    if len(digits) > len(str(_MAX_NUMBER)) or int(digits) > _MAX_NUMBER:
        raise UsageError(f"{invalid}: {os.strerror(errno.EOVERFLOW)}", hint=False)
    if int(digits) % 8 != 0:
        raise UsageError(f"{invalid}\n\0length is not a multiple of 8", hint=False)
    return int(digits)
