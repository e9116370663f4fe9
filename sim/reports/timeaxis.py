"""The axis of time below a picture, and what is drawn over the intervals of a scenario."""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from sim.reports.plots import BAND, PALE, as_label, line_style
from sim.reports.results import Result
from sim.scenario.units import DAY, say_clock
from sim.scenario.weeks import Grid

TICKS = 12
CLOCKED = 1.5 * DAY  # of a longer horizon the days are named, not the hours
MOST_DAYS = 10  # whose names fit below a picture
MOST_LINES = 6  # that can be followed
WAITS = (1, 3, 10, 30, 60, 180, 600, 1800, 3600, 10_800, 36_000, 86_400, 259_200, 604_800)  # s


def clock_axis(ax: Any, grid: Grid) -> None:
    """At most a dozen clock times, at whole hours where the grid has them; over several days their names, parted."""
    ax.set_xlim(0, grid.count)
    ax.set_xlabel("time of day" if grid.horizon <= CLOCKED else "day")
    midnights = _midnights(grid)
    for place in midnights:
        if 0 < place < grid.count:
            ax.axvline(place, color=PALE, linewidth=0.8, zorder=0)
    if grid.horizon > CLOCKED and len(midnights) <= MOST_DAYS and (DAY / grid.interval).is_integer():
        return _name_days(ax, grid, midnights)
    steps = (300, 600, 900, 1800, 3600, 7200, 10_800, 14_400, 21_600, 43_200, DAY, 2 * DAY, 7 * DAY, 28 * DAY)
    whole = (
        round(s / grid.interval) for s in steps if s >= grid.interval and (s / grid.interval).is_integer()
    )
    step = next((step for step in whole if grid.count / step <= TICKS), math.ceil(grid.count / TICKS))
    ahead = -grid.opens % (step * grid.interval) / grid.interval
    first = round(ahead) if ahead.is_integer() and ahead < grid.count else 0
    places = range(first, grid.count + 1, step)
    if grid.horizon > CLOCKED:
        days = [1 + int((grid.opens + place * grid.interval) // DAY) for place in places]
        ax.set_xticks(places, [f"{day:,}" for day in days])
    else:
        ax.set_xticks(places, [say_clock((grid.opens + place * grid.interval) % DAY) for place in places])


def _midnights(grid: Grid) -> list[float]:
    """The places of the midnights within a horizon of few days; the ends belong to it."""
    if grid.horizon <= DAY or grid.horizon > (MOST_DAYS + 1) * DAY:
        return []
    first = math.ceil(grid.opens / DAY) * DAY
    moments = np.arange(first, grid.opens + grid.horizon + 1.0, DAY)
    return [float((moment - grid.opens) / grid.interval) for moment in moments]


def _name_days(ax: Any, grid: Grid, midnights: Sequence[float]) -> None:
    """The name of each day in its middle, between the midnights."""
    edges = sorted({0.0, *midnights, float(grid.count)})
    middles, names = [], []
    for left, right in pairwise(edges):
        if right - left < 0.25 * DAY / grid.interval:
            continue
        number = int((grid.opens + left * grid.interval) // DAY)
        named = grid.starts is not None and grid.horizon <= 7 * DAY + 1
        middles.append((left + right) / 2)
        names.append(grid.label(int(left)).partition(" ")[0] if named else f"day {number + 1}")
    ax.set_xticks(middles, names)
    ax.tick_params(axis="x", length=0)


def width_for(grid: Grid) -> float:
    """Inches that suit so many intervals."""
    return max(8.0, min(13.0, 4.0 + grid.count / 6))


def chosen(result: Result, kind: str = "queue") -> tuple[list[str], list[str]]:
    """Those queues (by contacts) or groups (by hours) that matter most, in the order of the file, and the others."""
    if kind == "queue":
        sizes = {name: result.queue(name)["offered"].value for name in result.scenario.queues}
    else:
        sizes = {name: result.group(name)["on_duty_hours"].value for name in result.scenario.agents}
    if len(sizes) <= MOST_LINES:
        return list(sizes), []
    largest = sorted(sizes, key=lambda name: -sizes[name])[:MOST_LINES]
    return [name for name in sizes if name in largest], [name for name in sizes if name not in largest]


def draw_lines(
    ax: Any, result: Result, metric: str, kind: str = "queue", scale: float = 1.0,
    labels: Mapping[str, str] | None = None, where: Mapping[str, np.ndarray] | None = None,
) -> float:  # fmt: skip
    """Draw a metric by interval: a line and the band of its margin for those that matter most, faint ones for others.

    labels: by name; none are given unless these are. where: by name the intervals that
    are drawn, bool (intervals,); all of them unless given. Returns the highest value drawn, scaled.
    """

    def found(name: str) -> np.ndarray:
        values = scale * result.by_interval(metric, name, kind)
        return np.where(where[name], values, np.nan) if where else values

    members, others = chosen(result, kind)
    count = result.scenario.grid.count
    middles, tops = np.arange(count) + 0.5, [0.0]
    for place, name in enumerate(others):
        value = found(name)[0]
        label = f"{len(others)} other {kind}{'s' * (len(others) > 1)}" if labels and not place else ""
        ax.plot(middles, value, color=PALE, linewidth=0.6, zorder=1, label=label)
        tops.append(np.nanmax(value, initial=0.0))
    for place, name in enumerate(members):
        value, low, high = found(name)
        style = line_style(place, count)
        if np.isfinite(low).any():
            # a share or a wait is never below nothing, whatever half its margin is
            alpha = BAND if len(members) <= 3 else BAND / 2
            band = {"color": style["color"], "alpha": alpha, "linewidth": 0, "zorder": 2}
            ax.fill_between(middles, np.maximum(low, 0.0), high, **band)
        ax.plot(middles, value, label=labels[name] if labels else "", zorder=3, **style)
        tops.append(np.nanmax(np.where(np.isfinite(high), high, value), initial=0.0))
    return float(max(tops))


def margin_words(result: Result) -> str:
    """What the bands are, or why there are none."""
    if result.count < 2:
        return "one replication, no margins"
    if not result.totals.has_intervals:
        return f"{result.count:,} replications; no margins, nothing was kept by interval"
    return f"{result.count:,} replications; bands: 95% margins"


def set_title(ax: Any, result: Result, words: str, above: float = 6.0) -> None:
    """The scenario, its plan, and what is to be known, so many points above a picture."""
    head = as_label(result.scenario.name, 70)
    ax.set_title(f"{head}\n{as_label(result.plan, 50)} · {words}", fontsize="medium", pad=above)
