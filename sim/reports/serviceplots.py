"""Service level, wait and hang-ups by interval, with margins and targets."""

import math
from typing import Any

import numpy as np

from sim.reports.figures import unit_of
from sim.reports.plots import DASHES, INK, align_labels, as_label, bare, draw_legend, new_axes, panels
from sim.reports.results import Result
from sim.reports.timeaxis import WAITS, clock_axis, draw_lines, margin_words, set_title, width_for
from sim.scenario.units import say_duration, say_share

SIZES = (2.6, 1.6, 1.6)  # inches of the three panels
APART = 30.0  # times the shortest of the queues' longest waits, beyond which only a log scale shows both


def plot_service(result: Result, ax: Any = None) -> Any:
    """Draw service level with its targets, mean wait and the share that hang up, a line for each queue, by interval.

    The bands are 95% margins. ax: matplotlib Axes to draw on; a new figure if None. Returns the Axes.
    """
    grid = result.scenario.grid
    ax = new_axes(width_for(grid), sum(SIZES) + 1.6) if ax is None else ax
    level, wait, gone = panels(ax, SIZES, 0.28)
    _draw_level(level, result)
    _draw_wait(wait, result)
    highest = draw_lines(gone, result, "abandonment_rate", scale=100.0)
    gone.set_ylabel("hang up, %")
    gone.set_ylim(0, _top(highest, least=5.0, most=101.0))
    for panel in (level, wait, gone):
        clock_axis(panel, grid)
        bare(panel)
        if panel is not gone:
            panel.set_xlabel("")
            panel.tick_params(labelbottom=False)
    align_labels((level, wait, gone))
    draw_legend(gone, [level])
    set_title(ax, result, margin_words(result))
    return ax


def _draw_level(ax: Any, result: Result) -> None:
    promises = [queue.service_level for queue in result.scenario.queues.values()]
    times = {promise.within for promise in promises}
    draw_lines(ax, result, "service_level", scale=100.0, labels=_names(result, len(times) == 1))
    for place, target in enumerate(sorted({promise.target for promise in promises})):
        dashes = DASHES[place % len(DASHES)]
        ax.axhline(100 * target, linestyle=dashes, label=f"target {say_share(target)}", zorder=4, **INK)
    ax.set_ylabel(f"answered\nin {say_duration(times.pop()) if len(times) == 1 else 'time'}, %")
    ax.set_ylim(0, 101)


def _names(result: Result, one_time: bool) -> dict[str, str]:
    """The queues as labels, each with its time where they differ."""
    within = {name: queue.service_level.within for name, queue in result.scenario.queues.items()}
    return {
        name: as_label(name, 40) + f" (in {say_duration(time)})" * (not one_time)
        for name, time in within.items()
    }


def _draw_wait(ax: Any, result: Result) -> None:
    """Mean waits in one unit, or on a log scale with a duration at each tick where queues are far apart."""
    longest = [
        float(np.nanmax(values, initial=0.0))
        for values in (result.by_interval("mean_wait", name)[0] for name in result.scenario.queues)
    ]
    some = [value for value in longest if value > 1.0]
    if some and max(some) > APART * min(some):
        draw_lines(ax, result, "mean_wait")
        ax.set_yscale("log")
        ax.set_ylim(1.0, 1.4 * max(some))
        ticks = [moment for moment in WAITS if moment <= 1.4 * max(some)]
        ticks = ticks[:: 1 + len(ticks) // 7]
        ax.set_yticks(ticks, [say_duration(moment) for moment in ticks])
        ax.minorticks_off()
        ax.set_ylabel("mean wait\n(log scale)")
        return
    size, unit = unit_of(max(longest, default=0.0))
    highest = draw_lines(ax, result, "mean_wait", scale=1 / size)
    ax.set_ylabel(f"mean wait, {unit}")
    ax.set_ylim(0, _top(highest, least=1.0))


def _top(highest: float, least: float, most: float = math.inf) -> float:
    """Where an axis that begins at 0 ends: a little above the highest value."""
    return min(most, max(least, 1.08 * highest))
