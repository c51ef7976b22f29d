"""The command that looks up canonical names."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Optional, Protocol, Union

import click

from .._native import backend
from ..dns import CnameResult, DNSError, DNSProgress, Supply, given, options_of, results
from .output import complain
from .progress import is_wanted

if TYPE_CHECKING:
    import rich.progress

__all__ = ["dns"]

_Found = Union[CnameResult, DNSError]

_FOUND, _ABSENT = 0, 1
#: How much of standard input is read at once.
_PIECE = 1 << 16


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option("--jsonl", "form", flag_value="jsonl", help="One JSON object a line.")
@click.option("--csv", "form", flag_value="csv", help="A table of comma-separated values.")
@click.option("--chain", is_flag=True, help="Show all names from NAME to the canonical one.")
@click.option(
    *("-s", "--server"),
    "nameservers",
    multiple=True,
    metavar="ADDRESS",
    help="Ask this server, as 192.0.2.1, 192.0.2.1:5353 or [2001:db8::1]:53.",
)
@click.option("--search", multiple=True, metavar="DOMAIN", help="Look for names in this domain.")
@click.option("--hosts", metavar="FILE", default="/etc/hosts", help="The hosts file.")
@click.option(
    "--resolv-conf", metavar="FILE", default="/etc/resolv.conf", help="The configuration."
)
@click.option(
    "--timeout",
    type=float,
    default=5.0,
    show_default=True,
    metavar="SECONDS",
    help="How long the look-up of a name may take.",
)
@click.option(
    "--attempts",
    type=click.IntRange(min=1),
    default=2,
    show_default=True,
    metavar="N",
    help="How often each server is asked.",
)
@click.option("--validate", is_flag=True, help="Check the answers' signatures (DNSSEC).")
@click.option(
    "--trust-anchor", metavar="FILE", help="DNSKEY records to start from; else the root's."
)
@click.option(
    "--concurrency", type=click.IntRange(min=1), metavar="N", help="Look up N names at once."
)
@click.option("--rate", type=float, metavar="N", help="Send N questions a second at the most.")
@click.option(
    "--engine",
    type=click.Choice(("auto", "resolver", "fast")),
    default="auto",
    show_default=True,
    help="How many names are looked up at once.",
)
@click.option(
    "--progress", "watch", type=click.Choice(("auto", "always", "never")), default="auto",
    show_default=True, help="Whether standard error shows how far the run is.",
)  # fmt: skip
def dns(
    names: tuple[str, ...], form: Optional[str], chain: bool, watch: str, **options: Any
) -> int:
    """Look up the canonical name of each NAME; - stands for a list on standard input.

    Exit codes: 0 all have one, 1 some have none, 2 wrong usage, 130 interrupted.
    """
    options["nameservers"] = options["nameservers"] or None
    options["search"] = options["search"] or None
    anchor = options.pop("trust_anchor")
    read = options_of(trust_anchor=None if anchor is None else Path(anchor), **options)
    output = _output(form, chain)
    code = _FOUND
    with _bar(watch) as move:
        for name, found in results(_supply(names), backend.new_bulk(read), move):
            output.write(os.fsdecode(name), found)
            if isinstance(found, DNSError):
                code = _ABSENT
    return code


def _supply(names: Sequence[str]) -> Supply:
    return _Chained(_Lines(sys.stdin.fileno()) if name == "-" else given([name]) for name in names)


class _Chained:
    """Names from one place after the other."""

    def __init__(self, supplies: Iterator[Supply]) -> None:
        self._supplies = supplies
        self._now: Optional[Supply] = next(supplies, None)

    def take(self, wanted: int, idle: bool) -> Optional[list[Union[str, bytes]]]:
        """The next names of the first place that has any."""
        while self._now is not None:
            names = self._now.take(wanted, idle)
            if names is not None:
                return names
            self._now = next(self._supplies, None)
        return None


class _Lines:
    """The lines of a file or a pipe, which may come slowly."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lines: list[bytes] = []
        self._rest = b""
        self._ended = False

    def take(self, wanted: int, idle: bool) -> Optional[list[Union[str, bytes]]]:
        """The lines that are there, without those that are empty."""
        while not self._lines and not self._ended:
            if not idle and not select.select([self._descriptor], [], [], 0)[0]:
                return []
            self._read()
        taken, self._lines = self._lines[:wanted], self._lines[wanted:]
        return None if self._ended and not taken and wanted else [*taken]

    def _read(self) -> None:
        piece = os.read(self._descriptor, _PIECE)
        self._ended = not piece
        *lines, self._rest = (self._rest + piece).split(b"\n")
        if self._ended:
            lines.append(self._rest)
        self._lines += [line for line in map(bytes.strip, lines) if line]


class _Output(Protocol):
    """How results are told."""

    def write(self, name: str, found: _Found) -> None:
        """One name and what was found."""


def _output(form: Optional[str], chain: bool) -> _Output:
    if form == "jsonl":
        return _JSONLines()
    if form == "csv":
        return _CSV()
    return _Text(chain)


class _Text:
    """A line for each canonical name, and one on standard error for what has none."""

    def __init__(self, chain: bool) -> None:
        self._chain = chain

    def write(self, name: str, found: _Found) -> None:
        """One name and what was found."""
        if isinstance(found, DNSError):
            complain(str(found))
        else:
            text = " -> ".join(found.chain) if self._chain else f"{name} {found}"
            _print(text + "\n")


class _JSONLines:
    """One JSON object a line."""

    def write(self, name: str, found: _Found) -> None:
        """One name and what was found."""
        import json

        _print(json.dumps({"type": _kind(found), **_members(name, found)}) + "\n")


class _CSV:
    """A table with a heading (RFC 4180)."""

    def __init__(self) -> None:
        self._row(_COLUMNS)

    def write(self, name: str, found: _Found) -> None:
        """One name and what was found."""
        members = {**_members(name, found), "chain": " ".join(found.chain)}
        self._row([members.get(column) for column in _COLUMNS])

    def _row(self, cells: Sequence[object]) -> None:
        import csv
        import io

        line = io.StringIO()
        csv.writer(line, lineterminator="\n").writerow(cells)
        _print(line.getvalue())


_COLUMNS = ("name", "canonical", "chain", "authenticated", "server", "error", "message")


def _kind(found: _Found) -> str:
    return "error" if isinstance(found, DNSError) else "cname"


def _members(name: str, found: _Found) -> dict[str, object]:
    members: dict[str, object] = {"name": name}
    if isinstance(found, DNSError):
        members["error"] = type(found).__name__
        members["message"] = str(found)
    else:
        members["canonical"] = str(found)
        members["authenticated"] = found.authenticated
    return {**members, "chain": found.chain, "server": found.server}


def _print(text: str) -> None:
    sys.stdout.buffer.write(os.fsencode(text))


@contextmanager
def _bar(when: str) -> Iterator[Callable[[DNSProgress], None]]:
    """Flushes the output now and then, and shows how far the run is if that is wanted.

    By default not where the results themselves come on the same terminal.
    """
    shared = when == "auto" and sys.stdout.isatty()
    if shared or not is_wanted(when):
        yield lambda _now: sys.stdout.flush()
        return
    with _rich_bar() as bar:
        task = bar.add_task("", total=None, count="")

        def move(now: DNSProgress) -> None:
            sys.stdout.flush()
            count = f"{now.done} names, {now.failed} without, {now.in_flight} in flight"
            bar.update(task, completed=now.done, count=count)

        yield move


def _rich_bar() -> rich.progress.Progress:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    return Progress(
        BarColumn(bar_width=20),
        TextColumn("{task.fields[count]}", markup=False),
        TimeElapsedColumn(),
        console=Console(stderr=True, force_terminal=True),
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
