"""Uses, misuses and drops values of every kind: what ``test_valgrind.py`` watches."""

import array
import contextlib
import gc
import sys

import rustbind

memory, callbacks, values = (rustbind.load(path) for path in sys.argv[1:])


def borrows():
    one = memory.Counted(1)
    window = one.window()
    over = window.over()
    del window
    gc.collect()
    over.number()
    with contextlib.suppress(memory.BorrowError):
        one.absorb(one)
    with contextlib.suppress(memory.RustPanic):
        one.break_off()
    first, _second = one.windows()
    first.close()
    list(memory.words("a b c " * 3))
    next(memory.words("a b"))
    over.close()
    one.close()


def hand_overs():
    memory.Counted.merge(memory.Counted(number) for number in range(3)).close()
    one = memory.Counted(1)
    with contextlib.suppress(memory.HandleError):
        memory.Counted.merge([one, one])
    memory.Local().count()


def calls_back():
    lent = []
    callbacks.lend(lambda thing: lent.append(thing) or thing.number)
    callbacks.take(lambda: callbacks.Thing(3))
    listeners = callbacks.Listeners()
    listeners.listen(lambda message: True)
    listeners.tell("x")
    listeners.tell_from_threads("y")
    with contextlib.suppress(ZeroDivisionError):
        callbacks.apply(lambda number: 1 // 0, 1)


def crossings():
    values.same_string("x" * 5000)
    values.same_u64s(range(2000))
    values.same_i16s(memoryview(array.array("h", range(9)))[2:5])
    values.add_to(array.array("i", [1, 2]), [1])
    values.same_map({"a": 1})
    values.same_deep([None, ("x", 1)])
    with contextlib.suppress(values.RustError):
        values.wrap()
    list(values.boxed(3))


for _ in range(10):
    for action in (borrows, hand_overs, calls_back, crossings):
        action()
gc.collect()
for module in (memory, callbacks, values):
    if module.__live_handles__():
        sys.exit(f"{module.__name__}: {module.__live_handles__()} handles are left")
