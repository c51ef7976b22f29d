"""Runs the parts: makes each corpus, checks each contender, times them all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, NamedTuple, Optional

from .bound import Rates, least_seconds
from .contenders import Contender, Task, find_flaw, task
from .corpora import (
    CORPORA,
    DPKG_LISTS,
    Corpus,
    Listed,
    dpkg_files,
    hashed,
    make,
    remove,
    with_links,
)
from .parts import CURVE, REAL, Part
from .runs import CommandError, Sample, Series, run, take_turns

__all__ = ["CurvePoint", "Outcome", "Timing", "Verifier"]

#: Memory that must be left beside a corpus, so that it stays in the page cache.
SPARE_MEMORY = 2**30

#: What is larger would still be on its way to the disk while contenders are timed.
SETTLED_SIZE = 2**26

DROP_CACHES = Path("/proc/sys/vm/drop_caches")


class Timing(NamedTuple):
    """What a contender took.

    Attributes:
        name: the contender's.
        is_peer: whether it is another's.
        seconds: those that count, round by round.
        own: those that it measured itself; ``None`` where it does not.
        peak: the most memory that it had, in bytes; ``None`` where it does not tell.
    """

    name: str
    is_peer: bool
    seconds: Series
    own: Optional[Series]
    peak: Optional[int]


class Outcome(NamedTuple):
    """What a part found.

    Attributes:
        part: which one.
        files: how many were verified.
        size: their bytes.
        bound: the least seconds that it could take; ``None`` where that is not computed.
        timings: by the contenders' keys.
        refused: why contenders were not timed, by their names.
        note: what else there is to say of the files.
    """

    part: Part
    files: int
    size: int
    bound: Optional[float]
    timings: Mapping[str, Timing]
    refused: Mapping[str, str]
    note: str = ""

    def best_peer(self) -> Optional[Timing]:
        """The fastest of the others."""
        peers = [timing for timing in self.timings.values() if timing.is_peer]
        return min(peers, key=lambda timing: timing.seconds.median, default=None)


class CurvePoint(NamedTuple):
    """checksig on so many small files."""

    files: int
    seconds: Series
    peak: int


@dataclass
class Verifier:
    """Runs parts.

    Attributes:
        contenders: all that there are, by key.
        rates: what the machine can do; without them there are no bounds.
        rounds: how many.
        directory: where corpora are made; what is made goes away with each corpus.
        scale: by how much corpora are smaller than they ought to be.
        dpkg_lists: where Debian's lists are, and what they list.
        real_root: what the names in the lists are below.
    """

    contenders: Mapping[str, Contender]
    rates: Optional[Rates]
    rounds: int
    directory: Path
    scale: float = 1
    dpkg_lists: Path = DPKG_LISTS
    real_root: Path = Path("/")

    def __post_init__(self) -> None:
        self._flaws: dict[tuple[str, str], Optional[str]] = {}

    def verify(
        self, parts: Sequence[Part], *, curve: bool
    ) -> tuple[list[Outcome], list[CurvePoint]]:
        """All parts, each corpus made once, and the curve over the small files."""
        outcomes: list[Outcome] = []
        points: list[CurvePoint] = []
        for corpus in dict.fromkeys([part.corpus for part in parts] + ["small"] * curve):
            chosen = [part for part in parts if part.corpus == corpus]
            with self._corpus(corpus) as place:
                # First, before a part empties the page cache.
                if curve and corpus == "small":
                    points = self._curve(place)
                outcomes += [self._part(part, place) for part in chosen]
        return outcomes, points

    @contextmanager
    def _corpus(self, key: str) -> Iterator[_Place]:
        """A corpus on the disk, or Debian's files, and a scratch directory."""
        with tempfile.TemporaryDirectory(prefix="corpus-", dir=self.directory) as made:
            scratch = Path(made) / "scratch"
            scratch.mkdir()
            if key == REAL:
                print("reading Debian's files", flush=True)
                files, lost = dpkg_files(self.dpkg_lists, self.real_root)
                yield _Place(self.real_root, scratch, [], {"md5": files}, _lost(lost))
                return
            corpus = CORPORA[key].scaled(self.scale)
            check_room(corpus, self.directory)
            print(f"writing {corpus.size / 1e9:.1f} GB: {key}", flush=True)
            root = Path(made) / "root"
            root.mkdir()
            try:
                names = make(corpus, root)
                if corpus.size > SETTLED_SIZE:
                    os.sync()
                yield _Place(root, scratch, names, {}, "")
            finally:
                remove(root)

    def _part(self, part: Part, place: _Place) -> Outcome:
        files = place.files(part.algorithm)
        if part.first is not None:
            files = files[: max(1, round(part.first * self.scale))]
        work = task(place.root, part.algorithm, files, place.scratch / part.key)
        chosen, refused = self._sound(part)
        print(f"{part.key}: {', '.join(chosen)}", flush=True)
        runs = {key: self._run(chosen[key], work, cold=part.cold) for key in chosen}
        samples, failures = take_turns(runs, self.rounds)
        for key, failure in failures.items():
            _refuse(chosen[key], part, f"fails: {_last_line(failure)}", refused)
        bound = None
        if self.rates and self.rates.knows(part.algorithm) and not part.cold:
            bound = least_seconds(files, part.algorithm, self.rates)
        timings = {key: _timing(chosen[key], work, samples[key]) for key in samples}
        size = sum(file.size for file in files)
        return Outcome(part, len(files), size, bound, timings, refused, place.note)

    def _sound(self, part: Part) -> tuple[dict[str, Contender], dict[str, str]]:
        """The part's contenders that truly verify, and what is wrong with the others."""
        sound: dict[str, Contender] = {}
        refused: dict[str, str] = {}
        for key in part.contenders:
            contender = self.contenders.get(key)
            if contender is None or part.algorithm not in contender.algorithms:
                continue
            flaw = self._flaw(key, part.algorithm)
            if flaw is None:
                sound[key] = contender
            else:
                _refuse(contender, part, flaw, refused)
        return sound, refused

    def _flaw(self, key: str, algorithm: str) -> Optional[str]:
        if (key, algorithm) not in self._flaws:
            with tempfile.TemporaryDirectory(prefix="flaws-", dir=self.directory) as directory:
                flaw = find_flaw(self.contenders[key], algorithm, Path(directory))
            self._flaws[key, algorithm] = flaw
        return self._flaws[key, algorithm]

    def _run(self, contender: Contender, work: Task, *, cold: bool) -> Callable[[], Sample]:
        command = contender.command(work)
        if not cold:
            return lambda: run(command)
        few = task(
            work.root,
            work.algorithm,
            work.files[:1],
            work.scratch / contender.title(work.algorithm),
        )
        prepare = contender.command(few)
        os.sync()  # the cache keeps what is not on the disk yet

        def run_cold() -> Sample:
            empty_page_cache(work)
            run(prepare)  # the program itself comes from the disk here
            return run(command)

        return run_cold

    def _curve(self, place: _Place) -> list[CurvePoint]:
        files = place.files("sha1")
        counts = sorted({max(1, round(count * self.scale)) for count in CURVE})
        runs = {}
        for count in counts:
            chosen = with_links(place.root, files, count)
            work = task(place.root, "sha1", chosen, place.scratch / f"curve-{count}")
            runs[str(count)] = self._run(self.contenders["engine"], work, cold=False)
        print("curve", flush=True)
        samples, failures = take_turns(runs, self.rounds)
        for failure in failures.values():
            raise failure
        return [
            CurvePoint(
                count,
                Series(tuple(sample.wall for sample in samples[str(count)])),
                max(sample.peak or 0 for sample in samples[str(count)]),
            )
            for count in counts
        ]


class _Place:
    """Where a corpus is; its digests are computed when they are first asked for."""

    def __init__(
        self,
        root: Path,
        scratch: Path,
        names: Sequence[str],
        files: dict[str, list[Listed]],
        note: str,
    ) -> None:
        self.root = root
        self.scratch = scratch
        self.note = note
        self._names = names
        self._files = files

    def files(self, algorithm: str) -> list[Listed]:
        """The files with their digests."""
        if algorithm not in self._files:
            self._files[algorithm] = hashed(self.root, self._names, algorithm)
        return self._files[algorithm]


def _refuse(contender: Contender, part: Part, flaw: str, refused: dict[str, str]) -> None:
    """Notes why a contender is not timed.

    Raises:
        RuntimeError: it is checksig.
    """
    name = contender.title(part.algorithm)
    if not contender.is_peer:
        raise RuntimeError(f"{name} {flaw}")
    print(f"{part.key}: not timed: {name} {flaw}", flush=True)
    refused[name] = flaw


def _lost(count: int) -> str:
    if count == 1:
        return "1 file that is missing or was changed is left out."
    return f"{count:,} files that are missing or were changed are left out." if count else ""


def _last_line(failure: CommandError) -> str:
    return str(failure).splitlines()[-1]


def _timing(contender: Contender, work: Task, samples: Sequence[Sample]) -> Timing:
    own = [sample.own for sample in samples if sample.own is not None]
    seconds = own if contender.times_itself else [sample.wall for sample in samples]
    return Timing(
        contender.title(work.algorithm),
        contender.is_peer,
        Series(tuple(seconds)),
        Series(tuple(own)) if own else None,
        max((sample.peak for sample in samples if sample.peak), default=None),
    )


def empty_page_cache(work: Task) -> None:
    """Makes the next run read from the disk; only the files' content where not root."""
    if os.access(DROP_CACHES, os.W_OK):
        DROP_CACHES.write_text("3\n", encoding="ascii")
        return
    for listed in work.files:
        with (work.root / listed.name).open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def check_room(corpus: Corpus, directory: Path) -> None:
    """Sees that there is room for a corpus on the disk, and in memory for all of it.

    Raises:
        OSError: there is not.
    """
    free = shutil.disk_usage(directory).free
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if free < corpus.size * 1.1 or memory < corpus.size + SPARE_MEMORY:
        raise OSError(
            f"the corpus {corpus.name} of {corpus.size / 1e9:.1f} GB needs as much in {directory}"
            f" ({free / 1e9:.1f} GB are free) and in memory ({memory / 1e9:.1f} GB)"
        )
