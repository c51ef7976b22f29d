"""Uses, misuses and drops values of every kind: what ``test_valgrind.py`` watches."""

import array
import contextlib
import gc
import sys

import rustbind

memory, callbacks, values, lists, maps, traits, channels, pointers, slices = (
    rustbind.load(path) for path in sys.argv[1:]
)


def borrows():
    one = memory.Counted(1)
    window = one.window()
    over = window.over()
    del window
    gc.collect()
    over.number()
    with contextlib.suppress(memory.BorrowError):
        one.absorb(one)
    with contextlib.suppress(memory.BorrowError):
        one.break_off()
    first, _second = one.windows()
    first.close()
    list(memory.words("a b c " * 3))
    next(memory.words("a b"))
    over.close()
    del over, first, _second
    gc.collect()
    with contextlib.suppress(memory.RustPanic):
        one.break_off()
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


def loans():
    kept = []

    def observe(event):
        part = event._0 if isinstance(event, callbacks.Event_Heap.Progress) else event._1
        kept.extend([event, part])
        if part is event._0:
            kept.extend([part.all(), part.first(), part.last])
        return callbacks.Break() if len(kept) > 20 else None

    callbacks.watch(10, observe)
    for each in kept:
        with contextlib.suppress(callbacks.HandleError, TypeError):
            next(each)
        with contextlib.suppress(callbacks.HandleError, AttributeError):
            each.numbers.append(1)
        with contextlib.suppress(callbacks.HandleError, AttributeError):
            each.first()
        each.close()
    with contextlib.suppress(ZeroDivisionError):
        callbacks.watch(1, lambda event: 1 // 0)
    with contextlib.suppress(callbacks.Broken):
        callbacks.retry(2, failing)
    with contextlib.suppress(ZeroDivisionError):
        callbacks.in_any(lambda: 1 // 0, True)
    callbacks.in_any(lambda: 1 // 0, False)
    callbacks.values(callbacks.roots([-1.0, 1.0]))


def returned_functions():
    heap = callbacks.Heap([1, 2])
    with contextlib.suppress(callbacks.BorrowError):
        lookup = heap.lookup()
        lookup(1)
        heap.numbers.append(1)
    lookup.close()
    callbacks.joiner("x" * 100)("a", None)
    once = callbacks.once_more("x" * 5000)
    once()
    with contextlib.suppress(callbacks.HandleError):
        once()
    twice = callbacks.twice(lambda number: 1 // number)
    with contextlib.suppress(ZeroDivisionError):
        twice(0)
    callbacks.Handler(twice).function(1)
    callbacks.adding()(heap, [callbacks.Heap([3])])
    with contextlib.suppress(callbacks.Broken):
        callbacks.divider(1)(0)


def failing(failed):
    raise callbacks.Broken(failed)


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


def changes_in_place():
    sheet = lists.Sheet.default()
    sheet.tags += ["a", "b"]
    sheet.tags[0:1] = ["x" * 100]
    sheet.points.append(lists.Point(1, 2))
    point = sheet.points[0]
    sheet.points.pop().close()
    with contextlib.suppress(lists.HandleError):
        point.x = 1
    sheet.matrix += [[1], [2, 3]]
    sheet.matrix[1].append(4)
    sheet.weights.extend(range(100))
    view = sheet.weights.view()
    view[99] = 1.5
    with contextlib.suppress(BufferError):
        sheet.weights.append(1)
    del view
    sheet.weights.clear()


def maps_in_place():
    town = maps.Town.default()
    town.houses[1] = maps.House(1)
    house = town.houses[1]
    house.rooms += 1
    town.houses.pop(1).close()
    with contextlib.suppress(maps.HandleError):
        house.rooms = 1
    town.streets["a"] = {1: "x" * 100}
    town.streets["a"][2] = "y"
    streets = town.streets["a"]
    town.streets.clear()
    with contextlib.suppress(maps.HandleError):
        streets[1]
    town.crossings |= {(1, 2), (3, 4)}
    town.crossings.discard((1, 2))
    town.queue += ["a", "b"]
    town.queue[1:1] = ["x" * 100]
    town.queue.popleft()
    maps.add(town.counts, "a", 1)


def moved_numbers():
    for count in (10, 100, 5000, 100_000):
        found = slices.f64.counted(count)
        slices.f64.reverse(found)
        view = found.view()[count // 2 :]
        found[: count // 4] = found[::-1][: count // 4]
        del found
        slices.f64.reverse(view)
    slices.some(0)
    slices.roomy(100_000)[99_999] = 1
    slices.queued(100_000).byteswap()
    slices.positive([1.0] * 100_000).reverse()


def refusals():
    with contextlib.suppress(OverflowError):
        callbacks.apply(lambda number: number, 2**63)
    with contextlib.suppress(TypeError):
        traits.total([Own(), 1])


class Own(traits.Shape):
    def area(self):
        return 1.0

    def name(self):
        return "own"

    def scale(self, factor):
        raise ZeroDivisionError


def trait_objects():
    drawing, own = traits.Drawing(), Own()
    drawing.add_all([own, traits.Circle(1.0)])
    drawing.share(own)
    drawing.area()
    drawing.clear()
    traits.describe(own)
    own.describe()
    with contextlib.suppress(ZeroDivisionError):
        traits.consume(own)
    traits.double(traits.Circle(1.0))
    with contextlib.suppress(TypeError):
        traits.area(drawing)


class Shelf:
    def put(self, key, value):
        raise traits.StoreError.Full(3)

    def get(self, key):
        raise traits.StoreError.Missing(key)

    def flush(self):
        raise OSError("full")

    def check(self):
        pass


def returned_objects():
    drawing, kept = traits.Drawing(), []
    drawing.add_all([traits.make("circle", 1.0), traits.some_shape(2.0), Own()])
    with drawing.first() as first, contextlib.suppress(traits.BorrowError):
        first.scale(2.0)
    with drawing.first_mut() as first:
        first.scale(2.0)
    drawing.visit(kept.append)
    with contextlib.suppress(traits.HandleError):
        kept[0].area()
    drawing.share(traits.Circle(1.0))
    shared = drawing.first_shared()
    with contextlib.suppress(traits.BorrowError):
        shared.scale(2.0)
    drawing.clear()
    shared.scale(2.0)
    traits.elsewhere(traits.job())
    traits.fill(Shelf(), 1)
    with contextlib.suppress(traits.StoreError):
        traits.look_up(Shelf(), "x", None)
    with contextlib.suppress(OSError):
        traits.finish(Shelf())
    traits.fill(traits.store(), 1)


def channels_and_pointers():
    received = list(channels.count(10))
    next(channels.count(5))
    channels.sum(received)
    adding = channels.Adding()
    adding.sender().send(1)
    pointers.apply(lambda number: number, 1)
    with contextlib.suppress(ZeroDivisionError):
        pointers.apply(lambda number: number // 0, 1)
    number = pointers.Ref(1)
    pointers.increment(number)


ACTIONS = (
    borrows,
    hand_overs,
    calls_back,
    loans,
    returned_functions,
    crossings,
    changes_in_place,
    moved_numbers,
    maps_in_place,
    refusals,
    trait_objects,
    returned_objects,
    channels_and_pointers,
)
for _ in range(10):
    for action in ACTIONS:
        action()
gc.collect()
for module in (memory, callbacks, values, lists, maps, traits, channels, pointers, slices):
    if module.__live_handles__():
        sys.exit(f"{module.__name__}: {module.__live_handles__()} handles are left")
