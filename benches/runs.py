"""Running and timing commands, in rounds of rotating order."""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, NamedTuple, Optional

__all__ = ["Command", "CommandError", "Sample", "Series", "run", "take_turns"]


@dataclass(frozen=True)
class Command:
    """A program with its arguments, where it runs, and what it has in its environment."""

    arguments: Sequence[str]
    directory: Path
    environment: Mapping[str, str] = field(default_factory=dict)


class CommandError(Exception):
    """A command ended with another exit code than 0."""


class Sample(NamedTuple):
    """What one run of a command took.

    Attributes:
        wall: the seconds from before its start until after its end.
        own: the seconds that it measured itself, from the call of its library to the return;
            ``None`` where it tells none.
        peak: the most memory that it had, in bytes; ``None`` where it does not tell.
    """

    wall: float
    own: Optional[float] = None
    peak: Optional[int] = None


def run(command: Command) -> Sample:
    """Runs a command to its end.

    What it measures itself is a JSON object on its standard output.

    Raises:
        CommandError: it failed; the text has what it said.
    """
    start = time.perf_counter()
    process = subprocess.Popen(
        command.arguments,
        cwd=command.directory,
        env={**os.environ, **command.environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        output, errors = process.communicate()
    except BaseException:
        # Its children too, which Ctrl-C does not reach in a session of their own.
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    wall = time.perf_counter() - start
    if process.returncode != 0:
        said = (errors or output).decode(errors="replace").strip()[-1000:]
        raise CommandError(f"{command.arguments[0]}: exit {process.returncode}: {said}")
    told = json.loads(output) if output.startswith(b"{") else {}
    return Sample(wall, told.get("seconds"), told.get("peak"))


class Series(NamedTuple):
    """The same measured several times, in the unit of its context."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle value."""
        return statistics.median(self.values)

    @property
    def low(self) -> float:
        """The least value."""
        return min(self.values)

    @property
    def high(self) -> float:
        """The greatest value."""
        return max(self.values)


def take_turns(
    runs: Mapping[str, Callable[[], Sample]], rounds: int
) -> tuple[dict[str, tuple[Sample, ...]], dict[str, CommandError]]:
    """Runs each in every round; each round starts with another one.

    Returns:
        The samples of those that never failed, and why the others did: one that has failed
        is not run again.
    """
    samples: dict[str, list[Sample]] = {name: [] for name in runs}
    failures: dict[str, CommandError] = {}
    for number in range(rounds):
        for name in _rotated(list(samples), number):
            try:
                samples[name].append(runs[name]())
            except CommandError as failure:
                failures[name] = failure
                del samples[name]
    return {name: tuple(values) for name, values in samples.items()}, failures


def _rotated(names: list[str], number: int) -> list[str]:
    shift = number % len(names) if names else 0
    return names[shift:] + names[:shift]
