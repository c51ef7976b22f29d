"""The tutorials' sessions, as their readers type them: the bare library, no package.

Each test loads the library with plain ctypes or cffi and declares what it calls.
"""

from __future__ import annotations

import ctypes
import gc
import hashlib
import math
import os
import re
import subprocess
import sys
import timeit
from array import array
from ctypes import (
    CFUNCTYPE,
    POINTER,
    Structure,
    byref,
    c_bool,
    c_char,
    c_char_p,
    c_double,
    c_int,
    c_int64,
    c_longlong,
    c_size_t,
    c_uint64,
    c_void_p,
    create_string_buffer,
    string_at,
)
from pathlib import Path
from typing import Any, Optional

import pytest
from cffi import FFI

from conftest import need

pytestmark = pytest.mark.once

OK = 0
BUFFER_TOO_SMALL = 2
NO_MEMORY = 3

NOT_FOUND = b"Could not find CNAME"


@pytest.fixture
def so(library_path: Path) -> ctypes.CDLL:
    """The library, freshly loaded: what a test declares is gone with it."""
    return ctypes.CDLL(str(library_path))


@pytest.fixture
def good(tmp_path: Path) -> Path:
    """A directory whose two files are as its manifest says."""
    lines = []
    for name in ("one.log", "two.log"):
        content = f"content of {name}\n".encode()
        (tmp_path / name).write_bytes(content)
        lines.append(f"{hashlib.sha1(content).hexdigest()}  {name}\n")
    (tmp_path / "sha1sum.txt").write_text("".join(lines), encoding="ascii")
    return tmp_path


def taken(so: ctypes.CDLL, address: Optional[int]) -> bytes:
    """The text at an address, which is then released with C's ``free``."""
    assert address is not None
    so.free.argtypes = [c_void_p]
    so.free.restype = None
    text = string_at(address)
    so.free(address)
    return text


def last_error(so: ctypes.CDLL) -> bytes:
    """Why this thread's last failed call failed."""
    so.checksig_last_error_message.argtypes = [c_char_p, c_size_t]
    so.checksig_last_error_message.restype = c_size_t
    message = create_string_buffer(200)
    assert 0 < so.checksig_last_error_message(message, len(message)) < len(message)
    return message.value


def printed(script: str, *arguments: str) -> str:
    """What a Python script prints into a pipe."""
    command = [sys.executable, "-c", script, *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


# verify


def test_free_through_the_library_is_the_c_library_s(so: ctypes.CDLL) -> None:
    """The handle has no ``free`` of its own: it finds that of the whole process."""
    through_library = ctypes.cast(so.free, c_void_p).value
    assert through_library is not None
    assert through_library == ctypes.cast(ctypes.CDLL(None).free, c_void_p).value


def test_verify_says_nothing_of_a_good_directory(so: ctypes.CDLL, good: Path) -> None:
    """None where all is well, and a line once a file has changed."""
    so.verify.argtypes = [c_char_p]
    so.verify.restype = c_void_p
    assert so.verify(os.fsencode(good)) is None
    (good / "two.log").write_bytes(b"changed\n")
    message = taken(so, so.verify(os.fsencode(good)))
    assert message == b'"%s/two.log" - mismatch' % os.fsencode(good)


def test_verify_names_the_bad_log(so: ctypes.CDLL, logs: Path) -> None:
    """The session that the article ends with."""
    verify = so.verify
    verify.argtypes = [c_char_p]
    verify.restype = c_void_p
    free = so.free
    free.argtypes = [c_void_p]
    pointer = verify(str(logs).encode("utf-8"))
    assert pointer is not None
    message = string_at(pointer).decode("utf-8")
    free(pointer)
    assert message == f'"{logs}/httpd-08.log" - mismatch'


def test_verify_explains_why_it_checked_nothing(so: ctypes.CDLL, tmp_path: Path) -> None:
    """NULL, no such directory and no manifest: a message each, and no crash."""
    so.verify.argtypes = [c_char_p]
    so.verify.restype = c_void_p
    roots = [None, os.fsencode(tmp_path / "nowhere"), os.fsencode(tmp_path)]
    messages = [taken(so, so.verify(root)) for root in roots]
    assert b"NULL" in messages[0]
    assert os.fsencode(tmp_path / "nowhere") in messages[1]
    assert b"sha1sum.txt" in messages[2]


def test_verify_through_cffi(library_path: Path, good: Path, logs: Path) -> None:
    """The same through cffi, which releases the message with its owner."""
    ffi = FFI()
    ffi.cdef("""
        char *verify(const char *root);
        void free(void *text);
    """)
    lib: Any = ffi.dlopen(str(library_path))
    assert lib.verify(os.fsencode(good)) == ffi.NULL
    message = ffi.gc(lib.verify(os.fsencode(logs)), lib.free)
    assert ffi.string(message) == b'"%s/httpd-08.log" - mismatch' % os.fsencode(logs)
    refusal = ffi.gc(lib.verify(ffi.NULL), lib.free)
    text = ffi.string(refusal)
    assert isinstance(text, bytes)
    assert b"NULL" in text
    for owned in (message, refusal):
        ffi.release(owned)


# Go's strings, and DNS


class GoString(Structure):
    """Go's string: no NUL at its end."""

    _fields_ = [("p", c_char_p), ("n", c_longlong)]


def canonical_name(so: ctypes.CDLL, text: Optional[bytes], length: int) -> bytes:
    """What ``ReturnString`` returns, released."""
    so.ReturnString.argtypes = [GoString]
    so.ReturnString.restype = c_void_p
    return taken(so, so.ReturnString(GoString(text, length)))


@pytest.mark.usefixtures("system_nameserver")
@pytest.mark.parametrize(
    ("name", "canonical"),
    [
        (b"golang.org", b"golang.org."),
        (b"golang.org.", b"golang.org."),
        (b"www.golang.org", b"golang.org."),
        (b"deep.golang.org", b"golang.org."),
        (b"dangling.golang.org", b"nowhere.golang.org."),
    ],
)
def test_return_string_gives_the_canonical_name(
    so: ctypes.CDLL, name: bytes, canonical: bytes
) -> None:
    """A Go string goes in by value, a C string comes out."""
    assert canonical_name(so, name, len(name)) == canonical
    # The length ends a Go string, not a NUL.
    assert canonical_name(so, name + b"/index.html", len(name)) == canonical


@pytest.mark.usefixtures("system_nameserver")
@pytest.mark.parametrize(
    ("name", "length", "why"),
    [
        (b"one.loop.golang.org", 19, b"is a loop"),
        (b"unknown.golang.org", 18, b"NXDOMAIN"),
        (b"", 0, b"empty"),
        (None, 10, b"NULL"),
        (b"golang.org", -1, b"-1"),
        (b"golang.org", 2**40, b"%d" % 2**40),
    ],
)
def test_return_string_says_that_there_is_none(
    so: ctypes.CDLL, name: Optional[bytes], length: int, why: bytes
) -> None:
    """One text for every failure; the last error tells them apart."""
    assert canonical_name(so, name, length) == NOT_FOUND
    assert why in last_error(so)
    assert canonical_name(so, b"golang.org", 10) == b"golang.org."


@pytest.mark.usefixtures("system_nameserver")
def test_return_string_through_cffi(library_path: Path) -> None:
    """The same struct, by value, through cffi."""
    ffi = FFI()
    ffi.cdef("""
        typedef struct { const char *p; long long n; } GoString;
        char *ReturnString(GoString name);
        void free(void *text);
    """)
    lib: Any = ffi.dlopen(str(library_path))
    golang = ffi.new("char[]", b"golang.org")
    alias = ffi.new("char[]", b"www.golang.org")
    dangling = ffi.new("char[]", b"dangling.golang.org")
    loop = ffi.new("char[]", b"one.loop.golang.org")
    unknown = ffi.new("char[]", b"unknown.golang.org")
    for pointer, length, expected in [
        (golang, 10, b"golang.org."),
        (alias, 14, b"golang.org."),
        (dangling, 19, b"nowhere.golang.org."),
        (loop, 19, NOT_FOUND),
        (unknown, 18, NOT_FOUND),
        (ffi.NULL, 10, NOT_FOUND),
        (golang, -1, NOT_FOUND),
        (golang, 2**40, NOT_FOUND),
    ]:
        name = ffi.new("GoString *", {"p": pointer, "n": length})
        canonical = ffi.gc(lib.ReturnString(name[0]), lib.free)
        assert ffi.string(canonical) == expected


# Numbers and prints


def test_return_int(so: ctypes.CDLL) -> None:
    """Undeclared it is an ``int``, which does for small numbers."""
    assert so.ReturnInt(4) == 7
    so.ReturnInt.argtypes = [c_longlong]
    so.ReturnInt.restype = c_longlong
    assert so.ReturnInt(2**40) == 2**40 + 3
    assert so.ReturnInt(2**63 - 1) == -(2**63) + 2


def test_add(so: ctypes.CDLL) -> None:
    """Declared arguments are checked, and have 64 bits."""
    so.add.argtypes = [c_int64, c_int64]
    so.add.restype = c_int64
    assert so.add(10, 15) == 25
    assert so.add(2**40, -1) == 2**40 - 1
    assert so.add(2**63 - 1, 1) == -(2**63)
    with pytest.raises((ctypes.ArgumentError, TypeError)):
        so.add(10, "15")


def test_prints_keep_their_order_with_python_s(library_path: Path) -> None:
    """Into a pipe too, where C's ``stdout`` would hold its text back."""
    output = printed(
        """if True:
            import ctypes, sys
            so = ctypes.CDLL(sys.argv[1])
            print("first", flush=True)
            so.hello()
            print("second", flush=True)
            so.Hello()
            print("third", flush=True)
        """,
        str(library_path),
    )
    assert output.splitlines() == [
        "first",
        "Hello world!",
        "second",
        "Hello! The square root of 4 is: 2",
        "third",
    ]


# Arrays


def test_normalize_into_another_array(so: ctypes.CDLL) -> None:
    """The ``array`` module's memory, seen by C without a copy."""
    so.normalize.argtypes = [POINTER(c_double), POINTER(c_double), c_int64]
    so.normalize.restype = None
    nums = array("d", [1, 2, 3])
    nums_c = (c_double * len(nums)).from_buffer(nums)
    out = array("d", [9, 9, 9, 9])
    out_c = (c_double * len(out)).from_buffer(out)
    so.normalize(nums_c, out_c, len(nums))
    assert list(nums) == [1, 2, 3]
    assert list(out) == [-1, 0, 1, 9]


def test_normalize_and_increase_in_place(so: ctypes.CDLL) -> None:
    """Input and output may be one array."""
    so.normalize.argtypes = [POINTER(c_double), POINTER(c_double), c_int64]
    so.normalize.restype = None
    nums = array("d", [1, 2, 6])
    nums_c = (c_double * len(nums)).from_buffer(nums)
    so.normalize(nums_c, nums_c, len(nums))
    assert list(nums) == [-2, -1, 3]

    so.increase.argtypes = [POINTER(c_int64), c_int64, c_int64]
    so.increase.restype = None
    counts = array("q", [1, -1, 2**63 - 1])
    counts_c = (c_int64 * len(counts)).from_buffer(counts)
    so.increase(counts_c, len(counts), 5)
    assert list(counts) == [6, 4, -(2**63) + 4]


def test_numpy_arrays(so: ctypes.CDLL) -> None:
    """``data_as`` is numpy's own way to a C pointer."""
    np = pytest.importorskip("numpy")
    so.increase.argtypes = [POINTER(c_int64), c_int64, c_int64]
    so.increase.restype = None
    people = np.array([10, 20, 30], dtype=np.int64)
    so.increase(people.ctypes.data_as(POINTER(c_int64)), len(people), 5)
    assert people.tolist() == [15, 25, 35]

    so.normalize.argtypes = [POINTER(c_double), POINTER(c_double), c_int64]
    so.normalize.restype = None
    nums = np.array([1.0, 2.0, 6.0])
    out = np.zeros_like(nums)
    pointer, out_pointer = (a.ctypes.data_as(POINTER(c_double)) for a in (nums, out))
    so.normalize(pointer, out_pointer, len(nums))
    assert (nums.tolist(), out.tolist()) == ([1, 2, 6], [-2, -1, 3])
    so.normalize(pointer, pointer, len(nums))
    assert nums.tolist() == [-2, -1, 3]


def test_a_pandas_column(so: ctypes.CDLL) -> None:
    """A column is a numpy array below; C changes it, and no other column."""
    np = pytest.importorskip("numpy")
    pd = pytest.importorskip("pandas")
    so.increase.argtypes = [POINTER(c_int64), c_int64, c_int64]
    so.increase.restype = None
    frame = pd.DataFrame(
        {"foo": np.array([1, 2, 3], dtype=np.int64), "bar": np.array([4, 5, 6], dtype=np.int64)}
    )
    column = frame["bar"].to_numpy()
    assert column.flags.c_contiguous
    so.increase(column.ctypes.data_as(POINTER(c_int64)), len(column), 100)
    assert column.tolist() == [104, 105, 106]
    assert frame["bar"].tolist() == [104, 105, 106]
    assert frame["foo"].tolist() == [1, 2, 3]


def test_arrays_through_cffi(library_path: Path) -> None:
    """``from_buffer`` is cffi's way to a buffer's memory."""
    ffi = FFI()
    ffi.cdef("""
        void normalize(const double *nums, double *out, int64_t n);
        void increase(int64_t *nums, int64_t n, int64_t a);
    """)
    lib: Any = ffi.dlopen(str(library_path))
    nums, out = array("d", [1, 2, 6]), array("d", [0, 0, 0])
    source = ffi.from_buffer("double[]", nums)
    target = ffi.from_buffer("double[]", out, require_writable=True)
    lib.normalize(source, target, len(source))
    assert (list(nums), list(out)) == ([1, 2, 6], [-2, -1, 3])
    lib.normalize(source, source, len(source))
    assert list(nums) == [-2, -1, 3]

    counts = array("q", [1, 2, 3])
    lib.increase(ffi.from_buffer("int64_t[]", counts, require_writable=True), len(counts), -1)
    assert list(counts) == [0, 1, 2]


# Strings


def test_repeat_into_one_buffer(so: ctypes.CDLL) -> None:
    """One buffer for many calls; what does not fit is None, not an overflow."""
    so.repeat.argtypes = [c_char_p, c_int64, c_char_p, c_int64]
    so.repeat.restype = c_char_p
    # The library is told of 25 bytes; the rest shows whether it keeps to them.
    size = 25
    buffer = create_string_buffer(b"." * 40)
    assert so.repeat(b"Badger", 4, buffer, size) == b"BadgerBadgerBadgerBadger"
    assert so.repeat(b"Snake", 3, buffer, size) == b"SnakeSnakeSnake"
    assert so.repeat(b"Snake", 0, buffer, size) == b""
    assert so.repeat(b"Snake", 5, buffer, size) is None
    assert buffer.value == b""
    assert so.repeat(b"Snake", -1, buffer, size) is None
    assert so.repeat(b"Snake", 2**62, buffer, size) is None
    assert so.repeat(None, 1, buffer, size) is None
    assert buffer.raw[size:] == b"." * 15 + b"\0"


def test_join_an_array_of_strings(so: ctypes.CDLL) -> None:
    """A NULL ends the array: one place more than there are strings."""
    so.checksig_cookbook_join.argtypes = [POINTER(c_char_p), c_char_p]
    so.checksig_cookbook_join.restype = c_void_p
    animals = [b"Badger", b"Gopher", "Ñandú".encode()]
    strs = (c_char_p * (len(animals) + 1))(*animals)
    joined = taken(so, so.checksig_cookbook_join(strs, b", "))
    assert joined.decode() == "Badger, Gopher, Ñandú"
    strs[1] = None
    assert taken(so, so.checksig_cookbook_join(strs, b", ")) == b"Badger"
    strs[0] = None
    assert taken(so, so.checksig_cookbook_join(strs, b", ")) == b""
    assert so.checksig_cookbook_join(None, b", ") is None
    assert so.checksig_cookbook_join(strs, None) is None


# Structs


class Person(Structure):
    """Two names, and room for the two together."""

    _fields_ = [
        ("first_name", c_char_p),
        ("last_name", c_char_p),
        ("full_name", POINTER(c_char)),
        ("full_name_len", c_int64),
    ]


def test_full_name_fills_a_struct(so: ctypes.CDLL) -> None:
    """The struct stays Python's; C writes where one of its fields points."""
    so.checksig_cookbook_full_name.argtypes = [POINTER(Person)]
    so.checksig_cookbook_full_name.restype = c_int
    buffer = create_string_buffer(13)
    person = Person(b"Ada", b"Lovelace", buffer, len(buffer))
    assert so.checksig_cookbook_full_name(byref(person)) == OK
    assert buffer.value == b"Ada Lovelace"
    person.first_name = b"Augusta Ada"
    assert so.checksig_cookbook_full_name(byref(person)) == BUFFER_TOO_SMALL
    assert buffer.value == b""
    person.last_name = b"K"
    person.first_name = b"Ada"
    assert so.checksig_cookbook_full_name(byref(person)) == OK
    assert buffer.value == b"Ada K"


class Error(Structure):
    """An error's text, or NULL."""

    _fields_ = [("err", c_void_p)]


class EvenResult(Structure):
    """A result and an error."""

    _fields_ = [("result", c_bool), ("err", Error)]


def test_even_returns_a_result_and_an_error(so: ctypes.CDLL) -> None:
    """A struct in a struct comes back by value, and its inner one goes in again."""
    so.checksig_cookbook_even.argtypes = [c_int64]
    so.checksig_cookbook_even.restype = EvenResult
    so.checksig_error_free.argtypes = [Error]
    so.checksig_error_free.restype = None

    def even(n: int) -> bool:
        answer = so.checksig_cookbook_even(n)
        try:
            if answer.err.err is not None:
                raise ValueError(string_at(answer.err.err).decode())
            return bool(answer.result)
        finally:
            so.checksig_error_free(answer.err)

    assert [even(n) for n in (0, 1, 2, 2**40 + 1)] == [True, False, True, False]
    with pytest.raises(ValueError, match=r"^-5 is negative, want at least 0$"):
        even(-5)


class UserInfo(Structure):
    """A sentence that the library allocated."""

    _fields_ = [("info", c_char_p)]


def test_user_info_is_released_by_its_own_function(so: ctypes.CDLL) -> None:
    """Letters, not bytes, are counted; a failure has no info and needs no release."""
    so.checksig_cookbook_user_info.argtypes = [c_char_p]
    so.checksig_cookbook_user_info.restype = UserInfo
    so.checksig_user_info_free.argtypes = [UserInfo]
    so.checksig_user_info_free.restype = None
    for name, letters in [("Alice", 5), ("Zoë", 3), ("", 0)]:
        user = so.checksig_cookbook_user_info(name.encode())
        assert user.info.decode() == f'User "{name}" has {letters} letters in their name'
        so.checksig_user_info_free(user)
    for wrong in (b"\xff", None):
        user = so.checksig_cookbook_user_info(wrong)
        assert user.info is None
        so.checksig_user_info_free(user)


def test_user_info_that_releases_itself(so: ctypes.CDLL) -> None:
    """A struct of C's becomes an object of Python's, with a ``__del__``."""
    released = []

    class OwnedUserInfo(Structure):
        """A sentence that goes with its object."""

        _fields_ = [("info", c_char_p)]

        def __del__(self) -> None:
            released.append(self.info)
            so.checksig_user_info_free(self)

    so.checksig_cookbook_user_info.argtypes = [c_char_p]
    so.checksig_cookbook_user_info.restype = OwnedUserInfo
    so.checksig_user_info_free.argtypes = [OwnedUserInfo]
    so.checksig_user_info_free.restype = None
    user = so.checksig_cookbook_user_info(b"Bob")
    expected = b'User "Bob" has 3 letters in their name'
    assert user.info == expected
    gc.collect()
    assert released == []
    del user
    # PyPy runs finalizers some time after the collection that finds them.
    for _ in range(3):
        gc.collect()
    assert released == [expected]


# Callbacks

AllocatorFunction = CFUNCTYPE(c_void_p, c_char_p, c_int64, c_void_p)


def new_array(typecode: bytes, count: int) -> array[float]:
    """An array of zeros, as the library asks for it."""
    empty: array[float] = array(typecode.decode())
    return array(typecode.decode(), bytes(empty.itemsize * count))


def test_sqrts_asks_for_arrays(so: ctypes.CDLL) -> None:
    """The library asks, Python allocates and keeps, the library fills."""
    kept: list[array[float]] = []
    users: list[Optional[int]] = []

    def allocate(typecode: bytes, count: int, user: Optional[int]) -> int:
        users.append(user)
        kept.append(new_array(typecode, count))
        return kept[-1].buffer_info()[0]

    so.checksig_cookbook_sqrts.argtypes = [AllocatorFunction, c_void_p, c_int64]
    so.checksig_cookbook_sqrts.restype = c_int
    assert so.checksig_cookbook_sqrts(AllocatorFunction(allocate), 42, 5) == OK
    title, roots = kept
    assert (title.typecode, roots.typecode) == ("B", "d")
    assert title.tobytes().decode() == "Square roots of 1 to 5"
    assert list(roots) == [math.sqrt(number) for number in range(1, 6)]
    assert users == [42, 42]


def test_sqrts_without_memory(so: ctypes.CDLL) -> None:
    """None from the allocator is NULL in C, and ends the call."""
    asked: list[bytes] = []
    kept: list[array[float]] = []

    def refuse(typecode: bytes, count: int, user: Optional[int]) -> None:
        asked.append(typecode)

    def only_the_title(typecode: bytes, count: int, user: Optional[int]) -> Optional[int]:
        asked.append(typecode)
        if typecode != b"B":
            return None
        kept.append(new_array(typecode, count))
        return kept[-1].buffer_info()[0]

    so.checksig_cookbook_sqrts.argtypes = [AllocatorFunction, c_void_p, c_int64]
    so.checksig_cookbook_sqrts.restype = c_int
    assert so.checksig_cookbook_sqrts(AllocatorFunction(refuse), None, 5) == NO_MEMORY
    assert asked == [b"B"]
    assert so.checksig_cookbook_sqrts(AllocatorFunction(only_the_title), None, 5) == NO_MEMORY
    assert asked == [b"B", b"B", b"d"]
    assert [title.tobytes() for title in kept] == [b"Square roots of 1 to 5"]


# Benchmarks


def test_noop(so: ctypes.CDLL) -> None:
    """What the benchmarks time to learn the cost of a call."""
    noop = so.checksig_cookbook_noop
    noop.argtypes = []
    noop.restype = None
    assert noop() is None
    assert timeit.timeit(noop, number=1000) > 0


def test_pi(so: ctypes.CDLL) -> None:
    """The series gains a digit with ten times the terms."""
    so.checksig_cookbook_pi.argtypes = [c_int64]
    so.checksig_cookbook_pi.restype = c_double
    assert [so.checksig_cookbook_pi(n) for n in (-1, 0, 1)] == [0, 0, 4]
    for terms in (10, 1000, 1_000_000):
        assert 0.9 / terms < abs(so.checksig_cookbook_pi(terms) - math.pi) < 1.1 / terms


def test_shuffle(so: ctypes.CDLL) -> None:
    """All numbers remain, in an order that is the seed's."""
    so.checksig_cookbook_shuffle.argtypes = [POINTER(c_double), c_int64, c_uint64]
    so.checksig_cookbook_shuffle.restype = None

    def shuffled(seed: int) -> list[float]:
        nums = array("d", range(100))
        so.checksig_cookbook_shuffle((c_double * 100).from_buffer(nums), 100, seed)
        return list(nums)

    orders = [shuffled(seed) for seed in (1, 2, 2**64 - 1)]
    for order in orders:
        assert sorted(order) == list(range(100))
        assert order != list(range(100))
        assert orders.count(order) == 1
    assert shuffled(1) == orders[0]


def test_dot(so: ctypes.CDLL) -> None:
    """Made with the constructor or from a buffer, C sees the same array."""
    so.checksig_cookbook_dot.argtypes = [POINTER(c_double), POINTER(c_double), c_int64]
    so.checksig_cookbook_dot.restype = c_double
    constructed = (c_double * 3)(1, 2, 3)
    nums = array("d", [4, 5, 6])
    viewed = (c_double * 3).from_buffer(nums)
    assert so.checksig_cookbook_dot(constructed, viewed, 3) == 32
    assert so.checksig_cookbook_dot(viewed, viewed, 2) == 41
    assert so.checksig_cookbook_dot(None, None, 0) == 0
    assert math.isnan(so.checksig_cookbook_dot(constructed, None, 3))


# Symbols, and a compiled extension


def functions_of(header_text: str) -> list[str]:
    """The names of a header's functions, in its order."""
    code = re.sub(r"/\*.*?\*/|//[^\n]*", "", header_text, flags=re.DOTALL)
    # A prototype starts at the left margin, and its name is before the first parenthesis.
    names = re.findall(r"^\w[^\n#;{(]*?(\w+)\(", code, flags=re.MULTILINE)
    assert len(names) == code.count(");"), "a prototype was overlooked"
    return names


def test_the_library_exports_exactly_the_header_s_functions(
    library_path: Path, header: Path
) -> None:
    """What ``nm`` lists, and a linker finds."""
    functions = functions_of(header.read_text(encoding="utf-8"))
    assert {"verify", "ReturnString", "checksig_verify", "checksig_cookbook_sqrts"} <= set(
        functions
    )
    assert len(functions) == len(set(functions))
    listing = subprocess.run(
        [need("nm"), "-gD", "--defined-only", str(library_path)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout
    assert sorted(line.split()[-1] for line in listing.splitlines()) == sorted(functions)


def test_a_compiled_cffi_extension(tmp_path: Path) -> None:
    """API mode: the compiler reads the header, and the extension finds the library."""
    need("cc", "gcc", "clang")
    from checksig.cffi_builder import build

    built = build(tmp_path)
    assert built.parent == tmp_path
    assert built.name.startswith("_checksig_cffi")
    output = printed(
        """if True:
            import sys
            sys.path.insert(0, sys.argv[1])
            from _checksig_cffi import lib
            lib.Hello()
            print(lib.add(1, 2))
        """,
        str(tmp_path),
    )
    assert output.splitlines() == ["Hello! The square root of 4 is: 2", "3"]
