"""How waits are spread over contacts, and the service level over days."""

import math
from typing import Any

import numpy as np

from sim.measures.estimate import Estimate, Pool, cell_waits, interval
from sim.reports.figures import a_day, cell, joined, unit_of
from sim.reports.plots import (
    BLUE,
    DASHED,
    INK,
    PALE,
    as_label,
    draw_legend,
    line_style,
    new_axes,
)
from sim.reports.results import Result
from sim.reports.timeaxis import WAITS, chosen, set_title
from sim.scenario.units import say_duration, say_share

PERCENTILES = {"p50_wait": 50, "p90_wait": 90, "p95_wait": 95, "p99_wait": 99}
SHOWN = 0.995  # of all waits; the rest are beyond the right edge
MOST_ROWS = 12  # queues with a row each


def plot_waits(result: Result, ax: Any = None) -> Any:
    """Draw the share of contacts that wait at most so long, a line for each queue, and percentiles with 95% margins.

    All contacts with a wait count, those that hang up too. Where queues are far apart the time is on a log scale.
    ax: matplotlib Axes to draw on; a new figure if None. Returns the Axes.
    """
    ax = new_axes(9.0, 5.0) if ax is None else ax
    members, others = chosen(result)
    curves = {name: _curve(result, name) for name in (*members, *others)}
    ends = {name: _end(*curve) for name, curve in curves.items() if curve[0].size}
    longest = max(ends.values(), default=1.0)
    log = longest > 60.0 * min(ends.values(), default=1.0)
    size, unit = (1.0, "s") if log else unit_of(longest)
    curves = {name: _carried_on(*curve, 2 * longest) for name, curve in curves.items()}
    for place, name in enumerate(others):
        label = f"{len(others)} other queues" if not place else ""
        ax.plot(curves[name][0] / size, curves[name][1], color=PALE, linewidth=0.6, label=label)
    for place, name in enumerate(members):
        times, shares = curves[name]
        style = line_style(place) | {"marker": ""}
        ax.plot(times / size, shares, label=as_label(name, 40), **style)
        _draw_percentiles(ax, result, name, size, style["color"], place)
    marked = f"50, 90, 95, 99%{' with 95% margins' * (result.count > 1)}"
    ax.errorbar([], [], xerr=[], fmt="|", color="black", capsize=3, label=marked)
    _time_axis(ax, longest / size, unit, log)
    ax.set_ylim(0, 101)
    ax.set_ylabel("wait at most so long, %")
    draw_legend(ax)
    set_title(
        ax, result, f"{result.count:,} replication{'s' * (result.count != 1)}, all waits, hang-ups included"
    )
    return ax


def _curve(result: Result, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Waits in seconds and the share, %, of contacts that wait at most so long."""
    place = list(result.scenario.queues).index(name)
    count = result.scenario.grid.count if result.totals.has_intervals else 1
    cells = range(place * count, (place + 1) * count)
    pool = Pool([cell_waits(batch, cells) for batch in result.totals.waits])
    if not pool.bins.size:
        return np.zeros(0), np.zeros(0)
    shares = 100 * np.cumsum(pool.total) / pool.total.sum()
    served_at_once = shares[0] if pool.low[0] <= 0 < shares[0] else 0.0
    before = np.concatenate([[served_at_once], shares[:-1]])
    gap = pool.low > np.concatenate([[0.0], pool.high[:-1]])  # no wait lies there: the curve is level
    where = np.flatnonzero(gap)
    times, shares = np.insert(pool.high, where, pool.low[gap]), np.insert(shares, where, before[gap])
    return np.concatenate([[0.0], times]), np.concatenate([[served_at_once], shares])


def _carried_on(times: np.ndarray, shares: np.ndarray, end: float) -> tuple[np.ndarray, np.ndarray]:
    """A curve whose last share holds until the end; one without contacts stays empty."""
    return (np.append(times, end), np.append(shares, shares[-1])) if times.size else (times, shares)


def _end(times: np.ndarray, shares: np.ndarray) -> float:
    """The wait that nearly all stay below, s."""
    return max(1.0, float(times[np.searchsorted(shares, 100 * SHOWN).clip(max=times.size - 1)]))


def _draw_percentiles(ax: Any, result: Result, name: str, size: float, colour: str, place: int) -> None:
    figures = result.queue(name)
    for metric, share in PERCENTILES.items():
        value, margin = figures[metric].value / size, figures[metric].margin / size
        if math.isfinite(value):
            reach = margin if math.isfinite(margin) else 0.0
            ax.errorbar(value, share, xerr=reach, fmt="|", color=colour, capsize=3, elinewidth=1.4, zorder=4)


def _time_axis(ax: Any, end: float, unit: str, log: bool) -> None:
    if not log:
        ax.set_xlim(0, end)
        ax.set_xlabel(f"wait, {unit}")
        return
    ticks = [time for time in WAITS if time <= end]
    ax.set_xscale("log")
    ax.set_xlim(1.0, end)
    ax.set_xticks(ticks, [say_duration(time) for time in ticks])
    ax.minorticks_off()
    ax.set_xlabel("wait (log scale)")


def plot_days(result: Result, ax: Any = None) -> Any:
    """Draw how the service level of a replication is spread, with its target and the share of days that meet it.

    One queue has a histogram; several have a row each: the range of 90% of the days, of half of them, and the median.
    ax: matplotlib Axes to draw on; a new figure if None. Returns the Axes.
    """
    names = list(result.scenario.queues)
    shown = names if len(names) <= MOST_ROWS else chosen(result)[0]
    if ax is None:
        ax = new_axes(9.0, 4.6 if len(names) == 1 else 2.0 + 0.55 * len(shown))
    levels = {name: _levels(result, names.index(name)) for name in shown}
    if len(names) == 1:
        _draw_histogram(ax, result, names[0], levels[names[0]])
    else:
        _draw_rows(ax, result, levels)
    ax.set_xlim(-1, 101)
    promises = {queue.service_level.within for queue in result.scenario.queues.values()}
    time = say_duration(promises.pop()) if len(promises) == 1 else "time"
    ax.set_xlabel(f"answered in {time} in one replication ({a_day(result.scenario).strip()}), %")
    draw_legend(ax)
    hidden = f", the {len(shown)} largest of {len(names)} queues" if len(shown) < len(names) else ""
    set_title(ax, result, f"{result.count:,} replication{'s' * (result.count != 1)}{hidden}")
    return ax


def _levels(result: Result, queue: int) -> np.ndarray:
    """The service level of each replication in which somebody counted, %."""
    figures = result._queue_figures
    met, counted = figures["within_target"][:, queue], figures["counted_for_target"][:, queue]
    return 100 * met[counted > 0] / counted[counted > 0]


def _draw_histogram(ax: Any, result: Result, name: str, levels: np.ndarray) -> None:
    target = result.scenario.queues[name].service_level.target
    ax.hist(levels, bins=np.arange(0.0, 102.5, 2.5), color=BLUE, edgecolor="white", label="replications")
    ax.axvline(
        100 * target, linestyle=DASHED, label=f"target {say_share(target)}: {_met(result, name)}", **INK
    )
    if levels.size:
        ax.axvline(float(np.median(levels)), color="black", linewidth=1.4, label="median")
    ax.set_ylim(0, None if levels.size else 1)
    ax.yaxis.get_major_locator().set_params(integer=True)
    ax.set_ylabel(f"replications, of {result.count:,}")


def _draw_rows(ax: Any, result: Result, levels: dict[str, np.ndarray]) -> None:
    for row, (name, values) in enumerate(levels.items()):
        first = not row
        target = 100 * result.scenario.queues[name].service_level.target
        if values.size:
            ends = np.quantile(values, [0.05, 0.25, 0.5, 0.75, 0.95])
            label = ("90% of the replications", "half of them", "median") if first else ("", "", "")
            ax.barh(row, ends[4] - ends[0], left=ends[0], height=0.22, color=PALE, label=label[0])
            ax.barh(row, ends[3] - ends[1], left=ends[1], height=0.5, color=BLUE, label=label[1])
            ax.plot([ends[2]] * 2, [row - 0.32, row + 0.32], color="black", linewidth=2, label=label[2])
        ax.plot(
            [target] * 2, [row - 0.45, row + 0.45], linestyle="--", label="target" if first else "", **INK
        )
        ax.text(
            1.01,
            row,
            _met(result, name),
            transform=ax.get_yaxis_transform(),
            va="center",
            fontsize="small",
        )
    ax.set_yticks(range(len(levels)), [as_label(name, 30) for name in levels])
    ax.set_ylim(len(levels) - 0.4, -0.6)


def _met(result: Result, name: str) -> str:
    """The share of days that meet the target, with its margin."""
    share: Estimate = interval(result.queue_samples[name]["target_met_share"])
    return f"{joined(cell(share, 100.0, most=1))}% meet it" if math.isfinite(share.value) else "no contacts"
