"""The layer that knows the C ABI: both backends, threads, fork, shutdown, imports."""

from __future__ import annotations

import ctypes
import hashlib
import inspect
import itertools
import math
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from array import array
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Callable, Iterator, Optional

import pytest

import checksig
from checksig import Verdict, errors, verify
from checksig._native import backend, ctypes_backend, surface
from checksig._native.base import NativeCancel
from checksig._native.ctypes_backend import PROTOTYPES, CtypesBackend, CtypesReport
from checksig._native.surface import RunOptions
from checksig.cookbook import pi
from checksig.errors import ChecksigError

#: How long something that must happen may take, in seconds.
DEADLINE = 60.0

PACKAGE = Path(checksig.__file__).parent


def wait_for(condition: Callable[[], bool]) -> None:
    """Waits until a condition holds; fails when it does not in time."""
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.001)


def run(
    *arguments: str, env: Optional[Mapping[str, Optional[str]]] = None
) -> subprocess.CompletedProcess[str]:
    """Runs Python with these arguments; an environment variable of None is unset."""
    merged = {**os.environ, **(env or {})}
    return subprocess.run(
        [sys.executable, *arguments],
        env={name: value for name, value in merged.items() if value is not None},
        capture_output=True,
        text=True,
        timeout=2 * DEADLINE,
    )


def run_well(script: str, *arguments: str) -> str:
    """What a script prints that has to end well, without a word on standard error."""
    done = run("-c", script, *arguments)
    assert (done.stderr, done.returncode) == ("", 0)
    return done.stdout


def write_tree(root: Path, count: int) -> None:
    """A directory of so many files; every third is bad."""
    lines = []
    for number in range(count):
        content = b"%d\n" % number
        (root / f"{number}.log").write_bytes(content)
        stated = content if number % 3 else b"something else"
        lines.append(f"{hashlib.sha1(stated).hexdigest()}  {number}.log\n")
    (root / "sha1sum.txt").write_text("".join(lines), encoding="ascii")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Thirty files, of which ten are bad."""
    write_tree(tmp_path, 30)
    return tmp_path


# The header


def code_of(header: Path) -> str:
    """The header without comments and preprocessor lines, as one C compiler sees it."""
    text = header.read_text(encoding="utf-8")
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    text = re.sub(r"^#ifdef __cplusplus$.*?^#endif.*?$", "", text, flags=re.M | re.S)
    return re.sub(r"^#.*$|//.*$", "", text, flags=re.MULTILINE)


def count_parameters(parameters: str) -> int:
    """How many parameters a prototype has, given what is between its parentheses."""
    while "(" in parameters:
        parameters = re.sub(r"\([^()]*\)", "", parameters)
    return 0 if parameters.strip() == "void" else parameters.count(",") + 1


def functions_of(header: Path) -> dict[str, int]:
    """The number of parameters of each function, in the header's order."""
    code = re.sub(r"typedef (struct|enum) \w+ \{.*?\} \w+;", "", code_of(header), flags=re.DOTALL)
    code = re.sub(r"typedef struct \w+ \w+;", "", code)
    prototypes = [statement.strip() for statement in code.split(";") if statement.strip()]
    functions = {}
    for prototype in prototypes:
        found = re.fullmatch(r"[\w\s*]*?(\w+)\((.*)\)", prototype, flags=re.DOTALL)
        assert found, prototype
        functions[found[1]] = count_parameters(found[2])
    assert len(functions) == len(prototypes)
    return functions


def fields_of(header: Path) -> dict[str, list[str]]:
    """The names of each structure's fields, in their order."""
    structures = re.findall(
        r"typedef struct (\w+) \{(.*?)\} \w+;", code_of(header), flags=re.DOTALL
    )
    return {
        name: [field.split()[-1].lstrip("*") for field in body.split(";") if field.strip()]
        for name, body in structures
    }


def numbers_of(header: Path, prefix: str) -> dict[str, int]:
    """An enumeration's names without their prefix, and their numbers."""
    constants = re.findall(rf"^\s*{prefix}_(\w+) = (\d+),$", code_of(header), flags=re.MULTILINE)
    return {name: int(number) for name, number in constants}


def test_a_prototype_for_every_function(header: Path) -> None:
    """In the header's order, with as many parameters."""
    functions = functions_of(header)
    assert functions["checksig_version"] == 0
    assert functions["checksig_verify"] == 10
    assert functions["checksig_dns_lookup_cname"] == 6
    assert functions["checksig_cookbook_sqrts"] == 3
    declared = {name: len(parameters) for name, (_, parameters) in PROTOTYPES.items()}
    assert list(declared.items()) == list(functions.items())


STRUCTURES = {
    "checksig_result": ctypes_backend.Result,
    "checksig_progress": ctypes_backend.Progress,
    "checksig_entry": ctypes_backend.Entry,
    "checksig_extra": ctypes_backend.Extra,
    "checksig_person": ctypes_backend.Person,
    "checksig_error": ctypes_backend.Error,
    "checksig_even_result": ctypes_backend.EvenResult,
    "checksig_user_info": ctypes_backend.UserInfo,
    "GoString": ctypes_backend.GoString,
}


def test_a_structure_for_every_struct(header: Path) -> None:
    """With its fields in their order, each where a C compiler puts it."""
    cffi = pytest.importorskip("cffi")
    from checksig._native.header import declarations

    ffi = cffi.FFI()
    ffi.cdef(declarations())
    fields = fields_of(header)
    assert fields["checksig_person"] == ["first_name", "last_name", "full_name", "full_name_len"]
    assert list(STRUCTURES) == list(fields)
    for name, structure in STRUCTURES.items():
        declared = [field[0] for field in structure._fields_]
        assert declared == fields[name]
        assert ctypes.sizeof(structure) == ffi.sizeof(name)
        for field in declared:
            place = getattr(structure, field)
            assert place.offset == ffi.offsetof(name, field), (name, field)
            size = dict(ffi.typeof(name).fields)[field].type
            assert place.size == ffi.sizeof(size), (name, field)


def test_prototypes_pass_what_the_header_says() -> None:
    """Each parameter and result has the header's size, and is a float where that is one."""
    cffi = pytest.importorskip("cffi")
    from checksig._native.header import declarations
    from checksig._native.library import library_path

    ffi = cffi.FFI()
    ffi.cdef(declarations())
    lib = ffi.dlopen(str(library_path()))
    floats = {ctypes.c_double: True, ctypes.c_float: True}

    def shape(ctype: Any) -> tuple[int, bool]:
        return (ctypes.sizeof(ctype), floats.get(ctype, False)) if ctype else (0, False)

    def wanted(kind: Any) -> tuple[int, bool]:
        return (0 if kind.kind == "void" else ffi.sizeof(kind), kind.cname in ("double", "float"))

    assert len(PROTOTYPES) > 30
    for name, (result, parameters) in PROTOTYPES.items():
        function = ffi.typeof(getattr(lib, name))
        assert shape(result) == wanted(function.result), name
        assert list(map(shape, parameters)) == list(map(wanted, function.args)), name


STATUS_ERRORS: dict[str, type[ChecksigError]] = {
    "INVALID_ARGUMENT": errors.ArgumentError,
    "BUFFER_TOO_SMALL": errors.ArgumentError,
    "NO_MEMORY": errors.ArgumentError,
    "PANIC": errors.InternalError,
    "IO": errors.ManifestError,
    "MANIFEST": errors.ManifestError,
    "DNS_BAD_NAME": errors.BadName,
    "DNS_BAD_NAMESERVER": errors.BadNameserver,
    "DNS_NXDOMAIN": errors.NXDOMAIN,
    "DNS_NO_ANSWER": errors.NoAnswer,
    "DNS_SERVFAIL": errors.ServFail,
    "DNS_REFUSED": errors.Refused,
    "DNS_TIMEOUT": errors.Timeout,
    "DNS_CNAME_LOOP": errors.CNAMELoop,
    "DNS_FAILED": errors.DNSError,
    "DNS_BOGUS": errors.DNSSECBogus,
    "CANCELLED": errors.Cancelled,
}


def test_an_exception_for_every_status(header: Path) -> None:
    """By the header's numbers; a number of a later library is a bug of its own."""
    numbers = numbers_of(header, "CHECKSIG_STATUS")
    assert numbers.pop("OK") == 0
    assert list(numbers) == list(STATUS_ERRORS)
    assert {number: STATUS_ERRORS[name] for name, number in numbers.items()} == errors._BY_STATUS
    for status, error in errors._BY_STATUS.items():
        made = errors.from_status(status, b"caf\xe9")
        assert (type(made), made.status) == (error, status)
        assert os.fsencode(str(made)) == b"caf\xe9"
    unknown = errors.from_status(max(numbers.values()) + 1, b"new")
    assert type(unknown) is errors.InternalError


def test_every_verdict_has_the_header_s_number(header: Path) -> None:
    """And its name."""
    numbers = numbers_of(header, "CHECKSIG_VERDICT")
    assert len(numbers) == 8
    assert {verdict.name: verdict.value for verdict in Verdict} == numbers


def test_every_exception_has_one_base_class() -> None:
    """``except ChecksigError`` is enough."""
    for name in errors.__all__:
        assert issubclass(getattr(errors, name), ChecksigError), name
    assert len(errors.__all__) == 17


def test_every_option_has_its_function(header: Path) -> None:
    """One for each field, and the other way round."""
    prefixes = ("checksig_options_set_", "checksig_options_add_")
    options = [name for name in functions_of(header) if name.startswith(prefixes)]
    named = [re.sub(r"checksig_options_(set|add)_", "", name) for name in options]
    assert len(named) > 5
    assert sorted(named) == sorted(surface.RunOptions._fields)


# The backends


def public_methods(kind: type) -> dict[str, list[str]]:
    """The parameters of each public method, and of ``__len__``."""
    return {
        name: list(inspect.signature(member).parameters)
        for name, member in inspect.getmembers(kind, inspect.isfunction)
        if not name.startswith("_") or name == "__len__"
    }


def test_both_backends_have_the_same_surface() -> None:
    """The one that is written down, and nothing beside it."""
    pytest.importorskip("cffi")
    from checksig._native.cffi_backend import CffiBackend, CffiReport

    functions = public_methods(surface.Backend)
    assert {"verify", "lookup_cname", "sqrts", "address", "version"} < set(functions)
    run = ["self", "root", "manifest", "options", "on_result", "on_progress", "cancel"]
    assert functions["verify"] == functions["create"] == run
    assert public_methods(CtypesBackend) == functions
    assert public_methods(CffiBackend) == functions
    handles = public_methods(surface.ReportHandle)
    assert {"__len__", "close", "result"} < set(handles)
    assert public_methods(CtypesReport) == handles
    assert public_methods(CffiReport) == handles
    assert public_methods(NativeCancel) == public_methods(surface.CancelHandle) != {}
    assert (CtypesBackend.name, CffiBackend.name) == ("ctypes", "cffi")


def test_the_environment_chose_the_backend() -> None:
    """The suite runs on the one that was asked for."""
    default = "cffi" if sys.implementation.name == "pypy" else "ctypes"
    assert backend.name == (os.environ.get("CHECKSIG_BACKEND") or default)


def outcomes(of: surface.Backend, tree: Path, elsewhere: Path, nameserver: str) -> Iterator[object]:
    """What a backend makes of everything; an exception by its class, text and status."""

    def numbers(typecode: Any, *values: float) -> memoryview:
        return memoryview(array(typecode, values))

    def changed(call: Callable[..., None], view: memoryview, *more: Any) -> object:
        call(view, *more)
        return view.tolist()

    def facts(handle: surface.ReportHandle) -> object:
        counts = [handle.count(verdict) for verdict in range(-1, 10)]
        results = [handle.result(place) for place in range(len(handle))]
        flags = handle.ok(), handle.cancelled()
        return flags, handle.message(), handle.manifest(), handle.size(), counts, results

    def report(root: bytes, manifest: Optional[bytes] = None, **options: Any) -> object:
        told: list[surface.ResultTuple] = []

        def tell(result: surface.ResultTuple) -> bool:
            told.append(result)
            return False

        handle = of.verify(root, manifest, RunOptions(**options), tell)
        assert sorted(told) == sorted(handle.result(place) for place in range(len(handle)))
        return facts(handle), [handle.extra(place) for place in range(handle.extra_len())]

    def stopped(root: bytes) -> object:
        flag = of.new_cancel()
        flag.request()
        return facts(of.verify(root, None, RunOptions(), cancel=flag))

    def refused(root: bytes) -> object:
        told: list[surface.ResultTuple] = []

        def no_more(result: surface.ResultTuple) -> bool:
            told.append(result)
            return True

        options = RunOptions(threads=1)
        handle = of.verify(root, None, options, no_more)
        return len(told), told[0] in [handle.result(place) for place in range(len(handle))]

    def made(name: bytes, **options: Any) -> object:
        target = os.path.join(os.fsencode(elsewhere), name)  # noqa: PTH118  # bytes
        handle = of.create(os.fsencode(tree), target, RunOptions(**options))
        return facts(handle), read(target)

    def read(path: Optional[bytes], **options: Any) -> object:
        format_name, entries = of.read_manifest(path, RunOptions(**options), of.new_cancel())
        return format_name, list(entries)

    def hashed_file(path: bytes, algorithm: bytes, cancelled: bool = False) -> bytes:
        cancel = of.new_cancel()
        if cancelled:
            cancel.request()
        return of.hash_file(path, algorithm, cancel)

    def written(name: bytes, entries: list[surface.EntryTuple], **options: Any) -> object:
        target = os.path.join(os.fsencode(elsewhere), name)  # noqa: PTH118  # bytes
        of.write_manifest(target, entries, RunOptions(**options))
        return (elsewhere / os.fsdecode(name)).read_bytes()

    root, listed = os.fsencode(tree), os.fsencode(tree / "sha1sum.txt")
    sha1, md5 = bytes(range(20)), bytes(16)
    hashed = hashlib.sha1(b"").hexdigest().encode()
    entries = [
        surface.EntryTuple(b"caf\xe9", b"md5", md5, 7, 1),
        surface.EntryTuple(b"caf\xe9", b"sha1", sha1, 7, 1),
    ]

    def roots() -> object:
        arrays: list[array[Any]] = []

        def allocate(typecode: str, count: int) -> Any:
            arrays.append(array(typecode, bytes(array(typecode).itemsize * count)))
            return arrays[-1]

        of.sqrts(allocate, 5)
        return arrays

    calls: list[Callable[[], object]] = [
        of.version,
        of.noop,
        lambda: report(root),
        lambda: report(root, listed, threads=2, measure=True),
        lambda: report(root, b"other name", text=b"nonsense\n\n# \xff\n", lenient=True),
        lambda: report(root, b"\xff", text=b"", zero=True),
        lambda: report(root, None, audit=True, exclude=(b"1?.log", b"sha1sum.txt")),
        lambda: report(root, None, text=hashed + b"  absent", ignore_missing=True, audit=True),
        lambda: report(root, None, text=hashed + b"  /dev/null", allow_outside=True),
        lambda: report(root, listed, algorithm=b"sha1", format=b"gnu"),
        lambda: report(root, listed, algorithm=b"nonsense"),
        lambda: report(root, listed, format=b"nonsense"),
        lambda: report(root, listed, format=b"hashdeep"),
        lambda: report(root, None, exclude=(b"a[b",)),
        lambda: stopped(root),
        lambda: refused(root),
        lambda: made(b"made", algorithm=b"md5"),
        lambda: made(b"made.sfv", algorithm=b"crc32", format=b"sfv"),
        lambda: made(b"made.sfv", algorithm=b"md5", format=b"sfv"),
        lambda: written(b"hashdeep", entries, format=b"hashdeep"),
        lambda: written(b"empty", []),
        lambda: written(b"gnu", entries[:1]),
        lambda: written(b"gnu", entries),
        lambda: written(b"odd", [entries[0]._replace(algorithm=b"nonsense")]),
        lambda: read(None, text=b"nonsense\n" + hashed + b"  \xff"),
        lambda: read(b"RECORD", text=b"a,,12\n,,\n"),
        lambda: read(b"x", text=b"0,1,2", format=b"hashdeep"),
        lambda: read(None),
        lambda: read(b"no/such/file"),
        lambda: hashed_file(listed, b"sha512"),
        lambda: hashed_file(listed, b"sha512", cancelled=True),
        lambda: hashed_file(listed, b"nonsense"),
        lambda: hashed_file(root, b"md5"),
        lambda: report(b"no/such/directory"),
        lambda: report(b""),
        lambda: of.lookup_cname(b"www.golang.org", nameserver.encode(), DEADLINE),
        lambda: of.lookup_cname(b"missing.golang.org", nameserver.encode(), DEADLINE),
        lambda: of.lookup_cname(b"a\0b", nameserver.encode(), DEADLINE),
        lambda: of.lookup_cname(b"golang.org", b"nobody", DEADLINE),
        lambda: of.lookup_cname(b"golang.org", nameserver.encode(), -1),
        lambda: changed(of.normalize, numbers("d", 1, 2, 6), numbers("d", 0, 0, 0)),
        lambda: changed(of.increase, numbers("q", 1, -1), 5),
        lambda: changed(of.increase, numbers("q"), 5),
        lambda: changed(of.shuffle, numbers("d", *range(20)), 2**64 - 1),
        lambda: of.dot(numbers("d", 1, 2), numbers("d", 3, 4)),
        lambda: of.dot(numbers("d"), numbers("d")),
        lambda: of.repeat(b"ab", 3),
        lambda: of.repeat(b"", 3),
        lambda: of.repeat(b"ab", 0),
        lambda: of.join([b"a", b"", b"\xff"], b", "),
        lambda: of.join([], b", "),
        lambda: of.full_name(b"Ada", b"Lovelace"),
        lambda: of.full_name(b"", b""),
        lambda: [of.even(number) for number in (0, 1, 2**62)],
        lambda: of.even(-5),
        lambda: of.user_info("Zoë".encode()),
        lambda: of.user_info(b"\xff"),
        roots,
        lambda: of.pi(1000),
        lambda: of.address(numbers("d")),
    ]
    for call in calls:
        try:
            yield call()
        except ChecksigError as error:
            yield type(error), str(error), error.status, getattr(error, "line", None)


def test_both_backends_agree(
    library_path: Path, tree: Path, tmp_path_factory: pytest.TempPathFactory, nameserver: str
) -> None:
    """On every function, and on every failure to its last letter."""
    pytest.importorskip("cffi")
    from checksig._native.cffi_backend import CffiBackend

    elsewhere = tmp_path_factory.mktemp("elsewhere")
    through_ctypes = list(outcomes(CtypesBackend(library_path), tree, elsewhere, nameserver))
    through_cffi = list(outcomes(CffiBackend(library_path), tree, elsewhere, nameserver))
    assert through_ctypes == through_cffi
    assert through_ctypes[0] == checksig.__version__
    assert b"golang.org." in through_ctypes
    failures = [o for o in through_ctypes if isinstance(o, tuple) and isinstance(o[0], type)]
    assert len(failures) >= 18


def test_an_exception_of_an_allocator() -> None:
    """It passes through the library and arrives as the very same object."""

    class Unusual(BaseException):
        """Not even an Exception."""

    for failing in ("B", "d"):
        for error in (Unusual("mine"), MemoryError(), KeyboardInterrupt()):
            asked: list[tuple[str, int]] = []

            def allocate(
                typecode: str,
                count: int,
                failing: str = failing,
                error: BaseException = error,
                asked: list[tuple[str, int]] = asked,
            ) -> array[Any]:
                asked.append((typecode, count))
                if typecode == failing:
                    raise error
                return array(typecode, bytes(array(typecode).itemsize * count))

            with pytest.raises(type(error)) as caught:
                backend.sqrts(allocate, 5)
            assert caught.value is error
            title = ("B", len("Square roots of 1 to 5"))
            assert asked == [title] if failing == "B" else [title, ("d", 5)]
    arrays = []

    def fine(typecode: str, count: int) -> array[Any]:
        arrays.append(array(typecode, bytes(array(typecode).itemsize * count)))
        return arrays[-1]

    backend.sqrts(fine, 2)
    assert list(arrays[1]) == [1, math.sqrt(2)]


def test_an_exception_of_a_callback(tree: Path) -> None:
    """It ends the run and arrives as the very same object; the next run is like any."""

    class Unusual(BaseException):
        """Not even an Exception."""

    root = os.fsencode(tree)
    for error in (Unusual("mine"), KeyboardInterrupt(), SystemExit(3)):

        def fail(_result: surface.ResultTuple, error: BaseException = error) -> bool:
            raise error

        with pytest.raises(type(error)) as caught:
            backend.verify(root, None, RunOptions(), fail)
        assert caught.value is error
    assert len(backend.verify(root, None, RunOptions(), lambda _result: False)) == 30


def test_an_unknown_backend() -> None:
    """The error says which there are."""
    done = run("-c", "import checksig", env={"CHECKSIG_BACKEND": "nonsense"})
    assert done.returncode == 1
    error = done.stderr.strip().splitlines()[-1]
    assert error == "ImportError: CHECKSIG_BACKEND is 'nonsense', want 'ctypes' or 'cffi'"


@pytest.mark.parametrize("choice", ["ctypes", "cffi", "", None])
def test_choosing_a_backend(choice: Optional[str]) -> None:
    """An empty choice is none."""
    if choice != "ctypes":
        pytest.importorskip("cffi")
    done = run(
        "-c",
        "import checksig; print(checksig._native.backend.name)",
        env={"CHECKSIG_BACKEND": choice},
    )
    default = "cffi" if sys.implementation.name == "pypy" else "ctypes"
    assert (done.stdout, done.stderr) == (f"{choice or default}\n", "")


# The command line


def test_the_command_line(library_path: Path, header: Path) -> None:
    """One question, one line."""
    for option, answer in [
        ("--include-dir", str(header.parent)),
        ("--library", str(library_path)),
        ("--version", f"checksig {checksig.__version__}"),
    ]:
        done = run("-m", "checksig", option)
        assert (done.returncode, done.stdout, done.stderr) == (0, f"{answer}\n", "")
    assert re.fullmatch(r"\d+\.\d+\.\d+", checksig.__version__)


@pytest.mark.parametrize(
    "arguments", [["--nonsense"], ["--library", "--include-dir"], ["--library", "x"]]
)
def test_wrong_usage(arguments: list[str]) -> None:
    """Exit code 2, and one line on standard error that says where help is."""
    done = run("-m", "checksig", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(r"checksig: .*--help.*\n", done.stderr)


# Imports


def copy_package(to: Path, without: str = "") -> Path:
    """A copy of the package, perhaps without one directory; gives where to import it from."""
    ignored = shutil.ignore_patterns("__pycache__", *filter(None, [without]))
    shutil.copytree(PACKAGE, to / "checksig", ignore=ignored)
    return to


def test_without_the_library(tmp_path: Path) -> None:
    """The error names the missing file and what to do; it is an ImportError."""
    script = """if True:
        import sys
        sys.path.insert(0, sys.argv[1])
        try:
            import checksig
        except ImportError as error:
            kinds = [kind.__name__ for kind in type(error).__mro__]
            print(kinds[0], "ChecksigError" in kinds, error.status, error)
    """
    done = run("-c", script, str(copy_package(tmp_path, without="lib")))
    assert (done.returncode, done.stderr) == (0, "")
    start = f"LibraryNotFoundError True None {tmp_path.resolve()}/checksig/lib/libchecksig."
    assert done.stdout.startswith(start)
    assert "is missing: install the package" in done.stdout


def test_without_the_header(tmp_path: Path) -> None:
    """The ctypes backend needs none; who asks for it is told."""
    script = """if True:
        import sys
        sys.path.insert(0, sys.argv[1])
        import checksig
        print(checksig.cookbook.is_even(2))
        from checksig._native import library
        try:
            library.include_dir()
        except checksig.ChecksigError as error:
            print(type(error).__name__, error)
    """
    root = str(copy_package(tmp_path, without="include"))
    done = run("-c", script, root, env={"CHECKSIG_BACKEND": "ctypes"})
    assert (done.returncode, done.stderr) == (0, "")
    assert re.match(r"True\nLibraryNotFoundError .*checksig\.h is missing", done.stdout)


def test_the_standard_library_is_enough(tmp_path: Path) -> None:
    """Without site-packages, and with what might be elsewhere forbidden."""
    script = """if True:
        import sys
        forbidden = {"cffi", "numpy", "pandas", "typing_extensions", "pycparser"}

        class Forbid:
            @staticmethod
            def find_spec(name, path=None, target=None):
                if name.partition(".")[0] in forbidden:
                    raise AssertionError(f"{name} was imported")

        for name in forbidden:
            sys.modules.pop(name, None)
        sys.meta_path.insert(0, Forbid)
        sys.path.insert(0, sys.argv[1])
        import checksig
        from checksig import cli
        assert checksig.__file__.startswith(sys.argv[1]), checksig.__file__
        assert checksig._native.backend.name == "ctypes"
        report = checksig.verify(sys.argv[2])
        try:
            checksig.dns.lookup_cname("a..b")
        except checksig.dns.BadName:
            print(len(report.results), checksig.cookbook.dot([1, 2], [3, 4]))
        for name, module in list(sys.modules.items()):
            path = getattr(module, "__file__", None) or ""
            assert "site-packages" not in path and "dist-packages" not in path, name
    """
    root = tmp_path / "tree"
    root.mkdir()
    write_tree(root, 3)
    package = copy_package(tmp_path / "packages")
    done = run(
        "-I", "-S", "-c", script, str(package), str(root), env={"CHECKSIG_BACKEND": "ctypes"}
    )
    assert (done.stderr, done.stdout, done.returncode) == ("", "3 11.0\n", 0)


# Threads


def test_one_report_and_many_threads(tree: Path) -> None:
    """Some read while others close: a ValueError at the worst, never a crash."""
    uses: list[Callable[[checksig.Report], object]] = [
        lambda report: report.ok,
        lambda report: report.message,
        lambda report: report.counts,
        lambda report: list(report.failures),
        lambda report: list(report.results),
        lambda report: report.results[-1],
        lambda report: (report.bytes, report.seconds),
        repr,
    ]
    expected = [use(verify(tree)) for use in uses[:6]]
    surprises: list[object] = []
    answers = itertools.count()

    def work(report: checksig.Report, start: threading.Barrier, number: int) -> None:
        start.wait(DEADLINE)
        for place in itertools.islice(itertools.cycle(range(len(uses))), number, number + 40):
            try:
                answer = uses[place](report)
            except ValueError as error:
                if str(error) != "the report is closed":
                    surprises.append(error)
            except BaseException as error:
                surprises.append(error)
            else:
                next(answers)
                if place < len(expected) and answer != expected[place]:
                    surprises.append(answer)
        if number % 4 == 3:
            report.close()

    for _ in range(20):
        report = verify(tree)
        start = threading.Barrier(12)
        threads = [threading.Thread(target=work, args=(report, start, n)) for n in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(DEADLINE)
            assert not thread.is_alive()
        with pytest.raises(ValueError, match="closed"):
            report.ok  # noqa: B018  # reading it is the point
    assert surprises == []
    assert next(answers) > 100


def test_many_threads_verify_and_fail(tree: Path) -> None:
    """Each has its own report, and its own last error."""
    surprises: list[object] = []
    finished = itertools.count()

    def work(number: int) -> None:
        missing = f"no/such/directory/{number}"
        for _ in range(25):
            try:
                with verify(tree, threads=1 + number % 4) as report:
                    assert report.counts == {Verdict.OK: 20, Verdict.MISMATCH: 10}
                with pytest.raises(checksig.ManifestError) as caught:
                    verify(missing)
                assert str(caught.value).startswith(f'"{missing}" - ')
                with pytest.raises(errors.ArgumentError, match=f"^-{number + 1} is negative"):
                    checksig.cookbook.is_even(-number - 1)
            except BaseException as error:
                surprises.append(error)
        next(finished)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE)
    assert surprises == []
    assert next(finished) == 12


def test_the_last_error_is_of_this_thread() -> None:
    """A failure elsewhere, between a call and its error, does not change the text."""
    stop = threading.Event()
    failures = itertools.count()

    def fail() -> None:
        while not stop.is_set():
            with pytest.raises(ChecksigError):
                checksig.dns.lookup_cname("another..name")
            next(failures)

    threads = [threading.Thread(target=fail) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for number in range(500):
            with pytest.raises(checksig.dns.BadName, match=rf'^bad name "mine\.\.{number}"'):
                checksig.dns.lookup_cname(f"mine..{number}")
        wait_for(lambda: next(failures) > 50)
    finally:
        stop.set()
        for thread in threads:
            thread.join(DEADLINE)


def ticks_during(call: Callable[[], object]) -> int:
    """How many short naps this thread has had from before a call in another to its end."""
    ticks = itertools.count()
    seen: list[int] = []

    def work() -> None:
        seen.append(next(ticks))
        call()
        seen.append(next(ticks))

    thread = threading.Thread(target=work)
    thread.start()
    while thread.is_alive():
        time.sleep(0.0005)
        next(ticks)
    thread.join()
    before, after = seen
    return after - before - 1


def test_other_threads_run_meanwhile(tmp_path: Path) -> None:
    """Where a call kept them from it, there would be a nap or two, however long it takes."""
    with (tmp_path / "zeros").open("wb") as zeros:
        zeros.truncate(4 * 1024 * 1024)
    line = f"{hashlib.sha1(bytes(4 * 1024 * 1024)).hexdigest()}  zeros\n"

    def verify_again_and_again(times: int) -> None:
        (tmp_path / "sha1sum.txt").write_text(line * times, encoding="ascii")
        assert verify(tmp_path, threads=1).ok

    works: list[Callable[[int], object]] = [
        lambda size: pi(size * 1_000_000),
        verify_again_and_again,
    ]
    for work in works:
        end = time.monotonic() + DEADLINE
        size = 8
        while ticks_during(lambda work=work, size=size: work(size)) < 20:  # type: ignore[misc]
            assert time.monotonic() < end, "the others have to wait"
            size *= 2


def names_of_threads() -> list[str]:
    """The names that the system has for this process' threads."""
    tasks = Path("/proc/self/task")
    if not tasks.is_dir():
        pytest.skip("needs /proc")
    names = []
    for task in tasks.iterdir():
        try:
            names.append((task / "comm").read_text(encoding="ascii").strip())
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has just ended
    return names


def test_no_thread_is_left(tree: Path) -> None:
    """Those that a verification starts are seen while it runs, and gone with it."""

    def helpers() -> list[str]:
        return [name for name in names_of_threads() if name.startswith("checksig-")]

    assert helpers() == []
    of_python = threading.active_count()
    seen: set[str] = set()
    stop = threading.Event()

    def watch() -> None:
        while not stop.is_set():
            seen.update(helpers())

    watcher = threading.Thread(target=watch)
    watcher.start()

    def verify_until_seen() -> bool:
        verify(tree, threads=8)
        return bool(seen)

    try:
        wait_for(verify_until_seen)
    finally:
        stop.set()
        watcher.join(DEADLINE)
    report = verify(tree, threads=8)
    wait_for(lambda: helpers() == [])
    assert threading.active_count() == of_python
    assert report.counts == {Verdict.OK: 20, Verdict.MISMATCH: 10}


# Processes

FORK = """if True:
    import os
    import sys
    import threading
    import time

    import checksig
    from checksig import cookbook, dns

    root, nameserver = sys.argv[1:]

    def everything():
        report = checksig.verify(root, threads=4)
        assert repr(report) == "<Report: 20 OK, 10 MISMATCH>", report
        assert dns.lookup_cname("www.golang.org", nameservers=[nameserver]) == "golang.org."
        for wrong, call in [
            (dns.BadName, lambda: dns.lookup_cname("a..b")),
            (checksig.ManifestError, lambda: checksig.verify("no/such/directory")),
            (ValueError, lambda: cookbook.is_even(-1)),
        ]:
            try:
                call()
            except wrong:
                pass
            else:
                raise AssertionError(wrong)
        assert cookbook.user_info("Ada") == 'User "Ada" has 3 letters in their name'
        assert cookbook.join(["a", "b"], "-") == "a-b"
        assert list(cookbook.sqrts(4)[1])[3] == 2
        return report

    def forked(work):
        child = os.fork()
        if child == 0:
            code = 1
            try:
                work()
                code = 0
            except BaseException as error:
                print("in the child:", repr(error), flush=True)
            finally:
                os._exit(code)
        end = time.monotonic() + 60
        while True:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                assert status == 0, status
                return
            if time.monotonic() > end:
                os.kill(child, 9)
                raise AssertionError("the child hangs")
            time.sleep(0.01)

    report = everything()

    def inherit():
        assert len(list(report.failures)) == 10
        report.close()
        everything()
        forked(everything)

    forked(inherit)
    assert len(list(report.failures)) == 10
    everything()

    # While other threads are inside the library.
    stop = threading.Event()

    def busy():
        while not stop.is_set():
            checksig.verify(root, threads=2)
            cookbook.is_even(2)

    threads = [threading.Thread(target=busy) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(10):
            forked(everything)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    everything()
    print("done")
"""


FORK_WHILE_IMPORTING = """if True:
    import os
    import signal
    import sys
    import threading
    import time

    import checksig

    begun = threading.Event()

    class Slow:
        def find_spec(self, name, path=None, target=None):
            if name == "checksig.checksig":
                begun.set()
                time.sleep(0.2)

    sys.meta_path.insert(0, Slow())
    thread = threading.Thread(target=lambda: checksig.verify)
    thread.start()
    begun.wait()
    child = os.fork()
    if child == 0:
        signal.alarm(30)
        checksig.verify
        os._exit(0)
    _, status = os.waitpid(child, 0)
    thread.join()
    print(status)
"""


def test_fork_while_another_thread_imports() -> None:
    """The package imports its modules late: a child does not wait for a thread that it lacks."""
    done = run("-W", "ignore::DeprecationWarning", "-c", FORK_WHILE_IMPORTING)
    assert (done.stdout, done.stderr) == ("0\n", "")


def test_fork(tree: Path, nameserver: str) -> None:
    """A child can call everything after its parent has, and so can the child's child."""
    # Python's own warning is of threads, which is what this is about.
    done = run("-W", "ignore::DeprecationWarning", "-c", FORK, str(tree), nameserver)
    assert (done.stdout, done.stderr, done.returncode) == ("done\n", "", 0)


MULTIPROCESSING = """if True:
    import multiprocessing
    import sys

    import checksig
    from checksig import cookbook, dns

    def work(root):
        try:
            checksig.verify("no/such/directory")
        except checksig.ManifestError as error:
            status = error.status
        with checksig.verify(root, threads=4) as report:
            return repr(report), status, list(report.failures)[0], cookbook.dot([1, 2], [3, 4])

    def fail(name):
        dns.lookup_cname(name)

    if __name__ == "__main__":
        root, method = sys.argv[1:]
        before = work(root)
        assert before[0] == "<Report: 20 OK, 10 MISMATCH>", before
        context = multiprocessing.get_context(method)
        with context.Pool(2) as pool:
            outcomes = pool.map_async(work, [root] * 8).get(60)
            assert outcomes == [before] * 8, outcomes
            try:
                pool.apply_async(fail, ("a..b",)).get(60)
            except dns.BadName as error:
                assert error.status == 7, error.status
                print(error)
            pool.close()
            pool.join()
"""


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_multiprocessing(tmp_path: Path, method: str) -> None:
    """Results and errors come back from workers, whichever way these are started."""
    root = tmp_path / "tree"
    root.mkdir()
    write_tree(root, 30)
    script = tmp_path / "script.py"
    script.write_text(inspect.cleandoc(MULTIPROCESSING[MULTIPROCESSING.index("\n") :]))
    done = run(str(script), str(root), method)
    expected = 'bad name "a..b": an empty label\n'
    assert (done.stdout, done.stderr, done.returncode) == (expected, "", 0)


# Shutdown

LIVE_REPORTS = """if True:
    import sys
    import threading
    import checksig

    root = sys.argv[1]
    report = checksig.verify(root)
    results = checksig.verify(root).results
    failures = checksig.verify(root).failures
    next(failures)

    class Cycle:
        pass

    cycle = Cycle()
    cycle.cycle, cycle.report = cycle, checksig.verify(root)
    local = threading.local()
    local.report = checksig.verify(root)
    sys.report = checksig.verify(root)
    checksig.report = checksig.verify(root)
    try:
        checksig.check_signature(root)
    except checksig.VerificationError as caught:
        error = caught

    class Late:
        '''Uses a report when the interpreter is on its way out.'''

        def __init__(self):
            self.report = checksig.verify(root)

        def __del__(self):
            if not self.report.message.endswith("mismatch"):
                print("wrong")
            self.report.close()

    late = Late()
    print(report)
"""


def test_shutdown_with_live_reports(tree: Path) -> None:
    """Wherever they are kept, the interpreter ends well."""
    assert run_well(LIVE_REPORTS, str(tree)) == "<Report: 20 OK, 10 MISMATCH>\n"


DAEMONS = """if True:
    import sys
    import threading
    import time
    import checksig
    from checksig import cookbook, dns

    root, nameserver = sys.argv[1:]

    def bad_name():
        try:
            dns.lookup_cname("a..b")
        except dns.BadName:
            pass

    calls = [
        lambda: cookbook.pi(2**60),
        lambda: checksig.verify(root, threads=2),
        lambda: list(checksig.verify(root).failures),
        lambda: dns.lookup_cname("www.golang.org", nameservers=[nameserver]),
        lambda: cookbook.join(["a", "b"], ","),
        bad_name,
    ]
    begun = [0] * len(calls)

    def forever(place):
        while True:
            begun[place] += 1
            calls[place]()

    for place in range(len(calls)):
        threading.Thread(target=forever, args=(place,), daemon=True).start()
    end = time.monotonic() + 60
    while not (begun[0] and min(begun[1:]) > 3):
        assert time.monotonic() < end, begun
        time.sleep(0.001)
    print("leaving")
"""


def test_shutdown_with_daemon_threads_in_calls(tree: Path, nameserver: str) -> None:
    """They end with the process, wherever they are."""
    for _ in range(5):
        assert run_well(DAEMONS, str(tree), nameserver) == "leaving\n"


CALLBACKS = """if True:
    import ctypes
    import sys
    import threading
    import time

    import checksig
    from checksig import cookbook

    root = sys.argv[1]

    # The process lives on for a while without its interpreter, so that whoever calls
    # Python back then is seen.
    libc = ctypes.CDLL(None)
    libc.__cxa_atexit.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]
    libc.__cxa_atexit(ctypes.cast(libc.usleep, ctypes.c_void_p), 300_000, None)

    def iterate():
        for _result in checksig.iter_verify(root, threads=1):
            pass

    def watch():
        checksig.verify(root, threads=1, progress=lambda now: None)

    calls = [lambda: cookbook.sqrts(3)] * 4 + [iterate, watch]
    begun = [0] * len(calls)

    def forever(place):
        while True:
            begun[place] += 1
            calls[place]()

    for place in range(len(begun)):
        threading.Thread(target=forever, args=(place,), daemon=True).start()
    end = time.monotonic() + 60
    while min(begun) < 10:
        assert time.monotonic() < end, begun
        time.sleep(0.001)
    print("leaving")
"""


def test_shutdown_with_daemon_threads_in_callbacks(tree: Path) -> None:
    """Also where the library has called Python back, or is about to."""
    for _ in range(10):
        assert run_well(CALLBACKS, str(tree)) == "leaving\n"


STUCK = """if True:
    import sys
    import threading
    import time
    from checksig._native import backend
    from checksig._native.surface import RunOptions

    root = sys.argv[1].encode()
    inside = threading.Event()

    def stuck(_result):
        inside.set()
        time.sleep(3600)
        return True

    call = lambda: backend.verify(root, None, RunOptions(), on_result=stuck)
    threading.Thread(target=call, daemon=True).start()
    assert inside.wait(60)
    print("leaving")
"""


def test_shutdown_with_a_daemon_thread_stuck_in_a_callback(tree: Path) -> None:
    """Nobody waits for it for long."""
    assert run_well(STUCK, str(tree)) == "leaving\n"


LATE = """if True:
    import atexit
    import sys

    root = sys.argv[1]

    def late():
        with checksig.verify(root, progress=lambda _progress: None) as report:
            print(report)
        print(cookbook.sqrts(4)[0])

    # Handlers run in reverse order: this one after all of the package's.
    atexit.register(late)
    import checksig
    from checksig import cookbook
"""


def test_callbacks_at_shutdown(tree: Path) -> None:
    """As long as there is an interpreter, its main thread may be called back."""
    expected = "<Report: 20 OK, 10 MISMATCH>\nSquare roots of 1 to 4\n"
    assert run_well(LATE, str(tree)) == expected
