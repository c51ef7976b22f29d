"""The commands: what each takes, and which function of the package it calls."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, Callable, Optional, TypeVar

import click

from .. import __version__
from .. import manifest as manifests
from .._native.library import include_dir, library_path
from .._native.surface import RunOptions
from ..checksig import ManifestSource, Progress, Report, Verdict, thread_count
from ..errors import ChecksigError, ManifestError
from . import progress, runs
from .codes import BAD, INTERRUPTED, NOTHING
from .compat import PROGRAMS
from .dns import dns
from .inputs import descriptor_of, source
from .names import path_of, with_path
from .output import Digest, JSONLines, Output, Text, complain, put_manifest
from .reports import Held, code_of
from .signals import ending_like_ctrl_c

__all__ = ["cli", "run_command"]

_ALGORITHMS = (
    *("crc32", "md5", "sha1", "sha224", "sha256", "sha384", "sha512"),
    *("sha3-256", "sha3-512", "blake2b", "blake3"),
)
_FORMATS = ("gnu", "bsd", "sfv", "hashdeep", "bagit", "record")
_WHEN = click.Choice(("auto", "always", "never"))

_Function = TypeVar("_Function", bound=Callable[..., Any])
_Decorator = Callable[[_Function], _Function]


def run_command(arguments: list[str]) -> int:
    """Runs a command; returns the exit code."""
    if "_CHECKSIG_COMPLETE" in os.environ:
        cli.main(arguments, "checksig")
    try:
        with ending_like_ctrl_c(), cli.make_context("checksig", arguments) as context:
            code: Optional[int] = cli.invoke(context)
            return code or 0
    except click.exceptions.Exit as finished:
        return finished.exit_code
    except click.UsageError as error:
        path = "checksig" if error.ctx is None else error.ctx.command_path
        message = " ".join(error.format_message().rstrip(".").split())
        complain(f"{message}; try '{path} --help'")
        return NOTHING


def _all(*decorators: _Decorator[Any]) -> _Decorator[Any]:
    """Several options as one decorator, in the order of ``--help``."""

    def decorate(function: Any) -> Any:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate


def _format(*more: str, default: str, auto: str = "") -> _Decorator[Any]:
    names = click.Choice((*more, *_FORMATS))
    return click.option(
        *("--format", "format_"), type=names, default=default, show_default=True,
        help=f"The manifest's format{auto}.",
    )  # fmt: skip


def _algorithm(*more: str, default: str, auto: str = "") -> _Decorator[Any]:
    names = click.Choice((*more, *_ALGORITHMS), case_sensitive=False)
    return click.option(
        *("-a", "--algorithm"), type=names, default=default, show_default=True, metavar="NAME",
        help=f"The digests' algorithm: {', '.join((*more, *_ALGORITHMS))}{auto}.",
    )  # fmt: skip


#: The library says what is wrong with a path, and of several only of those that are bad.
_PATH = click.Path(readable=False)
_ROOT = click.argument("root", type=_PATH, default=".")
_ZERO = click.option("-z", "--zero", is_flag=True, help="Lines end with NUL, not newline.")
_THREADS = click.option(
    *("-j", "--threads"), type=click.IntRange(min=1), metavar="N",
    help="Read files with N threads; one a processor, or more for a disk, by default.",
)  # fmt: skip
_EXCLUDE = click.option("--exclude", multiple=True, metavar="GLOB", help="Pass over these files.")
_DETECT = click.option(
    "--detect-collisions", is_flag=True,
    help="Refuse files that show signs of a SHA-1 collision attack.",
)  # fmt: skip
_OUTPUT = click.option(
    "--output", type=click.Choice(("text", "jsonl")), default="text", show_default=True,
    help="Lines of text, or one JSON object a line.",
)  # fmt: skip
_COLOR = click.option(
    "--color", type=_WHEN, default="auto", show_default=True, help="Whether verdicts have colour."
)
_VIEW = _all(
    _OUTPUT,
    click.option("-q", "--quiet", is_flag=True, help="Tell only what is wrong."),
    click.option("--status", is_flag=True, help="Tell nothing but by the exit code."),
    _COLOR,
)
_WATCH = click.option(
    "--progress", "watch", type=_WHEN, default="auto", show_default=True,
    help="Whether standard error shows how far the run is.",
)  # fmt: skip
#: How a manifest is read.
_READ = _all(_algorithm("auto", default="auto"), _format("auto", default="auto"), _ZERO)
_VERIFY = _all(
    _ROOT,
    click.option(
        *("-m", "--manifest"), "names", multiple=True, metavar="FILE",
        help="The manifest, or - for standard input; may be given several times.",
    ),
    _READ,
    _THREADS,
    click.option("--lenient", is_flag=True, help="Malformed lines do not fail the run."),
    click.option("--ignore-missing", is_flag=True, help="Missing files do not fail the run."),
    click.option(
        "--require", multiple=True, metavar="NAME", help="This file must be listed and OK."
    ),
    _EXCLUDE,
    click.option("--allow-outside", is_flag=True, help="Names may lead out of ROOT."),
    _DETECT,
    _VIEW,
    _WATCH,
)  # fmt: skip


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--include-dir", "include", is_flag=True, help="Print the directory of checksig.h.")
@click.option("--library", is_flag=True, help="Print the path of the shared library.")
@click.version_option(__version__, message="checksig %(version)s")
@click.pass_context
def cli(context: click.Context, include: bool, library: bool) -> int:
    """Verify directories against checksum manifests, in parallel.

    Exit codes: 0 all good, 1 some file or line is bad, 2 nothing could be checked or
    wrong usage, 130 interrupted.
    """
    command = context.invoked_subcommand
    if command is None and not (include or library):
        click.echo(context.get_help(), err=True)
        return NOTHING
    if include + library + (command is not None) != 1:
        raise click.UsageError("want one command", context)
    if command is None:
        click.echo(os.fsencode(include_dir() if include else library_path()))
    return 0


cli.add_command(dns)


@cli.command()
@_VERIFY
def verify(**options: Any) -> int:
    """Check the files below ROOT that a manifest lists.

    Without -m the manifest is ROOT/sha1sum.txt, or else the only file in ROOT with a
    usual name such as SHA256SUMS.
    """
    return _verify(**options)


@cli.command()
@_VERIFY
def audit(**options: Any) -> int:
    """Verify, and report the files below ROOT that are not listed."""
    return _verify(audit=True, **options)


@cli.command()
@_ROOT
@click.option("-m", "--manifest", "name", metavar="FILE", help="Write here; - is standard output.")
@_algorithm("auto", default="auto", auto="; auto is sha256, and crc32 in the format sfv")
@_format("auto", default="auto", auto="; auto is what its name tells, else gnu")
@_ZERO
@_THREADS
@_EXCLUDE
@_DETECT
@_VIEW
@_WATCH
def create(
    root: str, name: Optional[str], watch: str, output: str, quiet: bool, status: bool, color: str,
    **options: Any,
) -> int:  # fmt: skip
    """Write a manifest of every regular file below ROOT.

    Without -m it is ROOT/sha256sum.txt, after the algorithm.
    """
    if name == "-" and output == "jsonl":
        raise click.UsageError("-m - and --output jsonl both want standard output")
    usual = manifests.usual_name(options["algorithm"], options["format_"])
    path = os.path.join(root, usual) if name is None else name  # noqa: PTH118  # keeps ./
    with _output(output, quiet, status, color) as shown, _temporary(name == "-") as directory:
        if directory is not None:
            told = _telling_name(options["algorithm"], options["format_"])
            path = os.path.join(directory, told)  # noqa: PTH118
            options["exclude"] += _redirected_into(root)
        try:
            report, code = _create(root, path, _run_options(**options), shown, watch, status)
        except ManifestError as error:
            if directory is None or path_of(str(error)) != path:
                raise
            raise ManifestError(with_path("-", str(error))) from None
        shown.created(report, code, name == "-")
        if directory is not None and report.ok:
            put_manifest(path, options["zero"])
    return code


@cli.command()
@_ROOT
@click.option("-m", "--manifest", "name", metavar="FILE", help="The manifest to update.")
@_READ
@_THREADS
@_EXCLUDE
@_DETECT
@_VIEW
@_WATCH
def update(
    root: str, name: Optional[str], watch: str, output: str, quiet: bool, status: bool, color: str,
    **options: Any,
) -> int:  # fmt: skip
    """Make a manifest anew and print what has changed since."""
    options["format"] = options.pop("format_")
    with _output(output, quiet, status, color) as shown:
        try:
            with _bar(watch, status) as move:
                difference = manifests.update(root, name, progress=move, **options)
        except ManifestError as error:
            if error.report is None:
                raise
            shown.not_updated(error.report)
            return code_of(error.report, ())
        shown.difference(difference)
    return 0


@cli.command()
@click.argument("first", type=_PATH, metavar="A")
@click.argument("second", type=_PATH, metavar="B")
@_READ
@_VIEW
def diff(
    first: str, second: str, algorithm: str, format_: str, zero: bool, output: str, quiet: bool,
    status: bool, color: str,
) -> int:  # fmt: skip
    """Print what is in one manifest and not in the other; - is standard input."""
    descriptor = descriptor_of(first)
    if descriptor is not None and descriptor == descriptor_of(second):
        raise click.UsageError(f"{first} and {second} are one stream, which is read but once")
    with _output(output, quiet, status, color) as shown:
        difference = manifests.diff(
            source(first), source(second), algorithm=algorithm, format=format_, zero=zero
        )
        shown.difference(difference)
    return BAD if difference else 0


@cli.command("hash")
@click.argument("files", nargs=-1, required=True, type=_PATH, metavar="FILE...")
@_algorithm(default="sha256")
@click.option(
    "--format", "format_", type=click.Choice(("gnu", "bsd")), default="gnu", show_default=True,
    help="The format of the lines.",
)  # fmt: skip
@_ZERO
@_THREADS
@_OUTPUT
def hash_files(
    files: tuple[str, ...], algorithm: str, format_: str, zero: bool, threads: Optional[int],
    output: str,
) -> int:  # fmt: skip
    """Print the digest of each file, as the lines of a manifest."""
    failures = 0
    with _output(output, quiet=False, status=False, color="never") as shown:
        for file, digest in zip(files, runs.digests(files, algorithm, threads)):
            if isinstance(digest, ManifestError):
                failures += 1
                shown.error(str(digest), file)
            else:
                shown.digest(Digest(file, algorithm, digest, format_ == "bsd", zero))
    return NOTHING if failures == len(files) else BAD if failures else 0


@cli.command(context_settings={"allow_interspersed_args": False})
@click.argument("program", type=click.Choice(tuple(PROGRAMS)), metavar="PROGRAM")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def compat(program: str, arguments: tuple[str, ...]) -> int:
    """Be one of coreutils' programs, such as sha256sum or cksum."""
    from .compat.program import run

    return run(program, list(arguments))


def _create(
    root: str, manifest: str, options: RunOptions, shown: Output, watch: str, status: bool
) -> tuple[Report, int]:
    """The report on what was read, and the exit code."""
    on_result = shown.result if shown.streams else None
    try:
        with _bar(watch, status) as move:
            report = runs.create(root, manifest, options, on_result, move)
    except runs.Interrupted as interrupted:
        return _rescued(interrupted), INTERRUPTED
    return report, code_of(report, ())


def _verify(
    root: str, names: tuple[str, ...], format_: str, algorithm: str, zero: bool,
    threads: Optional[int], lenient: bool, ignore_missing: bool, require: tuple[str, ...],
    exclude: tuple[str, ...], allow_outside: bool, detect_collisions: bool, output: str,
    quiet: bool, status: bool, color: str, watch: str, audit: bool = False,
) -> int:  # fmt: skip
    """Verifies each manifest in turn; the worst exit code counts."""
    with _output(output, quiet, status, color) as shown:
        options = _run_options(
            algorithm, format_, threads, exclude,
            zero=zero, lenient=lenient, ignore_missing=ignore_missing, audit=audit,
            allow_outside=allow_outside, detect_collisions=detect_collisions,
        )  # fmt: skip
        code = _verify_each(root, names or (None,), options, shown, require, watch, status)
    return code


def _verify_each(
    root: str, names: Sequence[Optional[str]], options: RunOptions, shown: Output,
    require: Sequence[str], watch: str, status: bool,
) -> int:  # fmt: skip
    required: dict[str, str] = {manifests.plain_name(name): "not listed" for name in require}
    held = Held(shown)
    try:
        for name in names:
            report = _verify_one(root, name, options, held, watch, status)
            if report is not None and required:
                _look_up(required, report)
    except runs.Interrupted as interrupted:
        held.tell()
        shown.verified(_rescued(interrupted), (), INTERRUPTED)
        return INTERRUPTED
    held.tell_last()
    for path, found in sorted(required.items()):
        if found != Verdict.OK.name:
            shown.error(f"{path}: required, but {found}", path)
            held.codes.append(BAD)
    return max(held.codes)


def _verify_one(
    root: str, name: Optional[str], options: RunOptions, held: Held, watch: str, status: bool
) -> Optional[Report]:
    """The report on one manifest, unless it cannot be read."""
    on_result = held.result if held.shown.streams else None
    try:
        with _bar(watch, status) as move:
            manifest = ManifestSource.of(None if name is None else source(name))
            report = runs.verify(root, manifest, options, on_result, move)
    except ManifestError as error:
        held.shown.error(str(error), path_of(str(error)))
        held.codes.append(NOTHING)
        return None
    held.hold(report)
    if not options.audit:
        held.tell_last()
    return report


def _rescued(interrupted: runs.Interrupted) -> Report:
    """What was done before Ctrl-C; where that is nothing, it ends the program."""
    if interrupted.report is None:
        raise KeyboardInterrupt from None
    return interrupted.report


def _run_options(
    algorithm: str, format_: str, threads: Optional[int], exclude: Sequence[str], **flags: Any
) -> RunOptions:
    return RunOptions(
        algorithm=None if algorithm == "auto" else algorithm.encode(),
        format=None if format_ == "auto" else format_.encode(),
        threads=thread_count(threads),
        exclude=tuple(os.fsencode(glob) for glob in exclude),
        **flags,
    )


def _look_up(names: dict[str, str], report: Report) -> None:
    """Notes the verdict on each of these names; of several, one that is OK."""
    for result in report.results:
        name = manifests.plain_name(result.path)
        if names.get(name, Verdict.OK.name) != Verdict.OK.name:
            names[name] = result.verdict.name


@contextmanager
def _output(output: str, quiet: bool, status: bool, color: str) -> Iterator[Output]:
    """What the block tells its findings to; is told what ends the block, too."""
    shown: Output
    if output == "jsonl":
        shown = JSONLines(quiet=quiet, status=status)
    else:
        shown = Text(quiet=quiet, status=status, color=color)
    try:
        yield shown
    except (ChecksigError, ValueError, OverflowError) as error:
        shown.error(str(error), path_of(str(error)))
        raise click.exceptions.Exit(NOTHING) from None


def _bar(watch: str, status: bool) -> AbstractContextManager[Optional[Callable[[Progress], None]]]:
    return progress.bar(progress.is_wanted("never" if status and watch == "auto" else watch))


def _telling_name(algorithm: str, format_: str) -> str:
    """A name that tells a manifest's format and algorithm, whatever is in it."""
    names = {"sfv": "a.sfv", "record": "RECORD"}
    return names.get(format_) or manifests.usual_name(algorithm, format_)


def _redirected_into(root: str) -> tuple[str, ...]:
    """A glob of the file below a directory that standard output goes to, if it goes to one.

    It is the manifest, which does not list itself.
    """
    file, directory = Path(f"/proc/self/fd/{sys.stdout.fileno()}").resolve(), Path(root).resolve()
    if not (file.is_file() and file.is_relative_to(directory)):
        return ()
    name = str(file.relative_to(directory))
    try:
        name.encode()
    except UnicodeEncodeError:  # a glob is no other text
        raise click.UsageError(
            f'"{name}", where standard output goes, is not UTF-8; want it by -m'
        ) from None
    escaped = re.sub(r"([*?{}!,\[\]\\])", r"\\\1", name)
    return (f"./{escaped}",)


def _temporary(wanted: bool) -> AbstractContextManager[Optional[str]]:
    """A directory that is removed afterwards, where one is wanted."""
    return tempfile.TemporaryDirectory(prefix="checksig-") if wanted else nullcontext()
