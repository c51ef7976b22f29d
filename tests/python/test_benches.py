"""The benchmarks at tiny size: what they report, and whom they refuse to time."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from benches import corpora, native
from benches.__main__ import KEYS, measure_all, parse
from benches.bound import HashRate, Rates, least_seconds, measure, parse_hash_rates
from benches.contenders import Contender, Task, find_flaw
from benches.corpora import Corpus, Group, Listed
from benches.figures import figures
from benches.ours import our_contenders
from benches.parts import PARTS, Part
from benches.peers import peer_contenders
from benches.plots import draw
from benches.report import duration, report
from benches.results import Results
from benches.runs import Command, CommandError, Sample, Series, run, take_turns
from benches.verifying import Outcome, Timing, Verifier

from conftest import ROOT, need

pytestmark = pytest.mark.once

#: Rates that make a bound easy to reckon.
RATES = Rates(
    [
        HashRate("sha1", "single", 1, 2**19, 1e9),
        HashRate("sha1", "avx2", 32, 2**14, 4e9),
        HashRate("sha1", "avx512", 32, 2**14, 8e9),
        HashRate("sha1", "avx512", 128, 2**12, 2e9),
    ],
    read=8e9,
    file=1e-3,
    threads=2,
)

#: What a run of the tests leaves out: packages and programs that not every system has, and
#: emptying the page cache under the feet of everyone.
LEFT_OUT = {"real", "cold", "medium-blake3"}


def shell(script: str, name: str = "other") -> Contender:
    """Somebody else's verifier: a shell script, to which the manifest is ``$0``."""

    def command(task: Task) -> Command:
        return Command(["sh", "-c", script, str(task.manifest)], task.root)

    return Contender(name, command)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The C program over the installed library."""
    need("cc", "gcc", "clang")
    return native.build_engine(tmp_path_factory.mktemp("engine"))


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the run of ``results`` makes its files."""
    return tmp_path_factory.mktemp("run")


@pytest.fixture(scope="module")
def results(directory: Path) -> Results:
    """A run of nearly everything at a tiny size."""
    need("cc", "gcc", "clang")
    keys = ",".join(key for key in KEYS if key not in LEFT_OUT)
    options = parse(["--only", keys, "--rounds=1", "--scale=0.0002", "--no-install", "--no-go"])
    return measure_all(options, directory, RATES.hashes)


def test_every_part_has_its_table_and_its_figures(results: Results) -> None:
    text = report(results)
    run_parts = [part for part in PARTS if part.key not in LEFT_OUT]
    titles = re.findall(r"^### (.*)$", text, re.MULTILINE)
    assert [part.title for part in run_parts] == titles[: len(run_parts)]
    assert len(re.findall(r"^\| \*\*checksig\*\* \|", text, re.MULTILINE)) == len(run_parts)
    wanted = [figure.what for figure in figures(results)]
    for part in run_parts:
        assert f"{part.title}: against the best peer" in wanted
        assert (f"{part.title}: over the bound" in wanted) == (part.algorithm == "sha1")
    for heading in ("From few files to many", "What a call costs", "A dot product"):
        assert f"# {heading}\n" in text
    assert "smaller than the titles say" in text
    assert "## More" not in text
    assert report(results, ["dns"]).endswith("## More\n\n- [dns](benchmarks/dns.md)\n")


def test_every_contender_was_timed_in_every_round(results: Results) -> None:
    for outcome in results.outcomes:
        assert outcome.refused == {}
        assert {"engine", "hashlib"} <= set(outcome.timings)
        for timing in outcome.timings.values():
            assert len(timing.seconds.values) == results.rounds
            assert timing.seconds.low > 0
        peak = outcome.timings["engine"].peak
        assert peak is not None
        assert 2**20 < peak < 2**30


def test_tables_have_as_many_cells_as_their_heads(results: Results) -> None:
    cells = 0
    for line in report(results).splitlines():
        if not line.startswith("|"):
            cells = 0
            continue
        cells = cells or line.count(" |")
        assert line.count(" |") == cells, line


def test_plots_are_named_by_the_report_and_the_same_each_time(
    results: Results, tmp_path: Path
) -> None:
    few = results._replace(outcomes=results.outcomes[:3], curves=results.curves[:2])
    first, second = draw(few, tmp_path / "1"), draw(few, tmp_path / "2")
    named = re.findall(r"\(benchmarks/(\w+)\.svg\)", report(few))
    assert sorted(named) == sorted(path.stem for path in first)
    for one, other in zip(first, second):
        assert one.read_bytes() == other.read_bytes()
        assert ElementTree.parse(one).getroot().tag.endswith("svg")
        assert b"<dc:date>" not in one.read_bytes()


@pytest.mark.usefixtures("results")
def test_corpora_are_gone_after_a_run(directory: Path) -> None:
    assert {path.name.partition(".")[0] for path in directory.iterdir()} == {
        "_checksig_cffi",
        "engine",
        "reads",
    }


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_ended_leaves_nothing_behind(number: int, tmp_path: Path) -> None:
    need("cc", "gcc", "clang")
    arguments = ["--only=curve", "--rounds=1000000", "--scale=0.01", "--no-install", "--no-go"]
    process = subprocess.Popen(
        [sys.executable, "-m", "benches", *arguments, "--directory", tmp_path],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("writing"):
            break
    assert list(tmp_path.iterdir()) != []
    process.send_signal(number)
    process.send_signal(number)  # of someone impatient
    process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert list(tmp_path.iterdir()) == []


def test_the_contenders_that_the_run_leaves_out_verify(tmp_path: Path) -> None:
    need("sha1sum")
    contenders = peer_contenders(None, None)
    for key in ("hashlib-many", "xargs-many"):
        assert find_flaw(contenders[key], "sha1", tmp_path / key) is None


@pytest.mark.parametrize(
    ("script", "flaw"),
    [
        ("true", "passes a file of which one byte is another"),
        ("false", "fails on good files"),
        ("cut -c43- $0 | xargs cat > /dev/null", "passes a file of which one byte is another"),
        ("sha1sum --status --ignore-missing -c $0", "passes where a file is missing"),
        ("head -n 7 $0 | sha1sum --status -c", "passes a file of which one byte is another"),
    ],
)
def test_who_does_not_verify_is_refused(script: str, flaw: str, tmp_path: Path) -> None:
    need("sha1sum")
    found = find_flaw(shell(script), "sha1", tmp_path)
    assert found is not None
    assert flaw in found


def test_who_is_refused_is_not_timed(engine: Path, tmp_path: Path) -> None:
    contenders = {**our_contenders(engine), "sums": shell("true", "blind"), "xargs": shell("false")}
    verifier = Verifier(contenders, RATES, 1, tmp_path, scale=0.0002)
    part = Part("part", "A part", "small", "sha1", ("engine", "sums", "xargs"))
    (outcome,), _curve = verifier.verify([part], curve=False)
    assert list(outcome.timings) == ["engine"]
    assert set(outcome.refused) == {"blind", "other"}
    results = Results([], 1, None, [outcome], [], [], [])
    assert "Not timed: blind passes a file" in report(results)


def test_checksig_must_not_be_refused(tmp_path: Path) -> None:
    broken = Contender("checksig", shell("true").command, is_peer=False)
    verifier = Verifier({"engine": broken}, RATES, 1, tmp_path, scale=0.0002)
    part = Part("part", "A part", "small", "sha1", ("engine",))
    with pytest.raises(RuntimeError, match="checksig passes a file"):
        verifier.verify([part], curve=False)


def test_the_real_part_takes_what_the_lists_tell_and_is_there(engine: Path, tmp_path: Path) -> None:
    root, lists = tmp_path / "root", tmp_path / "lists"
    root.mkdir()
    lists.mkdir()
    for name in ("a", "b c"):
        (root / name).write_text(name, encoding="ascii")
    digests = {name: hashlib.md5(name.encode("ascii")).hexdigest() for name in ("a", "b c", "gone")}
    (lists / "one.md5sums").write_text(f"{digests['a']}  a\n", encoding="ascii")
    (lists / "two.md5sums").write_text(
        f"{digests['b c']}  b c\n{digests['gone']}  gone\n", encoding="ascii"
    )
    contenders = {**our_contenders(engine), **peer_contenders(None, None)}
    verifier = Verifier(contenders, RATES, 1, tmp_path, dpkg_lists=lists, real_root=root)
    real = [part for part in PARTS if part.key == "real"]
    (outcome,), _curve = verifier.verify(real, curve=False)
    assert (outcome.files, outcome.size) == (2, 4)
    assert outcome.note == "1 file that is missing or was changed is left out."
    assert "openssl" in outcome.timings or not peer_contenders(None, None).get("openssl")


def test_corpora_are_the_same_each_time_and_no_two_files_are_alike(tmp_path: Path) -> None:
    corpus = Corpus("few", (Group(20, 100), Group(2, 3 * corpora.MIB)))
    found = []
    for number in range(2):
        root = tmp_path / str(number)
        found.append(corpora.hashed(root, corpora.make(corpus, root), "sha1"))
    assert found[0] == found[1]
    assert [file.size for file in found[0]] == [100] * 20 + [3 * corpora.MIB] * 2
    assert len({file.digest for file in found[0]}) == 22
    assert sum(file.size for file in found[0]) == corpus.size


def test_scaling_keeps_few_files_and_shrinks_them() -> None:
    small = Corpus("mixed", (Group(1, 1000), Group(5000, 16))).scaled(0.01)
    assert small.groups == (Group(1, 10), Group(50, 16))


def test_shares_are_of_equal_work() -> None:
    files = [Listed(str(size), size * corpora.MIB, "") for size in (1, 9, 2, 3, 3)]
    parts = corpora.shares(files, 2)
    assert sorted(sum(file.size for file in part) for part in parts) == [9 * corpora.MIB] * 2
    assert corpora.shares(files[:1], 2) == [files[:1]]


def test_the_bound_is_the_work_or_the_longest_file() -> None:
    small = [Listed("", 4096, "")] * 1000
    work = 1000 * (1e-3 + 4096 / 8e9 + 4096 / 2e9) / 2
    assert least_seconds(small, "sha1", RATES) == pytest.approx(work)
    huge = [Listed("", 10**9, ""), *small]
    assert least_seconds(huge, "sha1", RATES) == pytest.approx(1.0)


def test_rates_are_measured(tmp_path: Path) -> None:
    need("cc", "gcc", "clang")
    rates = measure(native.build_reads(tmp_path), RATES.hashes, tmp_path, scale=0.01)
    assert 1e6 < rates.read < 1e12
    assert rates.file < 1
    assert rates.threads == os.cpu_count()


def test_what_the_example_of_lanehash_prints_is_understood() -> None:
    rates = parse_hash_rates(["md5 soft 128 4096 522421909", "sha1 avx512 1 524288 1948736247"])
    assert rates[0] == HashRate("md5", "soft", 128, 4096, 522421909.0)
    assert rates[1].messages == 1


def test_the_best_peer_is_none_of_ours() -> None:
    ours = Timing("checksig", False, Series((1.0,)), None, None)
    slow, fast = (Timing(name, True, Series((s,)), None, None) for name, s in (("a", 3), ("b", 2)))
    results = Results([], 1, None, [], [], [], [])
    timings = {"engine": ours, "a": slow, "b": fast}
    outcome = Outcome(PARTS[0], 1, 1, 0.8, timings, {})
    assert outcome.best_peer() == fast
    found = {figure.what: figure for figure in figures(results._replace(outcomes=[outcome]))}
    against_peers = found[f"{outcome.part.title}: against the best peer"]
    assert (against_peers.found, against_peers.is_reached) == (2.0, False)
    over_the_bound = found[f"{outcome.part.title}: over the bound"]
    assert (over_the_bound.found, over_the_bound.is_reached) == (1.25, True)


def test_turns_rotate_and_end_for_who_fails() -> None:
    order: list[str] = []

    def runner(name: str) -> Sample:
        order.append(name)
        if name == "c" and order.count("c") == 2:
            raise CommandError("c fails")
        return Sample(float(len(order)))

    runs = {name: (lambda name=name: runner(name)) for name in "abc"}
    samples, failures = take_turns(runs, 3)
    assert "".join(order) == "abcbcaab"
    assert {name: len(values) for name, values in samples.items()} == {"a": 3, "b": 3}
    assert str(failures["c"]) == "c fails"


def test_a_command_tells_what_it_measured_itself(tmp_path: Path) -> None:
    script = """echo '{"seconds": 0.5, "peak": 1024}'"""
    sample = run(Command(["sh", "-c", script], tmp_path))
    assert (sample.own, sample.peak) == (0.5, 1024)
    with pytest.raises(CommandError, match="exit 3: no such luck"):
        run(Command(["sh", "-c", "echo no such luck >&2; exit 3"], tmp_path))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(2.5, "2.5 s"), (0.9996, "1 s"), (0.012, "12 ms"), (3.456e-6, "3.46 µs"), (8.2e-8, "82 ns")],
)
def test_durations_have_the_unit_that_suits_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_an_unknown_part_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["--only=small,tiny"])
    assert "no part is called tiny" in capsys.readouterr().err
