"""The plots of a report, as SVG files that are the same for the same results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib import ticker
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from .calls import CallCost
from .report import duration
from .results import Results
from .runs import Series
from .tutorials import Curve
from .verifying import CurvePoint, Outcome

__all__ = ["draw"]

#: The palette of Okabe and Ito, which colour-blind readers can tell apart.
BLUE, ORANGE, GREEN, PURPLE, RED, SKY = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#CC79A7",
    "#D55E00",
    "#56B4E9",
)
COLOURS = (BLUE, ORANGE, GREEN, PURPLE, RED, SKY)
MARKERS = ("o", "s", "^", "D", "v", "P")

STYLE: dict[Any, object] = {
    "svg.hashsalt": "checksig",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#dddddd",
    "figure.facecolor": "white",
}


def draw(results: Results, directory: Path) -> list[Path]:
    """Draws what the results have; the files."""
    directory.mkdir(parents=True, exist_ok=True)
    with matplotlib.rc_context(STYLE):
        drawn: dict[str, Figure] = {}
        if results.outcomes:
            drawn["verify"] = _verify(results.outcomes)
        if results.curve:
            drawn["curve"] = _curve(results.curve)
        if results.costs:
            drawn["calls"] = _calls(results.costs)
        drawn.update({curve.key: _ways(curve) for curve in results.curves})
        return [_save(figure, directory / f"{key}.svg") for key, figure in drawn.items()]


def _save(figure: Figure, path: Path) -> Path:
    figure.savefig(path, metadata={"Date": None, "Creator": None})
    return path


def _verify(outcomes: Sequence[Outcome]) -> Figure:
    """Bars of every contender's seconds, a panel for each part."""
    columns = min(2, len(outcomes))
    rows = -(-len(outcomes) // columns)
    figure = Figure(figsize=(5.5 * columns, 2.9 * rows), layout="constrained")
    panels = list(figure.subplots(rows, columns, squeeze=False).flat)
    for panel, outcome in zip(panels, outcomes):
        _contenders(panel, outcome)
    for panel in panels[len(outcomes) :]:
        panel.set_axis_off()
    return figure


def _contenders(panel: Axes, outcome: Outcome) -> None:
    """The fastest on top; checksig in another colour than the others."""
    timings = sorted(outcome.timings.values(), key=lambda timing: -timing.seconds.median)
    colours = [ORANGE if timing.is_peer else BLUE for timing in timings]
    _bars(panel, {timing.name: timing.seconds for timing in timings}, colours)
    key: list[Artist] = [Patch(color=BLUE, label="checksig"), Patch(color=ORANGE, label="others")]
    if outcome.bound is not None:
        key.append(
            panel.axvline(outcome.bound, color="black", linestyle="--", linewidth=1, label="bound")
        )
    panel.legend(handles=key, loc="upper right", fontsize=7)
    panel.set_title(outcome.part.title, fontsize=9, loc="left")


def _bars(panel: Axes, rows: Mapping[str, Series], colours: Sequence[str]) -> None:
    """Bars of medians in seconds from the bottom up, whiskers to the least and the greatest."""
    series = list(rows.values())
    whiskers = {"ecolor": "#333333", "elinewidth": 1, "capsize": 2}
    panel.barh(
        list(rows),
        [one.median for one in series],
        color=colours,
        xerr=_errors(series),
        error_kw=whiskers,
    )
    for place, one in enumerate(series):
        panel.annotate(f"  {duration(one.median)}", (one.high, place), va="center", fontsize=7)
    panel.xaxis.set_major_formatter(ticker.EngFormatter("s"))
    panel.set_xlabel("median; whiskers: least and greatest", fontsize=8)
    panel.tick_params(axis="y", labelsize=7)
    panel.grid(visible=False, axis="y")
    panel.margins(x=0.15)


def _errors(series: Sequence[Series]) -> list[list[float]]:
    """How far the least and the greatest are from the median."""
    return [[one.median - one.low for one in series], [one.high - one.median for one in series]]


def _curve(points: Sequence[CurvePoint]) -> Figure:
    """Seconds by files, and what a file costs."""
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    files = [point.files for point in points]
    for panel, scale, unit in ((left, 1.0, "seconds"), (right, 1e6, "µs a file")):
        divisors = [point.files if panel is right else 1 for point in points]
        series = [
            Series(tuple(value * scale / divisor for value in point.seconds.values))
            for point, divisor in zip(points, divisors)
        ]
        medians = [one.median for one in series]
        panel.errorbar(files, medians, yerr=_errors(series), color=BLUE, marker="o", capsize=3)
        panel.set_xscale("log")
        panel.set_xlabel("files of 4 KiB")
        panel.set_ylabel(unit)
        panel.xaxis.set_major_formatter(ticker.StrMethodFormatter("{x:,.0f}"))
    left.set_yscale("log")
    left.yaxis.set_major_formatter(ticker.StrMethodFormatter("{x:g}"))
    left.yaxis.set_minor_formatter(ticker.NullFormatter())
    right.set_ylim(bottom=0)
    return figure


def _calls(costs: Sequence[CallCost]) -> Figure:
    """Bars of what each call costs in each way, a panel for each call."""
    figure = Figure(figsize=(9, 4.4), layout="constrained")
    panels = figure.subplots(-(-len(costs) // 2), 2, squeeze=False).flat
    for panel, cost in zip(panels, costs):
        ways = dict(reversed(cost.ways.items()))
        _bars(panel, ways, [BLUE] * len(ways))
        panel.set_title(cost.what.replace("`", ""), fontsize=9, loc="left")
    return figure


def _ways(curve: Curve) -> Figure:
    """The seconds of each way by size."""
    figure = Figure(figsize=(6.5, 3.8), layout="constrained")
    panel = figure.subplots()
    ways = list(dict.fromkeys(way for _size, found in curve.points for way in found))
    for way, colour, marker in zip(ways, COLOURS, MARKERS):
        points = [(size, found[way]) for size, found in curve.points if way in found]
        panel.errorbar(
            [size for size, _series in points],
            [series.median for _size, series in points],
            yerr=_errors([series for _size, series in points]),
            label=way,
            color=colour,
            marker=marker,
            markersize=4,
            capsize=2,
        )
    panel.set_xscale("log")
    panel.set_yscale("log")
    panel.set_xlabel(curve.unit)
    panel.set_ylabel("seconds a call")
    panel.set_title(curve.title, fontsize=10, loc="left")
    panel.legend(fontsize=8)
    return figure
