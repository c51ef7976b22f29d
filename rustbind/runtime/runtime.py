"""What every generated package shares: the library, handles, codecs, exceptions.

Numbers and addresses are passed as such. Everything else crosses as one run of
bytes, which codecs write and read: numbers in the machine's order, lengths as
``u64`` before what they count, one byte before an option, handles as addresses.
"""

from __future__ import annotations

import array
import atexit
import collections.abc
import datetime
import functools
import ipaddress
import itertools
import operator
import os
import pathlib
import platform
import struct
import sys
import types
from typing import Any, Callable, Dict, Iterable, Iterator, Mapping, NoReturn, Tuple, Type

from ._config import LIBRARY, PREFIX

#: How many bytes of a result fit into a buffer; the library has the same number.
ROOM = 4096
#: Stands for a failure, or, rarely, for itself.
FAILED = -0x5EA7_1E55_0BAD_CA11
FAILED_UNSIGNED = FAILED % 2**64

_PATH = str(pathlib.Path(__file__).with_name(LIBRARY))
PYPY = platform.python_implementation() == "PyPy"

if PYPY:
    # What cffi's ABI mode rests on: prototypes are put together, not parsed.
    import _cffi_backend as _cffi
    from __pypy__ import add_memory_pressure as _add_memory_pressure
    from __pypy__.bufferable import bufferable as _bufferable

    #: Roughly what a handle and its value take.
    _PRESSURE = 400

    _library = _cffi.load_library(_PATH, 0)
    _char_pointer = _cffi.new_pointer_type(_cffi.new_primitive_type("char"))
    _chars = _cffi.new_array_type(_char_pointer, None)
    _void_pointer = _cffi.new_pointer_type(_cffi.new_void_type())
    _NAMES = {
        "b": "int8_t",
        "B": "uint8_t",
        "h": "int16_t",
        "H": "uint16_t",
        "i": "int32_t",
        "I": "uint32_t",
        "q": "int64_t",
        "Q": "uint64_t",
        "f": "float",
        "d": "double",
        "p": "uintptr_t",
    }
    _TYPES = {code: _cffi.new_primitive_type(name) for code, name in _NAMES.items()}
    _TYPES.update(s=_char_pointer, o=_char_pointer, v=_cffi.new_void_type())
    _TRAMPOLINE = _cffi.new_function_type(
        (_TYPES["Q"], _char_pointer, _TYPES["Q"], _void_pointer), _TYPES["Q"], False
    )

    #: What the conversion of a number raises.
    BAD = (OverflowError, TypeError, AttributeError, ValueError)

    def packer(numbers: str) -> Callable[..., Any]:
        """Gives the function that puts numbers together for a call."""
        return lambda *values: values

    def bind(name: str, numbers: str, pointers: str, result: str) -> Callable[..., Any]:
        """Gives the library's function of this name."""
        parameters = tuple(_TYPES[each] for each in numbers + pointers)
        kind = _cffi.new_function_type(parameters, _TYPES[result], False)
        function = _library.load_function(kind, name)
        if not numbers:
            return function

        count = len(numbers)

        def call(values: Tuple[Any, ...], *others: Any) -> Any:
            # Beside the numbers there may be addresses, which only the others want.
            return function(*values[:count], *others)

        return call

    def address(pointer: int) -> Any:
        """Gives what a call takes for a handle, and tells the collector that it has memory."""
        _add_memory_pressure(_PRESSURE)
        return pointer

    #: A handle's address as a codec writes it.
    written_address = struct.Struct("=Q").pack

    def _new_out() -> Any:
        buffer = _cffi.newp(_chars, ROOM)
        return buffer, _cffi.buffer(buffer)

    def _memory(pointer: int, count: int) -> Any:
        return _cffi.buffer(_cffi.cast(_char_pointer, pointer), count)

    def _pinned(pointer: int, count: int, pin: Any) -> memoryview:
        """Gives a view of memory that lives as long as the pin."""
        memory = _cffi.gcp(_cffi.cast(_char_pointer, pointer), lambda _, pin=pin: None)
        return memoryview(_cffi.buffer(memory, count))

    def lend(view: memoryview) -> Any:
        """Gives what a call takes for a buffer's memory."""
        return _cffi.from_buffer(_chars, view)

    def _trampoline(function: Callable[..., int]) -> Any:
        def call(number: int, pointer: Any, count: int, reply: Any) -> int:
            data = _cffi.buffer(pointer, count)[:] if pointer else None
            return function(number, data, int(_cffi.cast(_TYPES["p"], reply)))

        made = _cffi.callback(_TRAMPOLINE, call, 0, None)
        return made, int(_cffi.cast(_TYPES["p"], made))

else:
    import ctypes

    _library = ctypes.CDLL(_PATH)
    #: A buffer of any length: it is passed by its address.
    _Memory = ctypes.c_char * 0
    _RESULTS = {
        "q": ctypes.c_int64,
        "Q": ctypes.c_uint64,
        "d": ctypes.c_double,
        "i": ctypes.c_int32,
        "p": ctypes.c_void_p,
        "v": None,
    }

    #: What the conversion of a number raises.
    BAD = (struct.error, OverflowError, TypeError, AttributeError, ValueError)

    def packer(numbers: str) -> Callable[..., Any]:
        """Gives the function that puts numbers together for a call."""
        return struct.Struct("=" + numbers).pack

    def bind(name: str, numbers: str, pointers: str, result: str) -> Callable[..., Any]:
        """Gives the library's function of this name."""
        function: Any = _library[name + "__packed"]
        function.restype = _RESULTS[result]
        return function  # type: ignore[no-any-return]

    #: Gives what a call takes for a handle: the address behind a pointer.
    address = struct.Struct("=Q").pack

    #: A handle's address as a codec writes it: as it is.
    written_address = bytes

    def _new_out() -> Any:
        # Like a handle's, its address is behind a pointer: bytes are the quickest to convert.
        memory = (ctypes.c_char * ROOM)()
        return address(ctypes.addressof(memory)), memory

    # An array of ctypes would need a class for each length.
    _view_of_memory: Any = ctypes.pythonapi["PyMemoryView_FromMemory"]
    _view_of_memory.restype = ctypes.py_object
    _view_of_memory.argtypes = (ctypes.c_void_p, ctypes.c_ssize_t, ctypes.c_int)
    #: The flag for memory that is only read.
    _READ = 0x100

    def _memory(pointer: int, count: int) -> Any:
        return _view_of_memory(pointer, count, _READ)

    def _pinned(pointer: int, count: int, pin: Any) -> memoryview:
        """Gives a view of memory that lives as long as the pin."""
        memory = (ctypes.c_char * count).from_address(pointer)
        memory.pin = pin
        return memoryview(memory).cast("B")

    #: Gives what a call takes for a buffer's memory.
    lend = _Memory.from_buffer

    @functools.lru_cache(maxsize=64)
    def _moved_class(code: str, count: int) -> Any:
        """Gives the class of so many numbers: ``ctypes`` has the length in the class."""
        number: Any = ctypes.c_float if code == "f" else ctypes.c_double
        if code not in "fd":
            sign, bits = "" if code.islower() else "u", 8 * struct.calcsize("=" + code)
            number = getattr(ctypes, f"c_{sign}int{bits}")
        found: Any = {"_type_": number, "_length_": count, "typecode": code}
        found.update(itemsize=ctypes.sizeof(number), __slots__=("__weakref__", "_owner"))
        return type(ctypes.Array)("Moved", (Moved, ctypes.Array), found)  # type: ignore[misc]

    def moved(pointer: int, size: int, code: str, owner: Pin) -> Any:
        """Gives the numbers in so many bytes of an owner's memory."""
        made = _moved_class(code, size // struct.calcsize("=" + code)).from_address(pointer)
        made._owner = owner
        return made

    def _trampoline(function: Callable[..., int]) -> Any:
        kind = ctypes.CFUNCTYPE(
            ctypes.c_uint64, ctypes.c_uint64, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p
        )

        def call(number: int, pointer: int, count: int, reply: int) -> int:
            return function(number, ctypes.string_at(pointer, count) if pointer else None, reply)

        made = kind(call)
        return made, ctypes.cast(made, ctypes.c_void_p).value


_start = bind(PREFIX + "_rt_start", "Q", "", "v")
_fault = bind(PREFIX + "_rt_fault", "", "o", "q")
_free_bytes = bind(PREFIX + "_rt_free_bytes", "QQ", "", "v")
_reply = bind(PREFIX + "_rt_reply", "QQ", "s", "v")
_holds = bind(PREFIX + "_rt_holds", "Q", "", "i")
_live = bind(PREFIX + "_rt_live", "", "", "q")
free = bind(PREFIX + "_rt_free", "", "p", "i")
_list_count = bind(PREFIX + "_rt_list_count", "", "p", "q")
_list_read = bind(PREFIX + "_rt_list_read", "QQ", "po", "q")
_list_splice = bind(PREFIX + "_rt_list_splice", "QQQ", "ps", "i")
_list_item = bind(PREFIX + "_rt_list_item", "Q", "p", "p")
_list_remove = bind(PREFIX + "_rt_list_remove", "Q", "p", "p")
_list_view = bind(PREFIX + "_rt_list_view", "", "po", "q")
_table_read = bind(PREFIX + "_rt_table_read", "Q", "po", "q")
_table_find = bind(PREFIX + "_rt_table_find", "Q", "pso", "q")
_table_put = bind(PREFIX + "_rt_table_put", "Q", "ps", "i")
_table_remove = bind(PREFIX + "_rt_table_remove", "Q", "ps", "q")
_table_clear = bind(PREFIX + "_rt_table_clear", "", "p", "i")
_table_item = bind(PREFIX + "_rt_table_item", "Q", "ps", "p")
_table_take = bind(PREFIX + "_rt_table_take", "Q", "ps", "p")
_call = bind(PREFIX + "_rt_call", "Q", "pso", "q")
_send = bind(PREFIX + "_rt_send", "Q", "ps", "i")
_three = packer("QQQ")
_two = packer("QQ")
_one = packer("Q")


# Exceptions


class RustError(Exception):
    """An error from the bound crate; its classes' base class."""

    #: The texts of the errors that caused it, the nearest first.
    causes: Tuple[str, ...] = ()


class RustPanic(RustError):
    """Rust panicked: a bug in the crate, or a condition that it documents."""


class HandleError(RustError, ValueError):
    """The object's value was closed, or handed over to Rust."""


class BorrowError(RustError, RuntimeError):
    """Two uses of an object that exclude each other, such as a change while it is read."""


class ThreadError(RustError, RuntimeError):
    """The object belongs to another thread."""


class ForkError(RustError, RuntimeError):
    """The object belongs to the process that forked this one."""


_KINDS: Dict[int, Type[Exception]] = {
    1: HandleError,
    2: TypeError,
    3: BorrowError,
    4: ThreadError,
    5: ForkError,
    6: ValueError,
    9: RustPanic,
    11: IndexError,
    12: BufferError,
    13: BrokenPipeError,
    14: KeyError,
}
_errors: Dict[str, Any] = {}
_foreign: Dict[str, Type[RustError]] = {}
_raised: Dict[int, BaseException] = {}


def _foreign_error(name: str) -> Type[RustError]:
    last = name.rpartition("::")[2]
    if not last.isidentifier() or last in ("String", "str"):
        return RustError
    made = type(last, (RustError,), {"__doc__": f"``{name}``", "__module__": RustError.__module__})
    return _foreign.setdefault(name, made)


def pending() -> Any:
    """Gives the exception for what the last call of this thread met, or ``None``."""
    out = take()
    data = result_bytes(_fault(out[0]), out)
    if not data:
        return None
    kind, number, handle = struct.unpack_from("=IqQ", data)
    name, at = STR.read(data, 20)
    message, at = STR.read(data, at)
    causes, at = _texts.read(data, at)
    if kind == 8:
        return _raised.pop(number)
    if kind == 10:
        error: Any = OSError(number, message) if number else OSError(message)
    elif kind == 7 and handle:
        error = wrap(_errors[name], handle)
        error.args = (message,)
    elif kind == 7:
        error = _errors.get(name) or _foreign_error(name)
        error = error(message)
    else:
        error = _KINDS[kind](message)
    if isinstance(error, RustError):
        error.causes = tuple(causes)
    return error


def fail() -> NoReturn:
    """Raises what the last call of this thread met."""
    raise pending()


def check() -> None:
    """Raises if the last call of this thread failed: its result may be a failure's mark."""
    error = pending()
    if error is not None:
        raise error


def explain(error: Exception, parameters: Any, values: Tuple[Any, ...]) -> Exception:
    """Finds the argument that could not be converted, and says what is wrong with it."""
    for (name, codec), value in zip(parameters, values):
        try:
            codec.write(value, Trial())
        except AttributeError:
            return ValueError(f"argument {name!r} was never made: its class did not call __init__")
        except (TypeError, ValueError, OverflowError) as cause:
            kind = type(cause) if not isinstance(cause, UnicodeError) else ValueError
            return kind(f"argument {name!r}: {cause}")
    return error


# Results

#: Buffers for results that no call has at the moment.
POOL: list[Any] = [_new_out() for _ in range(8)]


def take() -> Any:
    """Gives a buffer for a result; what reads the result gives it back."""
    try:
        return POOL.pop()
    except IndexError:
        return _new_out()


def _elsewhere(count: int, out: Any) -> bytes:
    pointer, length = struct.unpack_from("=QQ", out[1][:16])
    POOL.append(out)
    if count != -1:
        fail()
    try:
        return bytes(_memory(pointer, length))
    finally:
        _free_bytes(_two(pointer, length))


def result_bytes(count: int, out: Any) -> bytes:
    """Reads a result in bytes."""
    if count < 0:
        return _elsewhere(count, out)
    data = out[1][:count]
    POOL.append(out)
    return data  # type: ignore[no-any-return]


def result_text(count: int, out: Any) -> str:
    """Reads a text."""
    if count < 0:
        return str(_elsewhere(count, out), "utf-8")
    text = out[1][:count].decode()
    POOL.append(out)
    return text  # type: ignore[no-any-return]


def result(count: int, out: Any, codec: Any) -> Any:
    """Reads any other result."""
    return codec.read(result_bytes(count, out), 0)[0]


#: From how many bytes on numbers stay where Rust has made them. A class for a new length takes
#: 10 µs; to copy this much takes 4 where the memory was in use before, and 30 where it was not.
MOVED_FROM = 0x20000
#: In the place of a count: numbers that did not fit into the buffer, and no numbers.
_OWNED, _NOTHING = -3, -4


def result_numbers(count: int, out: Any, code: str) -> Any:
    """Reads numbers, if there are any: a copy of a few, many in the memory that they are in."""
    if count >= 0:
        numbers = Array(code)
        numbers.frombytes(out[1][:count])
        POOL.append(out)
        return numbers
    pointer, size, handle = struct.unpack_from("=QQQ", out[1][:24])
    POOL.append(out)
    if count == _NOTHING:
        return None
    if count != _OWNED:
        fail()
    owner = Pin(handle)
    return (_copied if size < MOVED_FROM else moved)(pointer, size, code, owner)


def _copied(pointer: int, size: int, code: str, owner: Pin) -> Array:
    """Gives a copy of numbers, and the memory back to Rust now."""
    numbers = Array(code)
    try:
        numbers.frombytes(_memory(pointer, size))
    finally:
        owner.close()
    return numbers


class Vector:
    """Numbers that Rust has returned: a buffer that equals lists and tuples, too.

    Many are in the memory that Rust has made them in, which does not grow; a slice does.
    """

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]
    __class_getitem__: Any = classmethod(types.GenericAlias)

    def view(self: Any) -> memoryview:
        """Gives the numbers' memory."""
        return memoryview(self)

    def _items(self: Any, values: Any) -> Any:
        """Gives numbers of this type."""
        values = values[:] if isinstance(values, Moved) else values
        if isinstance(values, array.array) and values.typecode == self.typecode:
            return values
        return array.array(self.typecode, list(values))


class Array(Vector, array.array):  # type: ignore[type-arg]
    """A :class:`Vector` that is an :class:`array.array`, and grows."""

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        if isinstance(other, (list, tuple)):
            return self.tolist() == list(other)
        return array.array.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __getitem__(self, index: Any) -> Any:
        value = array.array.__getitem__(self, index)
        return value if not isinstance(value, array.array) else Array(self.typecode, value)

    def __setitem__(self, index: Any, value: Any) -> None:
        value = self._items(value) if isinstance(index, slice) else value
        array.array.__setitem__(self, index, value)

    def __iadd__(self, other: Any) -> Any:
        self.extend(other[:] if isinstance(other, Moved) else other)
        return self

    def __add__(self, other: Any) -> Any:
        made = Array(self.typecode, self)
        made += other
        return made


def _by_copy(name: str) -> Callable[..., Any]:
    """Gives a method that only reads, and does so from a copy."""

    def method(self: Any, *values: Any) -> Any:
        values = tuple(each[:] if isinstance(each, Moved) else each for each in values)
        return getattr(self[:], name)(*values)

    method.__name__ = name
    return method


class Moved(Vector):
    """A :class:`Vector` in the memory that Rust has made it in, which is freed after it.

    With CPython its classes, one for each length, are arrays of ``ctypes``: before Python 3.12
    a class written in Python is no buffer of its own.
    """

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]
    typecode: str
    itemsize: int

    def view(self: Any) -> memoryview:
        # What ctypes calls the format is not what `memoryview` reads numbers of.
        return memoryview(self).cast("B").cast(self.typecode)

    def __buffer__(self, flags: int) -> memoryview:
        found = super().__buffer__(flags)  # type: ignore[misc]
        return found.cast("B").cast(self.typecode)  # type: ignore[no-any-return]

    def __getitem__(self: Any, index: Any) -> Any:
        if not isinstance(index, slice):
            return super().__getitem__(index)  # type: ignore[misc]
        start, stop, step = index.indices(len(self))
        if step != 1:
            return self[:][index]
        numbers = Array(self.typecode)
        if start < stop:
            numbers.frombytes(self._part(start * self.itemsize, stop * self.itemsize))
        return numbers

    def __setitem__(self, index: Any, value: Any) -> None:
        if not isinstance(index, slice):
            # ctypes would take what is too large, and cut it off.
            (number,) = array.array(self.typecode, (value,))
            super().__setitem__(index, number)  # type: ignore[misc]
            return
        items, place = self._items(value), self.view()[index]
        if len(items) != len(place):
            self._refuse()
        place[:] = items

    def _part(self: Any, start: int, stop: int) -> memoryview:
        return memoryview(self).cast("B")[start:stop]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.view())

    def __copy__(self) -> Any:
        return self[:]

    def __deepcopy__(self, _: object) -> Any:
        return self[:]

    def __contains__(self, value: object) -> bool:
        return value in self.view()

    def tolist(self) -> Any:
        """Gives the numbers as a list."""
        return self.view().tolist()

    def tobytes(self) -> bytes:
        """Gives the memory as bytes."""
        return self.view().tobytes()

    def tofile(self, file: Any) -> None:
        """Writes the memory to a binary file."""
        file.write(self)

    def buffer_info(self: Any) -> Tuple[int, int]:
        """Gives the memory's address, and how many numbers there are."""
        return ctypes.addressof(self), len(self)

    def reverse(self) -> None:
        """Turns the order around."""
        self[:] = self[::-1]

    def byteswap(self) -> None:
        """Turns the order of each number's bytes around."""
        numbers = self[:]
        numbers.byteswap()
        self[:] = numbers

    def _refuse(self, *_: Any) -> NoReturn:
        raise TypeError("numbers in Rust's memory stay as many as they are; a slice `[:]` grows")

    append = clear = extend = frombytes = fromfile = fromlist = _refuse
    insert = pop = remove = __delitem__ = _refuse


for _name in ("eq", "ne", "lt", "le", "gt", "ge", "add", "mul", "rmul", "repr", "reduce_ex"):
    setattr(Moved, f"__{_name}__", _by_copy(f"__{_name}__"))
for _name in ("count", "index"):
    setattr(Moved, _name, _by_copy(_name))
collections.abc.Sequence.register(Vector)

if PYPY:

    class Cells(_bufferable, Moved):
        """The numbers in so many bytes of an owner's memory."""

        __slots__ = ("_cells", "_count", "itemsize", "typecode")

        def __init__(self, pointer: int, size: int, code: str, owner: Pin) -> None:
            self.typecode, self.itemsize = code, struct.calcsize("=" + code)
            self._count = size // self.itemsize
            cells = _cffi.cast(_cffi.new_pointer_type(_TYPES[code]), pointer)
            self._cells = _cffi.gcp(cells, lambda _: owner.close(), size)

        def __buffer__(self, flags: int) -> memoryview:
            memory = _cffi.buffer(self._cells, self._count * self.itemsize)
            return memoryview(memory).cast(self.typecode)

        def _part(self, start: int, stop: int) -> memoryview:
            # Not a part of the whole view: PyPy copies that byte by byte.
            pointer, _ = self.buffer_info()
            return _pinned(pointer + start, stop - start, self)

        def __len__(self) -> int:
            return self._count

        def _at(self, index: Any) -> int:
            number = operator.index(index)
            number = number if number >= 0 else number + self._count
            if not 0 <= number < self._count:
                raise IndexError("index out of range")
            return number

        def __getitem__(self, index: Any) -> Any:
            if isinstance(index, slice):
                return super().__getitem__(index)
            return self._cells[self._at(index)]

        def __setitem__(self, index: Any, value: Any) -> None:
            if isinstance(index, slice):
                super().__setitem__(index, value)
            else:
                self._cells[self._at(index)] = value

        def __iter__(self) -> Iterator[Any]:
            cells = self._cells
            for number in range(self._count):
                yield cells[number]

        def tolist(self) -> Any:
            return _cffi.unpack(self._cells, self._count)

        def buffer_info(self) -> Tuple[int, int]:
            return int(_cffi.cast(_TYPES["p"], self._cells)), self._count

    moved = Cells


# Codecs: each has ``write(value, buffer)`` and ``read(buffer, at)``, which gives the
# value and where the next one begins.


def _got(value: object) -> str:
    return f"got {type(value).__name__}"


class Integer:
    """An integer of a Rust type."""

    def __init__(self, name: str, code: str) -> None:
        self.name, self.code = name, code
        self._struct = struct.Struct("=" + code)

    def write(self, value: Any, buffer: Buffered) -> None:
        try:
            buffer += self._struct.pack(value)
        except (struct.error, ValueError):
            bits = 8 * self._struct.size
            raise _not_an_integer(value, self.name, bits, self.code.islower()) from None

    def read(self, buffer: Any, at: int) -> Tuple[int, int]:
        return self._struct.unpack_from(buffer, at)[0], at + self._struct.size


def _not_an_integer(value: Any, name: str, bits: int, signed: bool) -> Exception:
    try:
        number = operator.index(value)
    except TypeError:
        return TypeError(f"expected int, {_got(value)}")
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    return OverflowError(f"{number} is not a {name}: {low} to {high}")


class Wide:
    """``u128`` and ``i128``."""

    def __init__(self, name: str, signed: bool) -> None:
        self.name, self.signed = name, signed

    def write(self, value: Any, buffer: Buffered) -> None:
        try:
            buffer += operator.index(value).to_bytes(16, sys.byteorder, signed=self.signed)
        except (TypeError, OverflowError):
            raise _not_an_integer(value, self.name, 128, self.signed) from None

    def read(self, buffer: Any, at: int) -> Tuple[int, int]:
        data = bytes(buffer[at : at + 16])
        return int.from_bytes(data, sys.byteorder, signed=self.signed), at + 16


class Float:
    """``f32`` and ``f64``."""

    def __init__(self, name: str, code: str) -> None:
        self.name, self.code = name, code
        self._struct = struct.Struct("=" + code)

    def write(self, value: Any, buffer: Buffered) -> None:
        try:
            buffer += self._struct.pack(value)
        except struct.error:
            raise TypeError(f"expected float, {_got(value)}") from None
        except OverflowError:
            raise OverflowError(f"{value} is too large for f32") from None

    def read(self, buffer: Any, at: int) -> Tuple[float, int]:
        return self._struct.unpack_from(buffer, at)[0], at + self._struct.size


class Complex:
    """``num_complex::Complex``: its two parts."""

    def __init__(self, part: Float) -> None:
        self.part = part

    def write(self, value: Any, buffer: Buffered) -> None:
        if isinstance(value, str):
            raise TypeError("expected complex, got str")
        try:
            number = complex(value)
        except TypeError:
            raise TypeError(f"expected complex, {_got(value)}") from None
        self.part.write(number.real, buffer)
        self.part.write(number.imag, buffer)

    def read(self, buffer: Any, at: int) -> Tuple[complex, int]:
        real, at = self.part.read(buffer, at)
        imaginary, at = self.part.read(buffer, at)
        return complex(real, imaginary), at


class Bool:
    """``bool``."""

    def write(self, value: Any, buffer: Buffered) -> None:
        if value not in (True, False):
            raise TypeError(f"expected bool, {_got(value)}")
        buffer.append(int(value))

    def read(self, buffer: Any, at: int) -> Tuple[bool, int]:
        return buffer[at] == 1, at + 1


class Char:
    """``char``: a text of one character."""

    def write(self, value: Any, buffer: Buffered) -> None:
        if not isinstance(value, str) or len(value) != 1:
            raise TypeError(f"expected one character, got {value!r}")
        if 0xD800 <= ord(value) < 0xE000:
            raise ValueError("a lone surrogate is not a Rust char")
        buffer += struct.pack("=I", ord(value))

    def read(self, buffer: Any, at: int) -> Tuple[str, int]:
        return chr(struct.unpack_from("=I", buffer, at)[0]), at + 4


class Unit:
    """``()``."""

    def write(self, value: Any, buffer: Buffered) -> None:
        if value is not None:
            raise TypeError(f"expected None, {_got(value)}")
        buffer.append(0)

    def read(self, buffer: Any, at: int) -> Tuple[None, int]:
        return None, at + 1


_count = struct.Struct("=Q")


class Text:
    """``String`` and ``&str``."""

    def write(self, value: Any, buffer: Buffered) -> None:
        if not isinstance(value, str):
            raise TypeError(f"expected str, {_got(value)}")
        data = value.encode()
        buffer += _count.pack(len(data))
        buffer += data

    def read(self, buffer: Any, at: int) -> Tuple[str, int]:
        end = at + 8 + _count.unpack_from(buffer, at)[0]
        return str(buffer[at + 8 : end], "utf-8"), end


class Bytes:
    """``Vec<u8>`` and ``&[u8]``: from any buffer."""

    def write(self, value: Any, buffer: Buffered) -> None:
        data = octets(value)
        buffer += _count.pack(len(data))
        buffer += data

    def read(self, buffer: Any, at: int) -> Tuple[bytes, int]:
        end = at + 8 + _count.unpack_from(buffer, at)[0]
        return bytes(buffer[at + 8 : end]), end


def octets(value: Any) -> bytes:
    """Gives any buffer's bytes."""
    if isinstance(value, bytes):
        return value
    try:
        return bytes(memoryview(value))
    except TypeError:
        if isinstance(value, (str, set, dict)) or not hasattr(value, "__iter__"):
            raise TypeError(f"expected bytes, {_got(value)}") from None
    return bytes(NUMBERS["u8"].packed(value))


class System:
    """``PathBuf`` and ``OsString``."""

    def __init__(self, kind: Callable[[str], Any]) -> None:
        self.kind = kind

    def write(self, value: Any, buffer: Buffered) -> None:
        data = os.fsencode(value)
        buffer += _count.pack(len(data))
        buffer += data

    def read(self, buffer: Any, at: int) -> Tuple[Any, int]:
        data, at = BYTES.read(buffer, at)
        return self.kind(os.fsdecode(data)), at


class Duration:
    """``Duration``: a :class:`datetime.timedelta`, which has microseconds."""

    def write(self, value: Any, buffer: Buffered) -> None:
        if not isinstance(value, datetime.timedelta):
            raise TypeError(f"expected timedelta, {_got(value)}")
        if value < datetime.timedelta():
            raise ValueError("a Rust Duration is not negative")
        seconds = value.days * 86400 + value.seconds
        buffer += struct.pack("=QI", seconds, value.microseconds * 1000)

    def read(self, buffer: Any, at: int) -> Tuple[datetime.timedelta, int]:
        seconds, nanoseconds = struct.unpack_from("=QI", buffer, at)
        microseconds = (nanoseconds + 500) // 1000
        days, seconds = divmod(seconds, 86400)
        return datetime.timedelta(days, seconds, microseconds), at + 12


_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


class Time:
    """``SystemTime``: a :class:`datetime.datetime` with a time zone."""

    def write(self, value: Any, buffer: Buffered) -> None:
        if not isinstance(value, datetime.datetime) or value.tzinfo is None:
            raise TypeError(f"expected datetime with a time zone, {_got(value)}")
        distance = value - _EPOCH
        BOOL.write(distance < datetime.timedelta(), buffer)
        DURATION.write(abs(distance), buffer)

    def read(self, buffer: Any, at: int) -> Tuple[datetime.datetime, int]:
        before, at = BOOL.read(buffer, at)
        distance, at = DURATION.read(buffer, at)
        return _EPOCH - distance if before else _EPOCH + distance, at


class Host:
    """``IpAddr`` and its kinds: what :mod:`ipaddress` has, or a text."""

    def write(self, value: Any, buffer: Buffered) -> None:
        if not isinstance(value, (str, ipaddress.IPv4Address, ipaddress.IPv6Address)):
            raise TypeError(f"expected an IP address, {_got(value)}")
        STR.write(str(value), buffer)

    def read(self, buffer: Any, at: int) -> Tuple[Any, int]:
        text, at = STR.read(buffer, at)
        return ipaddress.ip_address(text), at


class Option:
    """``Option``: the value, or ``None``."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def write(self, value: Any, buffer: Buffered) -> None:
        buffer.append(value is not None)
        if value is not None:
            self.inner.write(value, buffer)

    def read(self, buffer: Any, at: int) -> Tuple[Any, int]:
        return self.inner.read(buffer, at + 1) if buffer[at] else (None, at + 1)


class Several:
    """A tuple."""

    def __init__(self, *items: Any) -> None:
        self.items = items

    def write(self, value: Any, buffer: Buffered) -> None:
        if not isinstance(value, (tuple, list)):
            raise TypeError(f"expected tuple, {_got(value)}")
        if len(value) != len(self.items):
            raise ValueError(f"expected {len(self.items)} items, got {len(value)}")
        for item, each in zip(self.items, value):
            item.write(each, buffer)

    def read(self, buffer: Any, at: int) -> Tuple[Tuple[Any, ...], int]:
        values = []
        for item in self.items:
            value, at = item.read(buffer, at)
            values.append(value)
        return tuple(values), at


class Items:
    """``Vec``, ``VecDeque``, arrays and slices of anything but numbers, and sets."""

    def __init__(self, item: Any, kind: Callable[[Iterable[Any]], Any] = list) -> None:
        self.item, self.kind = item, kind

    def write(self, value: Any, buffer: Buffered) -> None:
        if isinstance(value, (str, bytes)):
            raise TypeError(f"expected {self.kind.__name__}, {_got(value)}")
        try:
            values = value if hasattr(value, "__len__") else list(value)
        except TypeError:
            raise TypeError(f"expected {self.kind.__name__}, {_got(value)}") from None
        buffer += _count.pack(len(values))
        write, number = self.item.write, 0
        try:
            for number, each in enumerate(values):  # noqa: B007, it is in the message
                write(each, buffer)
        except (TypeError, ValueError, OverflowError) as error:
            kind = type(error) if not isinstance(error, UnicodeError) else ValueError
            raise kind(f"item {number}: {error}") from None

    def read(self, buffer: Any, at: int) -> Tuple[Any, int]:
        count, at, read = _count.unpack_from(buffer, at)[0], at + 8, self.item.read
        values = []
        for _ in range(count):
            value, at = read(buffer, at)
            values.append(value)
        return (values if self.kind is list else self.kind(values)), at


#: How many numbers are packed at a time.
_CHUNK = 128 if PYPY else 2048


class Numbers:
    """``Vec``, arrays and slices of numbers: from buffers as they are, from lists item by item."""

    def __init__(self, item: Any) -> None:
        self.item, self.code = item, item.code
        self.size = struct.calcsize("=" + self.code)
        # The machine's own format is packed more quickly than the same with `=`.
        self._chunk = struct.Struct(f"{_CHUNK}{self.code}")

    def packed(self, value: Any) -> Any:
        """Gives the numbers' memory, or, if they are no buffer, a copy."""
        if isinstance(value, (List, NamedList)):
            # PyPy would keep the view, and the list unchangeable, until it collects it.
            try:
                value = value[:] if PYPY else _view_of(value)
            except BufferError:
                # Lent for one call, after which nobody must have its memory.
                value = value[:]
        try:
            view = memoryview(value)
        except TypeError:
            return self._pack(value)
        if _same_numbers(view, self.code) and view.c_contiguous:
            return view if view.format == "B" else view.cast("B")
        return self._pack(view.tolist())

    def _pack(self, value: Any) -> Any:
        if isinstance(value, (str, set, dict)):
            raise TypeError(f"expected a list of numbers, {_got(value)}")
        try:
            values = value if isinstance(value, (list, tuple)) else list(value)
            count = len(values)
            if count <= _CHUNK:
                return struct.pack(f"{count}{self.code}", *values)
            packed, pack, size = bytearray(count * self.size), self._chunk.pack_into, self.size
            whole = count - count % _CHUNK
            for at in range(0, whole, _CHUNK):
                pack(packed, at * size, *values[at : at + _CHUNK])
            struct.pack_into(f"{count - whole}{self.code}", packed, whole * size, *values[whole:])
        except (struct.error, OverflowError, TypeError, ValueError):
            # PyPy has a `ValueError` for what is negative.
            raise self._wrong(value) from None
        return memoryview(packed)

    def _wrong(self, value: Any) -> Exception:
        try:
            Items(self.item).write(value, Trial())
        except (TypeError, OverflowError) as error:
            return error
        return TypeError("expected a list of numbers")

    def write(self, value: Any, buffer: Buffered) -> None:
        data = self.packed(value)
        buffer += _count.pack(len(data) // self.size)
        buffer += data

    def read(self, buffer: Any, at: int) -> Tuple[Array, int]:
        end = at + 8 + self.size * _count.unpack_from(buffer, at)[0]
        numbers = Array(self.code)
        numbers.frombytes(bytes(buffer[at + 8 : end]))
        return numbers, end


class OneOrMore(Numbers):
    """Numbers as a last argument: a single one is taken, too."""

    def _pack(self, value: Any) -> Any:
        return super()._pack((value,) if isinstance(value, (int, float)) else value)


_SAME = {
    "l": "i" if struct.calcsize("l") == 4 else "q",
    "L": "I" if struct.calcsize("L") == 4 else "Q",
}
_SAME.update({"n": "q", "N": "Q", "c": "B"})


def _same_numbers(view: memoryview, code: str) -> bool:
    found = view.format.lstrip("@=" + ("<" if sys.byteorder == "little" else ">"))
    return view.ndim == 1 and _SAME.get(found, found) == code


def numbers_in(codec: Numbers, value: Any) -> Any:
    """Gives the memory of numbers to read, and how many they are: a copy only where needed."""
    kind = type(value)
    if kind is Array and not PYPY and value.typecode == codec.code:
        return lend(value), len(value)
    if issubclass(kind, Moved) and not PYPY and value.typecode == codec.code:
        return value, len(value)
    data = codec.packed(value)
    count = len(data) // codec.size
    if isinstance(data, bytes):
        return data, count
    if data.readonly:
        return (value if isinstance(value, bytes) else data.tobytes()), count
    if PYPY or codec.size == 1:
        return lend(data), count
    return _aligned(data, codec.size), count


#: What is lent as it is where a call is made, if its numbers are the right ones: not with PyPy.
LENT: Any = None if PYPY else array.array


def _aligned(view: memoryview, size: int) -> Any:
    memory = _Memory.from_buffer(view)
    return view.tobytes() if ctypes.addressof(memory) % size else memory


def numbers_inout(codec: Numbers, value: Any) -> Any:
    """Gives writable memory, how many numbers it has, and the list to write back to, if any."""
    if isinstance(value, list) or (PYPY and isinstance(value, (List, NamedList))):
        data = memoryview(bytearray(codec.packed(value)))
        return lend(data), len(data) // codec.size, data
    try:
        view = memoryview(_view_of(value) if isinstance(value, (List, NamedList)) else value)
    except TypeError:
        raise TypeError(f"expected a list or a writable buffer, {_got(value)}") from None
    if view.readonly or not view.c_contiguous or not _same_numbers(view, codec.code):
        raise TypeError(f"expected a writable, contiguous buffer of format {codec.code!r}")
    view = view.cast("B") if view.format != "B" else view
    return lend(view), len(view) // codec.size, None


def _view_of(value: Any) -> Any:
    """Gives the memory of a list in place, if its items are numbers."""
    found = value._items() if isinstance(value, NamedList) else value
    return found.view() if found._kind.code else value


class Changed:
    """Numbers that Rust changes in place."""

    def __init__(self, numbers: Numbers) -> None:
        self.numbers = numbers

    def write(self, value: Any, buffer: Buffered) -> None:
        numbers_inout(self.numbers, value)


def write_back(codec: Numbers, value: Any, data: Any) -> None:
    """Gives a list the numbers that Rust has changed."""
    if data is not None:
        numbers = array.array(codec.code)
        numbers.frombytes(data.tobytes())
        value[:] = numbers.tolist()


def octets_in(value: Any) -> Any:
    """Gives the memory of any buffer, and its length: without a copy where it is writable."""
    try:
        view = memoryview(value)
    except TypeError:
        data = octets(value)
        return data, len(data)
    if view.readonly or not view.c_contiguous:
        data = view.tobytes()
        return data, len(data)
    return lend(view.cast("B")), view.nbytes


def rewrite(value: Any, codec: Any, data: bytes, at: int) -> int:
    """Gives a list, dict or set what Rust has made of its copy."""
    new, at = codec.read(data, at)
    if isinstance(value, Ref):
        value.value = new
    elif isinstance(value, (dict, set, Keyed)):
        value.clear()
        value.update(new)  # type: ignore[union-attr]
    else:
        value[:] = new
    return at


class Span:
    """A range: its start, its end, and whether the end belongs to it."""

    def __init__(self, item: Any) -> None:
        self.item = item

    def write(self, value: Any, buffer: Buffered) -> None:
        if not isinstance(value, range) or value.step != 1:
            raise TypeError(f"expected a range in steps of 1, {_got(value)}")
        empty = len(value) == 0
        self.item.write(value.start, buffer)
        self.item.write(value.start if empty else value.stop - 1, buffer)
        buffer.append(empty)

    def read(self, buffer: Any, at: int) -> Tuple[range, int]:
        start, at = self.item.read(buffer, at)
        end, at = self.item.read(buffer, at)
        return range(start, end + buffer[at]), at + 1


class Stream:
    """A binary file, by its method that Rust calls."""

    def __init__(self, method: str) -> None:
        self.method = method
        self.call = Function((U64,), BYTES) if method == "read" else Function((BYTES,), U64)

    def write(self, value: Any, buffer: Buffered) -> None:
        if not callable(getattr(value, self.method, None)):
            raise TypeError(f"expected a file with `{self.method}`, {_got(value)}")

    def register(self, value: Any) -> int:
        """Keeps the file until Rust drops it."""
        self.write(value, Trial())
        return self.call.register(getattr(value, self.method))


class Table:
    """``HashMap`` and ``BTreeMap``."""

    def __init__(self, key: Any, value: Any) -> None:
        self.key, self.value = key, value

    def write(self, value: Any, buffer: Buffered) -> None:
        if not isinstance(value, Mapping):
            raise TypeError(f"expected dict, {_got(value)}")
        buffer += _count.pack(len(value))
        for key, each in value.items():
            self.key.write(key, buffer)
            self.value.write(each, buffer)

    def read(self, buffer: Any, at: int) -> Tuple[Dict[Any, Any], int]:
        count, at = _count.unpack_from(buffer, at)[0], at + 8
        table = {}
        for _ in range(count):
            key, at = self.key.read(buffer, at)
            table[key], at = self.value.read(buffer, at)
        return table, at


_classes: Dict[str, Any] = {}


class Object:
    """An object that has a handle."""

    def __init__(self, name: str) -> None:
        self.name = name

    @property
    def kind(self) -> Any:
        """The class."""
        return _classes[self.name]

    def write(self, value: Any, buffer: Buffered) -> None:
        if not isinstance(value, _classes[self.name]):
            raise TypeError(f"expected {_classes[self.name].__name__}, {_got(value)}")
        buffer += written_address(value._h)
        buffer.kept.append(value)

    def read(self, buffer: Any, at: int) -> Tuple[Any, int]:
        return wrap(_classes[self.name], _count.unpack_from(buffer, at)[0]), at + 8


class Plain:
    """A field-less enum: its number."""

    def __init__(self, name: str) -> None:
        self.name = name

    def write(self, value: Any, buffer: Buffered) -> None:
        kind = _classes[self.name]
        try:
            buffer += struct.pack("=q", kind(value))
        except ValueError:
            raise TypeError(f"expected {kind.__name__}, got {value!r}") from None

    def read(self, buffer: Any, at: int) -> Tuple[Any, int]:
        return _classes[self.name](struct.unpack_from("=q", buffer, at)[0]), at + 8


class Trait:
    """What Rust's objects and Python's own have in common: a trait's methods."""

    __slots__ = ()


_traits: Dict[str, Any] = {}


def register_trait(
    name: str, kind: Any, methods: Tuple[Tuple[str, Any, Any, bool], ...], closed: Any
) -> None:
    """Makes a trait known to codecs: name, parameters, result of each method, whether provided."""
    _traits[name] = kind, methods, closed


class Implementor:
    """A value whose type implements a trait: a handle, or any object with its methods."""

    def __init__(self, name: str, given: str = "") -> None:
        self.name, self.given = name, given

    def write(self, value: Any, buffer: Buffered) -> None:
        kind, methods, closed = _traits[self.name]
        if isinstance(value, kind) and isinstance(value, Handle):
            buffer += written_address(value._h) + bytes(16)
            buffer.kept.append(value)
            return
        if closed:
            raise TypeError(f"expected a Rust {kind.__name__}, {_got(value)}: {closed}")
        own = type(value)
        overridden = 0
        for number, (name, _, _, provided) in enumerate(methods):
            found = getattr(own, name, None) or getattr(value, name, None)
            if found is not None and found is not getattr(kind, name):
                overridden |= 1 << number
            elif not provided:
                raise TypeError(f"expected {kind.__name__}, {_got(value)}: it has no `{name}`")
        if not isinstance(buffer, Trial):
            number = Registered.of(_Methods(value, methods))
            buffer += struct.pack("=QQQ", 0, number, overridden)
            buffer.kept.append(number)

    def read(self, buffer: Any, at: int) -> Tuple[Any, int]:
        return wrap(_classes[self.given], _count.unpack_from(buffer, at)[0]), at + 8


class _Methods:
    """A Python object's methods, by the numbers that Rust knows them by."""

    def __init__(self, value: Any, methods: Any) -> None:
        self.value, self.methods = value, methods

    def __getitem__(self, number: int) -> Tuple[Any, Tuple[Any, ...], Any]:
        if number >= 254:
            return (repr if number == 254 else str), (_Constant(self.value),), STR
        name, parameters, result, _ = self.methods[number]
        return getattr(self.value, name), parameters, result


class _Constant:
    """An argument that does not come from Rust."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def read(self, buffer: Any, at: int) -> Tuple[Any, int]:
        return self.value, at


class Ref:
    """A value that Rust changes in place: for parameters such as ``&mut i32``."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __repr__(self) -> str:
        return f"Ref({self.value!r})"


class Break:
    """What a function returns to end what calls it: for results such as ``ControlFlow<()>``."""

    __slots__ = ("value",)
    __match_args__ = ("value",)

    def __init__(self, value: Any = None) -> None:
        self.value = value

    def __eq__(self, other: object) -> Any:
        return self.value == other.value if isinstance(other, Break) else NotImplemented

    def __hash__(self) -> int:
        return hash((Break, self.value))

    def __repr__(self) -> str:
        return f"Break({self.value!r})"


class Flow:
    """``ControlFlow``: a :class:`Break`, or what it goes on with."""

    def __init__(self, end: Any, onwards: Any) -> None:
        self.end, self.onwards = end, onwards

    def write(self, value: Any, buffer: Buffered) -> None:
        ends = isinstance(value, Break)
        buffer.append(ends)
        if ends:
            self.end.write(value.value, buffer)
            return
        try:
            self.onwards.write(value, buffer)
        except TypeError as error:
            raise TypeError(f"{error}; Break() ends") from None

    def read(self, buffer: Any, at: int) -> Tuple[Any, int]:
        if not buffer[at]:
            return self.onwards.read(buffer, at + 1)  # type: ignore[no-any-return]
        value, at = self.end.read(buffer, at + 1)
        return Break(value), at


class OsError:
    """``std::io::Error``."""

    kind: Any = OSError

    def write(self, value: Any, buffer: Buffered) -> None:
        if not isinstance(value, OSError):
            raise TypeError(f"expected OSError, {_got(value)}")
        buffer += struct.pack("=i", 0 if value.errno is None else value.errno)
        ANY_ERROR.write(value, buffer)

    def read(self, buffer: Any, at: int) -> Tuple[OSError, int]:
        (number,) = struct.unpack_from("=q", buffer, at)
        message, at = STR.read(buffer, at + 8)
        return OSError(number, message) if number else OSError(message), at


class AnyError:
    """``Box<dyn Error>``: of Python's exceptions it is each, and raised as such again."""

    kind: Any = Exception

    def write(self, value: Any, buffer: Buffered) -> None:
        if not isinstance(value, Exception):
            raise TypeError(f"expected an exception, {_got(value)}")
        number = 0
        if not isinstance(buffer, Trial):
            number = next(_numbers)
            _raised[number] = value
        buffer += _count.pack(number)
        STR.write(_said(value), buffer)

    def read(self, buffer: Any, at: int) -> Tuple[RustError, int]:
        message, at = STR.read(buffer, at)
        return RustError(message), at


class RaisedText:
    """``String`` as what a function fails with."""

    kind: Any = Exception

    def write(self, value: Any, buffer: Buffered) -> None:
        STR.write(_said(value), buffer)


def _said(error: BaseException) -> str:
    """Gives an exception's class and text."""
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


class Fallible:
    """A ``Result`` that is no function's own: the value, or the exception as an object."""

    def __init__(self, value: Any, error: Any) -> None:
        self.value, self.error = value, error

    def write(self, value: Any, buffer: Buffered) -> None:
        failed = isinstance(value, BaseException)
        buffer.append(failed)
        (self.error if failed else self.value).write(value, buffer)

    def read(self, buffer: Any, at: int) -> Tuple[Any, int]:
        return (self.error if buffer[at] else self.value).read(buffer, at + 1)  # type: ignore[no-any-return]

    def takes(self, error: Exception) -> bool:
        """Tells whether Rust's error can be made of an exception."""
        return isinstance(error, self.error.kind)


class Changing:
    """What a :class:`Ref` holds."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.read = inner.read

    def write(self, value: Any, buffer: Buffered) -> None:
        if not isinstance(value, Ref):
            raise TypeError(f"expected Ref, {_got(value)}")
        self.inner.write(value.value, buffer)


_functions: Dict[int, Any] = {}
_numbers = itertools.count(1)


class Registered(int):
    """What Rust knows a Python function by: for one call, in which Rust takes it over or not."""

    @classmethod
    def of(cls, function: Any) -> Registered:
        """Keeps a function until Rust drops it or, if it never gets it, until the call is done."""
        number = next(_numbers)
        _functions[number] = function
        return cls(number)

    def __del__(self, _functions: Any = _functions, _holds: Any = _holds, _one: Any = _one) -> None:
        if self in _functions and not _holds(_one(self)):
            _functions.pop(self, None)


class Function:
    """A Python function for a closure."""

    def __init__(self, parameters: Tuple[Any, ...], result: Any) -> None:
        self.parameters, self.result = parameters, result

    def write(self, value: Any, buffer: Buffered) -> None:
        if not callable(value):
            raise TypeError(f"expected a function, {_got(value)}")

    def register(self, value: Any) -> int:
        """Keeps the function until Rust drops it."""
        if not callable(value):
            raise TypeError(f"expected a function, {_got(value)}")
        return Registered.of(((value, self.parameters, self.result),))

    def register_once(self, value: Any) -> int:
        """Keeps the function for good: Rust may keep the pointer that stands for it."""
        for number, known in list(_functions.items()):
            if (
                type(known) is tuple
                and known[0][0] is value
                and known[0][1:]
                == (
                    self.parameters,
                    self.result,
                )
            ):
                return number
        return self.register(value)


class Sink(Function):
    """Where the items of a channel go: a Python function, or out of Python into Rust."""

    def __init__(self, item: Any) -> None:
        super().__init__((item,), BOOL)
        self.item = item

    def register(self, value: Any) -> int:
        """Keeps the function until the channel ends, or the function raises."""

        def put(item: Any) -> bool:
            try:
                value(item)
            except BaseException as error:
                sys.excepthook(type(error), error, error.__traceback__)
                return False
            return True

        self.write(value, Trial())
        return super().register(put)

    def sender(self, pointer: int) -> Sender:
        """Makes the object for a sender that Rust has returned."""
        return Sender(pointer, self.item)


I8, I16, I32, I64 = (
    Integer("i8", "b"),
    Integer("i16", "h"),
    Integer("i32", "i"),
    Integer("i64", "q"),
)
U8, U16, U32, U64 = (
    Integer("u8", "B"),
    Integer("u16", "H"),
    Integer("u32", "I"),
    Integer("u64", "Q"),
)
ISIZE, USIZE = Integer("isize", "q"), Integer("usize", "Q")
I128, U128 = Wide("i128", True), Wide("u128", False)
F32, F64 = Float("f32", "f"), Float("f64", "d")
COMPLEX_F32, COMPLEX_F64 = Complex(F32), Complex(F64)
BOOL, CHAR, UNIT, STR, BYTES = Bool(), Char(), Unit(), Text(), Bytes()
PATH, OS_STR = System(pathlib.Path), System(str)
DURATION, TIME, HOST = Duration(), Time(), Host()
#: An address with a port, as :mod:`socket` has it.
SOCKET = Several(STR, U16)
#: Lists of numbers, by the Rust name of the number.
NUMBERS = {
    each.name: Numbers(each)
    for each in (I8, I16, I32, I64, U8, U16, U32, U64, ISIZE, USIZE, F32, F64)
}
ONE_OR_MORE = {name: OneOrMore(numbers.item) for name, numbers in NUMBERS.items()}
CHANGED = {name: Changed(numbers) for name, numbers in NUMBERS.items()}
#: What annotations call anything that has the buffer protocol.
Buffer = Any
OS_ERROR, ANY_ERROR, RAISED_TEXT = OsError(), AnyError(), RaisedText()
READER, WRITER = Stream("read"), Stream("write")
_texts = Items(STR)


class Buffered(bytearray):
    """A value that is being written, with the objects that it mentions."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[Any] = []


class Trial(Buffered):
    """A value that is only written to see whether it can be."""


class Encoded(bytes):
    """A written value. The objects that it mentions live as long as it does."""

    kept: list[Any]


def encoded(codec: Any, value: Any) -> bytes:
    """Gives a value as bytes."""
    buffer = Buffered()
    codec.write(value, buffer)
    if not buffer.kept:
        return bytes(buffer)
    data = Encoded(buffer)
    data.kept = buffer.kept
    return data


def high(codec: Wide, value: Any) -> Tuple[int, int]:
    """Gives the two halves of a wide integer."""
    data = encoded(codec, value)
    low, top = struct.unpack("=Qq" if codec.signed else "=QQ", data)
    return low, top


# Handles


class Handle:
    """An object of a Rust type. Its value is dropped with the last reference to the object."""

    __slots__ = ()
    _h: Any
    _close: Any
    #: Tells which of the variants' classes a value belongs to, for enums with data.
    _variant: Any = None
    _variants: Tuple[Any, ...] = ()

    def __init__(self, *arguments: object, **named: object) -> None:
        raise TypeError(f"{type(self).__name__} has no public constructor")

    def __del__(self, _free: Any = free) -> None:
        try:
            handle = self._h
        except AttributeError:
            return
        if _free(handle):
            fail()

    def close(self) -> None:
        """Drops the value now. Afterwards every other use raises :class:`HandleError`."""
        if type(self)._close(self._h):
            fail()

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *error: object) -> None:
        # Not `close`: a crate's own method may have that name.
        if type(self)._close(self._h):
            fail()

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"a Rust {type(self).__name__} cannot be pickled")


def wrap(kind: Any, pointer: int) -> Any:
    """Makes the object that owns a handle."""
    held = address(pointer)
    made = kind.__new__(kind)
    made._h = held
    if kind._variant is not None:
        adopt(made)
    return made


def adopt(made: Any) -> None:
    """Gives an object the class of the variant that its value is."""
    number = made._variant(made._h)
    if number >= 0:
        made.__class__ = made._variants[number]


def register(name: str, kind: Any) -> None:
    """Makes a class known to codecs and, if it is one, as an error."""
    _classes[name] = kind
    if issubclass(kind, RustError):
        _errors[kind._rust_name] = kind


def live_handles() -> int:
    """Tells how many Rust values Python objects of this package hold."""
    return int(_live())


# Collections


def is_part(value: Any, parent: Any, name: Any) -> bool:
    """Tells whether a collection is this very part of that parent: it needs no writing back."""
    return isinstance(value, Collection) and value._parent is parent and value._name == name


class Placed:
    """What a collection in place is, and what its items or values are."""

    #: The codec of an item, or what the collections are that it has for items.
    item: Any
    kind: Any

    def part(self, pointer: int, parent: Any, name: Any) -> Any:
        """Makes the object for a collection that is part of another value."""
        made = self.kind.__new__(self.kind)
        made._h, made._kind = address(pointer), self
        made._parent, made._name = parent, name
        return made

    def at(self, pointer: int, parent: Any, name: Any) -> Any:
        """Makes the object for an item in its place."""
        if isinstance(self.item, Placed):
            return self.item.part(pointer, parent, name)
        return wrap(_classes[self.item.name], pointer)

    def copied(self, item: Any) -> Any:
        """Gives an item as Python's own."""
        return item.copy() if isinstance(self.item, Placed) else item


class Listed(Placed):
    """A list."""

    def __init__(self, item: Any, kind: Any = None) -> None:
        self.item, self.kind = item, kind or List
        self.objects = isinstance(item, (Object, Placed))
        self.code = item.code if isinstance(item, (Integer, Float)) else ""
        self.write = (NUMBERS[item.name] if self.code else Items(item)).write
        self.read = None if self.objects else Items(item).read


class Mapped(Placed):
    """A map, or a set as a map to nothing."""

    def __init__(self, key: Any, value: Any, kind: Any = None) -> None:
        self.key, self.item, self.kind = key, value, kind or Map
        self.objects = isinstance(value, (Object, Placed))
        self.keys = Items(key).read
        self.entries = None if self.objects else Table(key, value).read
        self.write = Items(key).write if kind else Table(key, value).write


class Collection(Handle):
    """A Rust collection in its place: what is changed here is changed there."""

    __slots__ = ("__weakref__", "_h", "_kind", "_name", "_parent")
    __hash__ = None  # type: ignore[assignment]
    _kind: Any
    _parent: Any
    _name: Any

    def __len__(self) -> int:
        count = _list_count(self._h)
        if count == FAILED:
            check()
        return int(count)

    def copy(self) -> Any:
        """Gives the same as Python's own."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return repr(self.copy())


class List(Collection, collections.abc.MutableSequence):  # type: ignore[type-arg]
    """A Rust list in its place: what is changed here is changed there.

    Its items are read when they are asked for; a slice is a copy.
    """

    __slots__ = ()

    def _at(self, index: Any) -> int:
        number = operator.index(index)
        number = number if number >= 0 else number + len(self)
        if not 0 <= number < 2**63:
            raise IndexError("list index out of range")
        return number

    def _read(self, start: int, stop: int) -> Any:
        kind = self._kind
        if kind.objects:
            return [self._item(number) for number in range(start, stop)]
        out = take()
        data = result_bytes(_list_read(_two(start, stop), self._h, out[0]), out)
        if kind.code:
            numbers = Array(kind.code)
            numbers.frombytes(memoryview(data)[8:])
            return numbers
        return kind.read(data, 0)[0]  # type: ignore[misc]

    def _item(self, number: int) -> Any:
        pointer = _list_item(_one(number), self._h)
        if not pointer:
            fail()
        return self._kind.at(pointer, self, number)

    def _splice(self, start: int, stop: int, items: Any) -> None:
        buffer = Buffered()
        self._kind.write(items, buffer)
        if _list_splice(_three(start, stop, len(buffer)), self._h, bytes(buffer)):
            fail()

    def __getitem__(self, index: Any) -> Any:
        if not isinstance(index, slice):
            number = self._at(index)
            return self._item(number) if self._kind.objects else self._read(number, number + 1)[0]
        numbers = range(*index.indices(len(self)))
        if not numbers:
            return self._read(0, 0)
        low = min(numbers[0], numbers[-1])
        found = self._read(low, max(numbers[0], numbers[-1]) + 1)
        return found[:: numbers.step] if numbers.step > 0 else found[::-1][:: -numbers.step]

    def __setitem__(self, index: Any, value: Any) -> None:
        if not isinstance(index, slice):
            number = self._at(index)
            if not is_part(value, self, number):
                self._splice(number, number + 1, [value])
            return
        numbers = range(*index.indices(len(self)))
        items = list(value)
        if numbers.step == 1:
            self._splice(numbers.start, max(numbers.start, numbers.stop), items)
            return
        if len(items) != len(numbers):
            raise ValueError(f"{len(items)} items cannot replace {len(numbers)} in steps")
        for number, item in zip(numbers, items):
            self._splice(number, number + 1, [item])

    def __delitem__(self, index: Any) -> None:
        if not isinstance(index, slice):
            number = self._at(index)
            self._splice(number, number + 1, ())
            return
        numbers = range(*index.indices(len(self)))
        if numbers.step == 1:
            self._splice(numbers.start, max(numbers.start, numbers.stop), ())
            return
        for number in sorted(numbers, reverse=True):
            self._splice(number, number + 1, ())

    def __iter__(self) -> Iterator[Any]:
        return iter(self[:])

    def insert(self, index: int, value: Any) -> None:
        """Puts an item before the one at an index."""
        number = slice(index, None).indices(len(self))[0]
        self._splice(number, number, [value])

    def extend(self, values: Iterable[Any]) -> None:
        """Puts items at the end."""
        end = len(self)
        self._splice(end, end, list(values))

    def __iadd__(self, values: Iterable[Any]) -> List:
        self.extend(values)
        return self

    def clear(self) -> None:
        """Removes all items."""
        del self[:]

    def pop(self, index: int = -1) -> Any:
        """Removes an item and gives it."""
        number = self._at(index)
        if isinstance(self._kind.item, Object):
            pointer = _list_remove(_one(number), self._h)
            if not pointer:
                fail()
            return wrap(_classes[self._kind.item.name], pointer)
        item = self._kind.copied(self[number])
        del self[number]
        return item

    def reverse(self) -> None:
        """Turns the order around."""
        self._arrange(lambda items: items[::-1])

    def sort(self, *, key: Any = None, reverse: bool = False) -> None:
        """Sorts the items."""
        self._arrange(lambda items: sorted(items, key=key, reverse=reverse))

    def _arrange(self, arranged: Callable[[Any], Any]) -> None:
        if isinstance(self._kind.item, Object):
            raise TypeError("objects keep their places: take them out and put them in again")
        self[:] = arranged(self.copy())

    def copy(self) -> Any:
        """Gives the items as a list of Python's own."""
        return [each.copy() for each in self] if isinstance(self._kind.item, Placed) else self[:]

    def view(self) -> memoryview:
        """Gives the memory of numbers.

        While there is a view, the list is only changed through it: all else raises ``BufferError``.
        """
        out = take()
        pointer, count, pin = struct.unpack("=QQQ", result_bytes(_list_view(self._h, out[0]), out))
        size = struct.calcsize("=" + self._kind.code)
        return _pinned(pointer, count * size, Pin(pin)).cast(self._kind.code)

    def __buffer__(self, flags: int) -> memoryview:
        return self.view()

    @property
    def __array_interface__(self) -> Dict[str, Any]:
        code = self._kind.code
        if not code:
            raise AttributeError("__array_interface__")
        letter = "f" if code in "fd" else "i" if code.islower() else "u"
        order = "<" if sys.byteorder == "little" else ">"
        view = self.view()
        kind = f"{order}{letter}{view.itemsize}"
        return {"version": 3, "typestr": kind, "shape": (len(view),), "data": view}

    def __eq__(self, other: object) -> Any:
        if not isinstance(other, (list, tuple, collections.deque, List, array.array, Moved)):
            return NotImplemented
        return list(self) == list(other)

    def __add__(self, other: Iterable[Any]) -> Any:
        return [*self, *other]

    def __radd__(self, other: Iterable[Any]) -> Any:
        return [*other, *self]

    def __mul__(self, count: int) -> Any:
        return list(self) * count

    __rmul__ = __mul__


class Deque(List):
    """A ``VecDeque`` in its place: a list that is quick at both ends."""

    __slots__ = ()

    def appendleft(self, value: Any) -> None:
        """Puts an item at the beginning."""
        self._splice(0, 0, [value])

    def extendleft(self, values: Iterable[Any]) -> None:
        """Puts items at the beginning, one by one, so that the last one is the first."""
        self._splice(0, 0, list(values)[::-1])

    def popleft(self) -> Any:
        """Removes the first item and gives it."""
        return self.pop(0)


class Keyed(Collection):
    """What maps and sets have in common."""

    __slots__ = ()

    def _key(self, key: Any) -> bytes:
        return encoded(self._kind.key, key)

    def _find(self, key: Any) -> bytes:
        """Gives the result of a look-up: an option."""
        out, data = take(), self._key(key)
        return result_bytes(_table_find(_one(len(data)), self._h, data, out[0]), out)

    def _put(self, key: Any, value: Any) -> None:
        buffer = Buffered()
        self._kind.key.write(key, buffer)
        self._kind.item.write(value, buffer)
        if _table_put(_one(len(buffer)), self._h, bytes(buffer)):
            fail()

    def _remove(self, key: Any) -> bool:
        """Removes a key; tells whether it was there."""
        data = self._key(key)
        found = _table_remove(_one(len(data)), self._h, data)
        if found == FAILED:
            check()
        return bool(found)

    def _read(self, whole: int) -> bytes:
        out = take()
        return result_bytes(_table_read(_one(whole), self._h, out[0]), out)

    def _keys(self) -> Any:
        return self._kind.keys(self._read(0), 0)[0]

    def __contains__(self, key: object) -> bool:
        try:
            return self._find(key)[0] == 1
        except RustError:
            raise
        except (TypeError, ValueError, OverflowError):
            # What is no key is not there.
            return False

    def __iter__(self) -> Iterator[Any]:
        return iter(self._keys())

    def clear(self) -> None:
        """Removes everything."""
        if _table_clear(self._h):
            fail()


_MISSING: Any = object()


class Map(Keyed, collections.abc.MutableMapping):  # type: ignore[type-arg]
    """A Rust map in its place: what is changed here is changed there.

    Values are read when they are asked for. What goes through all keys, values or items goes
    through those that there are when it begins.
    """

    __slots__ = ()

    def __getitem__(self, key: Any) -> Any:
        kind = self._kind
        if kind.objects:
            data = self._key(key)
            return kind.at(self._there(_table_item(_one(len(data)), self._h, data), key), self, key)
        data = self._find(key)
        if not data[0]:
            raise KeyError(key)
        return kind.item.read(data, 1)[0]

    def _there(self, pointer: Any, key: Any) -> Any:
        """Gives a handle that was found."""
        if pointer:
            return pointer
        try:
            fail()
        except KeyError:
            raise KeyError(key) from None

    def __setitem__(self, key: Any, value: Any) -> None:
        if not is_part(value, self, key):
            self._put(key, value)

    def __delitem__(self, key: Any) -> None:
        if not self._remove(key):
            raise KeyError(key)

    def _now(self) -> Dict[Any, Any]:
        kind = self._kind
        if kind.objects:
            return {key: self[key] for key in self._keys()}
        return dict(kind.entries(self._read(1), 0)[0])

    def copy(self) -> Any:
        """Gives a dict of Python's own; objects in it stay in their places."""
        return {key: self._kind.copied(value) for key, value in self._now().items()}

    def items(self) -> Any:
        """Gives the entries that there are now."""
        return self._now().items()

    def values(self) -> Any:
        """Gives the values that there are now."""
        return self._now().values()

    def pop(self, key: Any, default: Any = _MISSING) -> Any:
        """Removes a key and gives its value, or the default where there is none."""
        try:
            if isinstance(self._kind.item, Object):
                data = self._key(key)
                pointer = self._there(_table_take(_one(len(data)), self._h, data), key)
                return wrap(_classes[self._kind.item.name], pointer)
            value = self._kind.copied(self[key])
            del self[key]
        except KeyError:
            if default is _MISSING:
                raise
            return default
        return value

    def __or__(self, other: Any) -> Any:
        return {**self, **other}

    def __ror__(self, other: Any) -> Any:
        return {**other, **self}

    def __ior__(self, other: Any) -> Map:
        self.update(other)
        return self


class Set(Keyed, collections.abc.MutableSet):  # type: ignore[type-arg]
    """A Rust set in its place: what is changed here is changed there."""

    __slots__ = ()

    @classmethod
    def _from_iterable(cls, items: Iterable[Any]) -> Any:
        return set(items)

    def copy(self) -> Any:
        """Gives a set of Python's own."""
        return set(self._keys())

    def add(self, value: Any) -> None:
        """Puts an item in."""
        self._put(value, None)

    def discard(self, value: Any) -> None:
        """Removes an item, if it is there."""
        self._remove(value)

    def update(self, *others: Iterable[Any]) -> None:
        """Puts all items of others in."""
        for other in others:
            for value in other:
                self.add(value)

    def union(self, *others: Iterable[Any]) -> Any:
        """Gives a set with all items of this one and of others."""
        return self.copy().union(*others)

    def intersection(self, *others: Iterable[Any]) -> Any:
        """Gives a set with the items that this one and others have in common."""
        return self.copy().intersection(*others)

    def difference(self, *others: Iterable[Any]) -> Any:
        """Gives a set with the items that others do not have."""
        return self.copy().difference(*others)

    def issubset(self, other: Iterable[Any]) -> Any:
        """Tells whether another one has all items."""
        return self.copy().issubset(other)

    def issuperset(self, other: Iterable[Any]) -> Any:
        """Tells whether it has all items of another one."""
        return self.copy().issuperset(other)


class Pin:
    """Keeps memory in its place."""

    def __init__(self, pointer: int) -> None:
        self._h = address(pointer)

    def close(self) -> None:
        """Gives it up now."""
        held, self._h = self._h, None
        free(held)

    def __del__(self, _free: Any = free) -> None:
        if self._h is not None:
            _free(self._h)


class NamedList(collections.abc.MutableSequence):  # type: ignore[type-arg]
    """A type that is another name for a list: it is one, too."""

    __slots__ = ()
    #: The property that has the list.
    _list = ""

    def _items(self) -> Any:
        return getattr(self, self._list)

    def __len__(self) -> int:
        return len(self._items())

    def __getitem__(self, index: Any) -> Any:
        return self._items()[index]

    def __setitem__(self, index: Any, value: Any) -> None:
        self._items()[index] = value

    def __delitem__(self, index: Any) -> None:
        del self._items()[index]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._items())

    def __contains__(self, value: object) -> bool:
        return value in self._items()

    def insert(self, index: int, value: Any) -> None:
        """Puts an item before the one at an index."""
        self._items().insert(index, value)

    def extend(self, values: Iterable[Any]) -> None:
        """Puts items at the end."""
        self._items().extend(values)

    def __iadd__(self, values: Iterable[Any]) -> Any:
        self._items().extend(values)
        return self

    def clear(self) -> None:
        """Removes all items."""
        self._items().clear()

    def pop(self, index: int = -1) -> Any:
        """Removes an item and gives it."""
        return self._items().pop(index)

    def reverse(self) -> None:
        """Turns the order around."""
        self._items().reverse()

    def __buffer__(self, flags: int) -> memoryview:
        return memoryview(self._items().view())


class Iterating:
    """An iterator that Rust has returned."""

    def __init__(self, pointer: int, codec: Any, step: Any) -> None:
        self._h, self._codec, self._step = address(pointer), codec, step

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        if self._h is None:
            raise StopIteration
        while True:
            out = take()
            data = result_bytes(self._step(self._h, out[0]), out)
            # A channel that is empty for now: signals are looked at, then it goes on.
            if data[0] != 2:
                break
        value = self._codec.read(data, 0)[0]
        if value is None:
            self.close()
            raise StopIteration
        return value[0]

    def close(self) -> None:
        """Ends the iterator: what it borrows from may be changed again."""
        held, self._h = self._h, None
        if held is not None and free(held):
            fail()

    def __del__(self, _free: Any = free) -> None:
        if self._h is not None and _free(self._h):
            fail()


class Held:
    """What has a handle until it is closed, or nobody refers to it any more."""

    def __init__(self, pointer: int) -> None:
        self._h = address(pointer)

    def close(self) -> None:
        """Gives it up now.

        A channel ends with its last sender; what a function borrows from may be changed again.
        """
        held, self._h = self._h, None
        if held is not None and free(held):
            fail()

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __del__(self, _free: Any = free) -> None:
        if self._h is not None and _free(self._h):
            fail()


class Sender(Held):
    """The sending half of a channel. Any thread may send."""

    def __init__(self, pointer: int, codec: Any) -> None:
        super().__init__(pointer)
        self._codec = codec

    def send(self, value: Any) -> None:
        """Sends an item; ``BrokenPipeError`` where nobody receives any more."""
        if self._h is None:
            raise HandleError("this sender was closed")
        data = encoded(self._codec, value)
        if _send(_one(len(data)), self._h, data):
            fail()


class Called(Held):
    """A function that Rust has returned."""

    def __init__(self, pointer: int, kind: Function) -> None:
        super().__init__(pointer)
        self._kind = kind

    def __call__(self, *values: Any) -> Any:
        if self._h is None:
            raise HandleError("this function was closed")
        kind, count = self._kind, len(values)
        if count != len(kind.parameters):
            raise TypeError(f"expected {len(kind.parameters)} arguments, got {count}")
        data = Buffered()
        for number, (codec, value) in enumerate(zip(kind.parameters, values)):
            try:
                codec.write(value, data)
            except (TypeError, ValueError, OverflowError) as error:
                wrong = type(error) if not isinstance(error, UnicodeError) else ValueError
                raise wrong(f"argument {number}: {error}") from None
        out = take()
        return result(_call(_one(len(data)), self._h, bytes(data), out[0]), out, kind.result)


# Callbacks


def _called(number: int, data: Any, reply: int) -> int:
    """Runs a Python function for Rust; gives 0, or the number of what it has raised."""
    try:
        if data is None:
            _functions.pop(number, None)
            _raised.pop(number, None)
            return 0
        function, parameters, codec = _functions[number][data[0]]
        at, values = 1, []
        for parameter in parameters:
            value, at = parameter.read(data, at)
            values.append(value)
        try:
            answer = function(*values)
        except Exception as error:
            if not isinstance(codec, Fallible) or not codec.takes(error):
                raise
            answer = error
        given = encoded(codec, answer)
        _reply(_two(reply, len(given)), given)
    except BaseException as error:
        raised = next(_numbers)
        _raised[raised] = error
        return raised
    return 0


_made, _pointer = _trampoline(_called)
_start(_one(_pointer))


@atexit.register
def _stop() -> None:
    """No thread of Rust's calls Python from now on."""
    _start(_one(0))


# Modules


def public(module: str, name: str, item: Any) -> Any:
    """Gives a function or class the name that users know it by."""
    item.__module__, item.__name__, item.__qualname__ = module, name.rpartition(".")[2], name
    return item


def with_statics(module: types.ModuleType, statics: Dict[str, property]) -> None:
    """Makes a crate's statics attributes of a module, read and written in place."""
    module.__class__ = type("module", (types.ModuleType,), dict(statics))
