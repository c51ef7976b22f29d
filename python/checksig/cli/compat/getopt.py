"""Options as GNU programs take them: abbreviated, clustered, and after operands too."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Optional

__all__ = ["BadOption", "Option", "parse"]


class BadOption(Exception):
    """An option that there is not, or without its argument."""


class Option(NamedTuple):
    """An option: its long name, its letter, and its argument's name; empty where it has none."""

    long: str
    letter: str = ""
    argument: str = ""


#: An option's long name and its argument; ``None`` and an operand.
Found = tuple[Optional[str], str]


def parse(arguments: Sequence[str], options: Sequence[Option]) -> Iterator[Found]:
    """Gives the options in their order, and then the operands.

    Raises:
        BadOption: in the words of the C library.
    """
    rest = deque(arguments)
    operands: list[str] = []
    operands_end_options = "POSIXLY_CORRECT" in os.environ
    while rest:
        word = rest.popleft()
        if word == "--":
            operands += rest
            break
        if word.startswith("--"):
            yield _long(word[2:], rest, options)
        elif word.startswith("-") and word != "-":
            yield from _cluster(word[1:], rest, options)
        else:
            operands.append(word)
            if operands_end_options:
                operands += rest
                break
    for operand in operands:
        yield None, operand


def _long(word: str, rest: deque[str], options: Sequence[Option]) -> Found:
    name, equals, argument = word.partition("=")
    option = _named(name, word, options)
    if not option.argument:
        if equals:
            raise BadOption(f"option '--{option.long}' doesn't allow an argument")
        return option.long, ""
    if not equals:
        if not rest:
            raise BadOption(f"option '--{option.long}' requires an argument")
        argument = rest.popleft()
    return option.long, argument


def _named(name: str, word: str, options: Sequence[Option]) -> Option:
    """The option of this name, or the only one whose name starts so."""
    found = [option for option in options if option.long and option.long.startswith(name)]
    exact = [option for option in found if option.long == name]
    if not found:
        raise BadOption(f"unrecognized option '--{word}'")
    if len(found) > 1 and not exact:
        possible = "".join(f" '--{option.long}'" for option in found)
        raise BadOption(f"option '--{word}' is ambiguous; possibilities:{possible}")
    return (exact or found)[0]


def _cluster(letters: str, rest: deque[str], options: Sequence[Option]) -> Iterator[Found]:
    by_letter = {option.letter: option for option in options if option.letter}
    while letters:
        # A byte, of which a character may have several.
        letter = os.fsdecode(os.fsencode(letters)[:1])
        letters = os.fsdecode(os.fsencode(letters)[1:])
        option = by_letter.get(letter)
        if option is None:
            first = os.fsdecode(os.fsencode(letter)[:1])  # C's letters are bytes
            raise BadOption(f"invalid option -- '{first}'")
        if not option.argument:
            yield option.long, ""
            continue
        if not letters and not rest:
            raise BadOption(f"option requires an argument -- '{letter}'")
        yield option.long, letters or rest.popleft()
        return
