"""Runs while they last: progress, an early end, Ctrl-C, iteration, asyncio, fork."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import io
import json
import os
import pickle
import signal
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Callable, Generator, Optional, TypeVar

import pytest

from checksig import (
    Cancel,
    Cancelled,
    ManifestError,
    Progress,
    Report,
    Result,
    Verdict,
    create,
    iter_verify,
    update,
    verify,
    verify_async,
)
from checksig.errors import ArgumentError

T = TypeVar("T")

#: How long what must happen may take, in seconds.
DEADLINE = 60

#: A size that takes minutes to read, on whatever machine: much longer than the deadline.
ENDLESS = 256 * 1024**3

NOTHING = hashlib.sha1(b"").hexdigest()


def is_over() -> bool:
    """Whether no thread of a run is left, of Python's or of the system's."""
    if any(thread.name.startswith("checksig") for thread in threading.enumerate()):
        return False
    tasks = Path("/proc/self/task")
    if not tasks.is_dir():
        return True
    for task in tasks.iterdir():
        try:
            if (task / "comm").read_text().startswith("checksig-"):
                return False
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has just ended
    return True


def wait_for(condition: Callable[[], bool]) -> None:
    """Waits until a condition holds; fails when it does not in time."""
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        gc.collect()
        time.sleep(0.005)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Ten thousand lines about twenty files; every tenth is bad."""
    root = tmp_path / "small"
    root.mkdir()
    lines = []
    for number in range(20):
        (root / f"{number}").write_bytes(b"%d" % number)
        stated = b"%d" % number if number % 10 else b"other"
        lines.append(f"{hashlib.sha1(stated).hexdigest()}  {number}\n")
    (root / "sha1sum.txt").write_text("".join(lines) * 500)
    return root


@pytest.fixture
def long(tmp_path: Path) -> Path:
    """A directory that takes far too long to verify, though it has no data at all."""
    root = tmp_path / "long"
    root.mkdir()
    (root / "first").write_bytes(b"")
    lines = []
    for number in range(16):
        with (root / f"{number}").open("wb") as sparse:
            sparse.truncate(ENDLESS)
        lines.append(f"{NOTHING}  {number}\n")
    lines.append(f"{NOTHING}  first\n")
    (root / "sha1sum.txt").write_text("".join(lines))
    return root


#: More lines than are sorted by their files' sizes, so that they come in their order.
MANY = 10_001


@pytest.fixture
def endless(long: Path) -> Path:
    """The same after many lines that take no time."""
    manifest = long / "sha1sum.txt"
    manifest.write_text(f"{NOTHING}  first\n" * MANY + manifest.read_text())
    return long


def is_partial(report: Optional[Report], lines: int = 17) -> bool:
    """Whether a report is that of a run of so many lines that was ended early."""
    assert report is not None
    results = list(report.results)
    assert sum(report.counts.values()) == len(results) < lines
    assert not report.ok
    assert report.message is not None
    return report.cancelled


# Progress


def test_progress_comes_on_this_thread_with_growing_numbers(long: Path) -> None:
    seen: list[Progress] = []
    callers: set[int] = set()
    cancel = Cancel()

    def progress(now: Progress) -> None:
        callers.add(threading.get_ident())
        seen.append(now)
        if len(seen) == 4:
            cancel.request()

    with pytest.raises(Cancelled):
        verify(long, progress=progress, cancel=cancel)
    assert callers == {threading.get_ident()}
    assert len(seen) >= 4
    assert [now.files for now in seen] == sorted(now.files for now in seen)
    amounts = [now.bytes for now in seen]
    assert amounts == sorted(amounts)
    assert amounts[-1] > amounts[0] >= 0
    assert {(now.files_total, now.bytes_total) for now in seen} == {(17, 16 * ENDLESS)}
    assert {now.path for now in seen} <= {"first", *map(str, range(16))}
    wait_for(is_over)


def test_progress_of_a_manifest_that_is_made(long: Path) -> None:
    """How many files there are is known, and how many bytes is not."""
    manifest = long / "sha1sum.txt"
    before = manifest.read_bytes()
    calls: list[Callable[..., object]] = [partial(create, algorithm="sha1"), update]
    for call in calls:
        seen: list[Progress] = []
        cancel = Cancel()

        def progress(now: Progress, seen: list[Progress] = seen, cancel: Cancel = cancel) -> None:
            seen.append(now)
            cancel.request()

        with pytest.raises(Cancelled):
            call(long, manifest, progress=progress, cancel=cancel)
        assert manifest.read_bytes() == before
        assert seen[0].files_total == 17
        assert seen[0].bytes_total in (None, 16 * ENDLESS)


class Unusual(BaseException):
    """Not even an Exception."""


@pytest.mark.parametrize("error", [Unusual("mine"), KeyError("own"), KeyboardInterrupt()], ids=repr)
@pytest.mark.parametrize("of_main", [True, False], ids=["main thread", "other thread"])
def test_an_exception_in_progress(long: Path, error: BaseException, of_main: bool) -> None:
    """It ends the run, reaches the caller as the same object, and has the report."""
    raised: list[BaseException] = []

    def fail(_now: Progress) -> None:
        raise error

    def work() -> None:
        try:
            verify(long, progress=fail)
        except BaseException as caught:
            raised.append(caught)

    if hasattr(error, "report"):
        del error.report
    if of_main:
        work()
    else:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join(DEADLINE)
    assert raised == [error]
    assert raised[0] is error
    wait_for(is_over)
    report = getattr(error, "report", None)
    assert isinstance(report, Report), f"report is {report!r}"
    assert is_partial(report)


# An early end


@pytest.mark.parametrize("of_main", [True, False], ids=["main thread", "other thread"])
def test_cancelling_from_another_thread(long: Path, of_main: bool) -> None:
    """The run ends with what was done until then."""
    raised: list[Cancelled] = []
    cancel = Cancel()
    assert not cancel.requested

    def work() -> None:
        with pytest.raises(Cancelled, match="cancelled") as caught:
            verify(long, cancel=cancel)
        raised.append(caught.value)

    timer = threading.Timer(0.3, cancel.request)
    timer.start()
    if of_main:
        work()
    else:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join(DEADLINE)
    timer.join()
    (error,) = raised
    assert cancel.requested
    assert error.status is None
    assert is_partial(error.report)
    assert error.report is not None
    assert error.report.message is not None
    assert error.report.message.endswith('sha1sum.txt" - cancelled')
    wait_for(is_over)


def test_a_flag_that_was_raised_before(small: Path) -> None:
    """Nothing is done; the flag stays raised, and ends any run that has it."""
    cancel = Cancel()
    cancel.request()
    cancel.request()
    for _ in range(2):
        with pytest.raises(Cancelled) as caught:
            verify(small, cancel=cancel)
        report = caught.value.report
        assert report is not None
        assert len(report.results) == 0
        assert report.cancelled
    assert len(verify(small, cancel=Cancel()).results) == 10_000


def test_a_flag_that_nobody_raises(small: Path) -> None:
    """Any number of runs may have it, at once and one after the other."""
    cancel = Cancel()
    for _ in range(3):
        assert verify(small, cancel=cancel).counts == {Verdict.OK: 9000, Verdict.MISMATCH: 1000}


def test_one_flag_ends_many_runs(long: Path) -> None:
    cancel = Cancel()
    ended: list[Cancelled] = []

    def work() -> None:
        with pytest.raises(Cancelled) as caught:
            verify(long, cancel=cancel)
        ended.append(caught.value)

    threads = [threading.Thread(target=work) for _ in range(5)]
    for thread in threads:
        thread.start()
    time.sleep(0.1)
    cancel.request()
    for thread in threads:
        thread.join(DEADLINE)
    assert len(ended) == 5


def test_a_cancellation_of_another_process(small: Path) -> None:
    """The text crosses, the library's memory does not, as for other errors."""
    cancel = Cancel()
    cancel.request()
    with pytest.raises(Cancelled) as caught:
        verify(small, cancel=cancel)
    crossed = pickle.loads(pickle.dumps(caught.value))
    assert (type(crossed), str(crossed)) == (Cancelled, str(caught.value))


WAITING = """if True:
    import asyncio, os, signal, sys, threading, time
    from checksig import Cancel, iter_verify, read_manifest, verify, verify_async

    there, here = os.pipe()
    pipe = os.fdopen(there, "rb", 0)
    os.write(here, b"da39a3ee5e6b4b0d3255bfef95601890afd80709  a")

    async def task(**kinds):
        await asyncio.wait_for(verify_async(".", pipe, **kinds), 0.5)

    calls = {
        "verify": lambda **kinds: verify(".", pipe, **kinds),
        "progress": lambda **kinds: verify(".", pipe, progress=lambda now: None, **kinds),
        "iter_verify": lambda **kinds: list(iter_verify(".", pipe, **kinds)),
        "read_manifest": lambda **kinds: read_manifest(pipe),
        "verify_async": lambda **kinds: asyncio.run(task(**kinds)),
    }
    what, has_flag = sys.argv[1:]
    flag = Cancel()
    if what != "verify_async":
        threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
    start = time.monotonic()
    try:
        calls[what](**({"cancel": flag} if has_flag == "True" else {}))
    except (KeyboardInterrupt, asyncio.TimeoutError) as error:
        took = time.monotonic() - start
        print(type(error).__name__, flag.requested, threading.active_count(), took < 30)
"""


@pytest.mark.parametrize("has_flag", [True, False])
@pytest.mark.parametrize(
    "what", ["verify", "progress", "iter_verify", "read_manifest", "verify_async"]
)
def test_a_pipe_is_not_waited_for_any_more(what: str, has_flag: bool, small: Path) -> None:
    """Neither after Ctrl-C nor where the task is cancelled; a flag of the caller's stays down."""
    command = [sys.executable, "-c", WAITING, what, str(has_flag)]
    done = subprocess.run(
        command, cwd=small, stdout=subprocess.PIPE, text=True, timeout=DEADLINE, check=True
    )
    error, *rest = done.stdout.split()
    assert error == ("TimeoutError" if what == "verify_async" else "KeyboardInterrupt")
    assert rest == ["False", "1", "True"]


def test_a_flag_ends_the_wait_for_a_pipe(small: Path) -> None:
    there, here = os.pipe()
    cancel = Cancel()
    timer = threading.Timer(0.3, cancel.request)
    timer.start()
    with os.fdopen(there, "rb", 0) as pipe, pytest.raises(Cancelled):
        verify(small, pipe, cancel=cancel)
    os.close(here)
    timer.join()


# The program's end, and what nobody wants any more

LATE = """if True:
    import atexit, sys, threading, time
    from checksig import iter_verify

    def read():
        if sys.argv[2] == "begun":
            next(results)
        time.sleep(0.3)
        print(sum(1 for _ in results))

    results = iter_verify(sys.argv[1])
    if sys.argv[2] == "atexit":
        atexit.register(read)
    else:
        threading.Thread(target=read).start()
"""


@pytest.mark.parametrize("when", ["thread", "begun", "atexit"])
def test_results_are_read_when_the_main_thread_has_ended(when: str, small: Path) -> None:
    command = [sys.executable, "-c", LATE, str(small), when]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE, check=True)
    assert (done.stdout, done.stderr) == (f"{10_000 - (when == 'begun')}\n", "")


def test_a_generator_may_be_collected_on_the_thread_of_its_run(
    small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It allocates, and so it is where the collector runs."""

    def leave() -> None:
        results = iter_verify(small)
        try:
            for _ in results:
                raise ValueError
        except ValueError as error:
            kept = error
            assert kept.__traceback__ is not None  # and this frame: a cycle

    with warnings.catch_warnings():
        warnings.simplefilter("error", pytest.PytestUnraisableExceptionWarning)
        for _ in range(5):
            leave()
            time.sleep(0.05)
        gc.collect()
    wait_for(is_over)
    assert capsys.readouterr().err == ""


def test_a_coroutine_that_is_closed_ends_its_run(long: Path) -> None:
    async def close() -> None:
        coroutine = verify_async(long)
        coroutine.send(None)
        await asyncio.sleep(0.2)
        coroutine.close()
        while not is_over():  # no event tells
            await asyncio.sleep(0.01)

    asyncio.run(asyncio.wait_for(close(), DEADLINE))


def test_a_task_that_waits_for_a_thread_is_cancelled_at_once(small: Path) -> None:
    async def wait() -> None:
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1) as executor:
            loop.set_default_executor(executor)
            is_cancelled = threading.Event()
            busy = loop.run_in_executor(None, is_cancelled.wait, DEADLINE)
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(verify_async(small), 0.1)
            assert not busy.done()
            is_cancelled.set()
            assert await busy

    asyncio.run(wait())


def test_a_child_does_not_wait_for_the_results_of_its_parent(small: Path) -> None:
    results = iter_verify(small)
    next(results)
    child = os.fork()
    if child == 0:
        try:
            list(results)
        except RuntimeError:
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0
    results.close()


def test_what_is_no_flag(small: Path) -> None:
    with pytest.raises(TypeError, match="cancel is a bool, want a Cancel"):
        verify(small, cancel=True)  # type: ignore[arg-type]


# Ctrl-C

RESTORED = """if True:
    import signal, sys, threading
    import checksig

    restore = threading.Condition._acquire_restore

    def interrupted(condition, state):
        if threading.current_thread() is threading.main_thread():
            threading.Condition._acquire_restore = restore
            signal.raise_signal(signal.SIGINT)
        restore(condition, state)

    threading.Condition._acquire_restore = interrupted
    try:
        checksig.verify(sys.argv[1])
    except KeyboardInterrupt:
        print(threading.active_count())
"""


def test_ctrl_c_where_a_thread_that_starts_is_waited_for(long: Path) -> None:
    """There it makes an error of the lock's."""
    command = [sys.executable, "-c", RESTORED, str(long)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE, check=True)
    assert (done.stdout, done.stderr) == ("1\n", "")


INTERRUPTED = """if True:
    import sys
    import threading

    import checksig

    def own_threads():
        return [t.name for t in threading.enumerate() if t is not threading.main_thread()]

    root, call = sys.argv[1:]
    calls = {
        "verify": lambda: checksig.verify(root),
        "progress": lambda: checksig.verify(root, progress=lambda now: None),
        "iterate": lambda: list(checksig.iter_verify(root)),
        "create": lambda: checksig.create(root, root + "/made"),
        "check_signature": lambda: checksig.check_signature(root),
        "hash_file": lambda: checksig.hash_file(root + "/0"),
        "read_manifest": lambda: checksig.read_manifest(root + "/0", zero=True),
    }
    print("ready", flush=True)
    try:
        calls[call]()
    except KeyboardInterrupt as error:
        report = getattr(error, "report", None)
        cancelled = getattr(report, "cancelled", None)
        print(type(report).__name__, cancelled, own_threads())
    else:
        print("not interrupted")
"""


WITH_REPORT = ["verify", "progress", "create", "check_signature"]


@pytest.mark.parametrize("call", [verify, lambda root: list(iter_verify(root))])
def test_ctrl_c_while_a_run_begins(
    call: Callable[[Path], object], long: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its thread may be on its way already."""
    start = threading.Thread.start

    def interrupted(thread: threading.Thread) -> None:
        start(thread)
        raise KeyboardInterrupt

    monkeypatch.setattr(threading.Thread, "start", interrupted)
    with pytest.raises(KeyboardInterrupt):
        call(long)
    assert is_over()


@pytest.mark.parametrize("call", [*WITH_REPORT, "iterate", "hash_file", "read_manifest"])
def test_ctrl_c(long: Path, call: str) -> None:
    """It ends the run, the report says how far that was, and no thread is left."""
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, str(long), call],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=DEADLINE)
    finally:
        process.kill()
        process.wait()
    assert (err, process.returncode) == ("", 0)
    expected = "Report True []" if call in WITH_REPORT else "NoneType None []"
    assert out == f"{expected}\n"


# Iteration


def test_iterating_gives_every_result(small: Path) -> None:
    """Once, in no particular order, as ``verify`` has it."""
    results = list(iter_verify(small))
    assert sorted(results, key=lambda result: result.line) == list(verify(small).results)
    assert len(results) == 10_000
    assert all(isinstance(result, Result) for result in results)
    wait_for(is_over)


def test_results_come_while_the_run_goes_on(endless: Path) -> None:
    """The first is here long before the last could be; leaving the loop ends the run."""
    results = iter_verify(endless, threads=2)
    taken = []
    for result in results:
        taken.append(result)
        if len(taken) == 5:
            break
    assert len(taken) == 5
    assert not is_over()
    results.close()
    wait_for(is_over)
    assert list(results) == []


def test_leaving_a_loop_ends_the_run(endless: Path) -> None:
    """Also where nobody keeps the iterator to close it."""
    for _result in iter_verify(endless):
        break
    wait_for(is_over)


def test_an_iterator_that_nobody_asks(long: Path) -> None:
    """Nothing has begun, so nothing is left."""
    results = iter_verify(long)
    wait_for(is_over)
    del results
    wait_for(is_over)


def test_a_slow_reader_loses_nothing(small: Path) -> None:
    """More results than wait for a reader at once."""
    count = 0
    for _ in iter_verify(small):
        count += 1
        if count in (1, 5000):
            time.sleep(0.3)
    assert count == 10_000


def test_the_options_of_iterating(tmp_path: Path) -> None:
    """Those of ``verify``."""
    (tmp_path / "a").write_bytes(b"1")
    (tmp_path / "list").write_text("nonsense\n" + NOTHING + "  gone\n" + NOTHING + "  ../a\n")

    def verdicts(**options: Any) -> list[Verdict]:
        found = list(iter_verify(tmp_path, tmp_path / "list", **options))
        return [result.verdict for result in sorted(found, key=lambda result: result.line)]

    bad, missing, refused = Verdict.MALFORMED, Verdict.MISSING, Verdict.REFUSED
    assert verdicts() == [bad, missing, refused]
    assert verdicts(ignore_missing=True, threads=1) == [bad, Verdict.SKIPPED, refused]
    assert verdicts(contain=False) == [bad, missing, missing]
    assert verdicts(algorithm="md5") == [bad, bad, bad]
    assert verdicts(format="sfv") == [bad, bad, bad]
    assert len(verdicts(zero=True)) == 1
    assert verdicts(exclude=["gone"]) == [bad, Verdict.SKIPPED, refused]


def test_the_report_of_an_iteration(tmp_path: Path) -> None:
    """It is the generator's own value."""
    (tmp_path / "a").write_bytes(b"")
    (tmp_path / "b").write_bytes(b"")
    (tmp_path / "list").write_text(f"nonsense\n{NOTHING}  a\n")

    def whole(**options: Any) -> Generator[Result, None, None]:
        report = yield from iter_verify(tmp_path, tmp_path / "list", **options)
        reports.append(report)

    reports: list[Report] = []
    assert len(list(whole(strict=False))) == len(list(whole(audit=True, strict=False))) == 2
    assert [(report.ok, report.extra) for report in reports] == [(True, []), (False, ["b"])]


def test_a_slow_observer_hears_the_latest(endless: Path) -> None:
    """What is old when it could be told is not told."""
    seen: list[float] = []
    start = time.monotonic()

    def progress(_now: Progress) -> None:
        time.sleep(0.5)
        seen.append(time.monotonic() - start)
        if len(seen) == 3:
            raise KeyError("enough")

    with pytest.raises(KeyError, match="enough") as caught:
        verify(endless, progress=progress)
    assert caught.value.report.cancelled  # type: ignore[attr-defined]
    wait_for(is_over)


def test_progress_of_an_iteration(endless: Path) -> None:
    """It is told to who asks for results, on that one's thread."""
    seen: list[tuple[Progress, int]] = []

    def progress(now: Progress) -> None:
        seen.append((now, threading.get_ident()))
        if now.files == now.files_total - 16:
            raise KeyError("enough")

    with pytest.raises(KeyError, match="enough"):
        list(iter_verify(endless, progress=progress))
    now, thread = seen[-1]
    assert thread == threading.get_ident()
    assert now.bytes_total is not None
    assert now.bytes_total >= 16 * ENDLESS
    wait_for(is_over)


def test_collisions_are_looked_for_in_every_kind_of_run(colliding: Path) -> None:
    """As in ``verify``."""
    refused = ["shambles-1", "shambles-2", "shattered-1", "shattered-2"]
    for detect in (True, False):
        results = iter_verify(colliding, detect_collisions=detect)
        report = asyncio.run(verify_async(colliding, detect_collisions=detect))
        for found in (results, report.results):
            names = sorted(one.path for one in found if one.verdict is Verdict.REFUSED)
            assert names == (refused if detect else [])


def test_errors_come_out_of_an_iterator(tmp_path: Path) -> None:
    """Before the first result, and none is left behind."""
    with pytest.raises(ManifestError, match="cannot open the directory"):
        list(iter_verify(tmp_path / "nowhere"))
    with pytest.raises(ManifestError, match="no manifest such as"):
        next(iter_verify(tmp_path))
    with pytest.raises(ArgumentError, match="unknown algorithm"):
        list(iter_verify(tmp_path, io.BytesIO(b""), algorithm="nonsense"))
    with pytest.raises(TypeError):
        list(iter_verify(None))  # type: ignore[arg-type]
    assert list(iter_verify(tmp_path, io.BytesIO(b""))) == []
    wait_for(is_over)


def test_an_exception_in_the_loop(endless: Path) -> None:
    """It ends the run, too, when the iterator is gone."""

    def loop() -> None:
        for result in iter_verify(endless):
            raise KeyError(result.path)

    with pytest.raises(KeyError, match="first"):
        loop()
    wait_for(is_over)


def test_cancelling_an_iteration(endless: Path) -> None:
    """What comes out is what was done; that it is not all does not stay unsaid."""
    cancel = Cancel()
    taken: list[Result] = []

    def loop() -> None:
        for result in iter_verify(endless, cancel=cancel):
            taken.append(result)
            cancel.request()

    with pytest.raises(Cancelled) as caught:
        loop()
    assert 1 <= len(taken) < MANY + 17
    assert caught.value.report is not None
    assert is_partial(caught.value.report, MANY + 17)
    wait_for(is_over)


LEFT_OPEN = """if True:
    import sys
    import checksig

    results = checksig.iter_verify(sys.argv[1])
    print(next(results).verdict.name)
"""


def test_a_program_ends_with_an_iterator_left_open(endless: Path) -> None:
    """Nobody will ever take the other results."""
    done = subprocess.run(
        [sys.executable, "-c", LEFT_OPEN, str(endless)],
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert (done.stderr, done.returncode) == ("", 0)
    assert done.stdout == "OK\n"


# asyncio


def test_the_event_loop_goes_on(long: Path) -> None:
    """A task of the caller's runs meanwhile; progress comes on the loop's thread."""
    ticks = 0
    seen: list[Progress] = []
    threads: set[int] = set()

    def progress(now: Progress) -> None:
        assert asyncio.get_running_loop() is not None
        threads.add(threading.get_ident())
        seen.append(now)

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.001)
            ticks += 1

    async def main() -> None:
        ticker = asyncio.ensure_future(tick())
        task = asyncio.ensure_future(verify_async(long, progress=progress))
        end = time.monotonic() + DEADLINE
        while len(seen) < 3 or ticks < 20:
            assert time.monotonic() < end, (ticks, len(seen))
            await asyncio.sleep(0.001)
        assert not task.done()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        wait_for(is_over)
        ticker.cancel()

    asyncio.run(main())
    assert threads == {threading.get_ident()}
    amounts = [now.bytes for now in seen]
    assert amounts == sorted(amounts)
    wait_for(is_over)


def test_the_flag_of_a_task(long: Path, small: Path) -> None:
    """It ends the run; a task that is cancelled leaves it as it is."""

    async def main() -> None:
        cancel = Cancel()
        told = asyncio.Event()
        task = asyncio.ensure_future(
            verify_async(long, cancel=cancel, progress=lambda _now: told.set())
        )
        await asyncio.wait_for(told.wait(), DEADLINE)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not cancel.requested
        assert len((await verify_async(small, cancel=cancel)).results) == 10_000
        task = asyncio.ensure_future(verify_async(long, cancel=cancel))
        await asyncio.sleep(0.1)
        cancel.request()
        with pytest.raises(Cancelled):
            await task

    asyncio.run(main())
    wait_for(is_over)


def test_the_report_of_a_task(small: Path) -> None:
    """As from ``verify``, many at once; errors come out."""

    async def main() -> list[Report]:
        with pytest.raises(ManifestError, match="cannot open the directory"):
            await verify_async(small / "nowhere")
        with pytest.raises(ArgumentError, match="unknown format"):
            await verify_async(small, format="nonsense")
        return list(await asyncio.gather(*(verify_async(small, threads=2) for _ in range(12))))

    expected = list(verify(small).results)
    reports = asyncio.run(main())
    assert len(reports) == 12
    for report in reports:
        assert list(report.results) == expected


def test_the_options_of_a_task(tmp_path: Path) -> None:
    """Those of ``verify``."""
    (tmp_path / "a").write_bytes(b"")
    (tmp_path / "b.tmp").write_bytes(b"")
    text = f"nonsense\n{NOTHING}  a\n{NOTHING}  gone\n".encode()

    async def main() -> Report:
        return await verify_async(
            tmp_path,
            io.BytesIO(text),
            strict=False,
            ignore_missing=True,
            audit=True,
            exclude=["*.tmp"],
        )

    report = asyncio.run(main())
    assert report.ok
    assert report.counts == {Verdict.OK: 1, Verdict.MALFORMED: 1, Verdict.SKIPPED: 1}


# Threads and processes


def test_a_number_of_threads_beyond_reason(small: Path) -> None:
    """As many as are of use are started."""
    expected = list(verify(small).results)
    assert list(verify(small, threads=100_000).results) == expected


CROWDED = """if True:
    import resource
    import sys

    import checksig

    root, algorithm, limit = sys.argv[1:]
    resource.setrlimit(resource.RLIMIT_NOFILE, (int(limit), int(limit)))
    made = checksig.create(root, root + "/" + algorithm + "sum.txt", algorithm=algorithm)
    print(made.ok, checksig.verify(root, made.manifest, threads=24))
"""


@pytest.mark.parametrize("algorithm", ["md5", "blake3"])
def test_few_files_may_be_open(tmp_path: Path, algorithm: str) -> None:
    """No more are opened at once than the system lets, and each is read."""
    for number in range(1000):
        (tmp_path / f"{number}").write_bytes(b"%d" % number * 10_000)
    command = [sys.executable, "-c", CROWDED, str(tmp_path), algorithm, "24"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE, check=True)
    assert done.stdout == "True <Report: 1000 OK>\n"


STRANGER = """if True:
    import os
    import sys

    from checksig import create, hash_file, read_manifest, verify

    root = sys.argv[1]
    os.setuid(65534)
    for _ in range(2):
        print(create(root), verify(root, audit=True).ok)
    print(len(read_manifest(root + "/sha256sum.txt")))
    print(hash_file(root + "/a", "crc32"))
"""


def test_a_directory_that_nobody_may_enter() -> None:
    """It may be the current one: who names all paths needs it not."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to be somebody else")
    with tempfile.TemporaryDirectory() as name:
        here, root = Path(name, "here"), Path(name, "root")
        Path(name).chmod(0o755)
        here.mkdir(mode=0o700)
        root.mkdir()
        root.chmod(0o777)
        (root / "a").write_bytes(b"a")
        command = [sys.executable, "-c", STRANGER, str(root)]
        done = subprocess.run(command, cwd=here, capture_output=True, text=True, timeout=DEADLINE)
    assert done.stderr == ""
    assert done.stdout == "<Report: 1 OK> True\n" * 2 + "1\ne8b7be43\n"


def test_many_at_once(small: Path) -> None:
    """Verifying, iterating and making manifests, each on a thread of its own."""
    expected = list(verify(small).results)
    surprises: list[object] = []
    finished: list[int] = []

    def work(number: int) -> None:
        try:
            if number % 3 == 0:
                found = list(verify(small, progress=lambda now: None).results)
            elif number % 3 == 1:
                found = sorted(iter_verify(small), key=lambda result: result.line)
            else:
                found = expected if create(small, small.parent / f"{number}").ok else []
            if found != expected:
                surprises.append(found)
            finished.append(number)
        except BaseException as error:
            surprises.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE)
    assert surprises == []
    assert sorted(finished) == list(range(12))
    wait_for(is_over)


FORKED = """if True:
    import asyncio
    import os
    import sys
    import threading
    import time

    import checksig

    root = sys.argv[1]
    expected = "<Report: 9000 OK, 1000 MISMATCH>"

    def everything():
        assert repr(checksig.verify(root)) == expected
        assert repr(checksig.verify(root, progress=lambda now: None)) == expected
        assert len(list(checksig.iter_verify(root))) == 10000
        assert repr(asyncio.run(checksig.verify_async(root))) == expected
        cancel = checksig.Cancel()
        cancel.request()
        try:
            checksig.verify(root, cancel=cancel)
        except checksig.Cancelled:
            return
        raise AssertionError("not cancelled")

    def forked():
        child = os.fork()
        if child == 0:
            code = 1
            try:
                everything()
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

    everything()
    flag = checksig.Cancel()
    forked()
    left_open = checksig.iter_verify(root)
    next(left_open)
    forked()
    left_open.close()
    thread = threading.Thread(target=forked)
    thread.start()
    thread.join()
    everything()
    print("done")
"""


def test_in_a_forked_child(small: Path) -> None:
    """Everything works there after it was used in the parent, even amid a run."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORKED, str(small)],
        capture_output=True,
        text=True,
        timeout=3 * DEADLINE,
    )
    assert (done.stdout, done.stderr, done.returncode) == ("done\n", "", 0)


# Memory


@pytest.mark.skipif(sys.implementation.name == "pypy", reason="needs tracemalloc")
def test_a_million_lines_cost_no_objects(tmp_path: Path) -> None:
    """Python's memory does not grow with the lines until a result is asked for."""
    import tracemalloc  # PyPy has none

    lines = 1_000_000
    text = b"".join(b"%040x  %d\n" % (number, number) for number in range(lines))
    opened = io.BytesIO(text)
    seen: Optional[Progress] = None

    def progress(now: Progress) -> None:
        nonlocal seen
        seen = now

    gc.collect()
    tracemalloc.start()
    try:
        report = verify(tmp_path, opened, progress=progress)
        counts = report.counts
        count = len(report.results)
        last = report.results[-1]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert counts == {Verdict.MISSING: lines}
    assert count == lines
    assert (last.path, last.line, last.expected) == (f"{lines - 1}", lines, f"{lines - 1:040x}")
    assert seen is not None
    assert peak < len(text) + 1024 * 1024
    report.close()


#: Audits, and prints what it found and by how many bytes the process's memory had grown.
AUDIT = """
import json, sys
from checksig import verify

def memory(what):
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith(what))

verify(*sys.argv[1:3]).close()  # what is loaded when it is first used
before = memory("VmRSS:")
report = verify(sys.argv[1], sys.argv[3], audit=True)
found = [{verdict.name: count for verdict, count in report.counts.items()}, list(report.extra)]
grown = memory("VmHWM:") - before
sample = range(0, len(report.results), 9973)
found.append([report.results[place].to_dict() for place in sample])
json.dump([grown, found], sys.stdout)
"""


#: How much a run takes at the most, however much it has to do.
MEMORY = 40 * 1024 * 1024


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux' /proc")
def test_a_million_lines_of_each_kind_need_little_memory(tmp_path: Path) -> None:
    """What is more is in temporary files; without these it finds the same."""
    files = tmp_path / "files"
    files.mkdir()
    for name in ("here", "new"):
        (files / name).write_bytes(b"")

    def line(number: int) -> tuple[bytes, str, str]:
        """A line, the name and the verdict."""
        if number % 10 == 3:
            return b"%040x  ./here" % number, "./here", "MISMATCH"
        if number % 10 == 5:
            return b"%039x  here" % number, "", "MALFORMED"
        # Every other name is out of order.
        name = f"some/directory/{number ^ 1:07}"
        return b"%040x  %s" % (number, name.encode()), name, "MISSING"

    def audit(temporary: str) -> tuple[int, list[Any]]:
        manifests = [str(tmp_path / name) for name in ("few", "million")]
        command = [sys.executable, "-c", AUDIT, str(files), *manifests]
        environment = {**os.environ, "TMPDIR": temporary}
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True, env=environment)
        grown, found = json.loads(done.stdout)
        return grown, found

    lines = 1_000_000
    with (tmp_path / "million").open("wb") as manifest:
        manifest.writelines(line(number)[0] + b"\n" for number in range(lines))
    (tmp_path / "few").write_bytes(line(0)[0])
    grown, found = audit(str(tmp_path))
    assert grown < MEMORY
    counts, extra, sample = found
    assert counts == {"MISMATCH": lines // 10, "MISSING": lines * 8 // 10, "MALFORMED": lines // 10}
    assert extra == ["new"]
    assert [(one["line"], one["path"], one["verdict"]) for one in sample] == [
        (number + 1, *line(number)[1:]) for number in range(0, lines, 9973)
    ]
    assert audit(str(tmp_path / "nothing"))[1] == found
    assert sorted(path.name for path in tmp_path.iterdir()) == ["few", "files", "million"]
