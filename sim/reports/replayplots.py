"""How many wait at every moment of one day that is played again."""

import math
from dataclasses import replace
from typing import Any

import numpy as np

from sim.errors import InputError, shown
from sim.reports.plots import (
    BLUE,
    INK,
    SKY,
    VERMILLION,
    align_labels,
    as_label,
    bare,
    draw_legend,
    new_axes,
    panels,
)
from sim.reports.results import Result
from sim.reports.timeaxis import chosen, clock_axis, set_title, width_for

APART = 0.42  # inches between two panels, for the name of the lower one


def plot_line(result: Result, ax: Any = None, *, replication: int = 0) -> Any:
    """Draw the contacts on the line of each queue at every moment of one replication, and when people hung up.

    replication: from 0; it is played again from the seed. Callback requests have left the line, and do not count.
    ax: matplotlib Axes to draw on; a new figure if None. Returns the Axes.
    """
    if isinstance(replication, bool) or not isinstance(replication, int | np.integer):
        raise InputError(f"{shown(replication)} is no whole number", path="replication")
    records, grid = result.records(int(replication)), result.scenario.grid
    members, others = chosen(result)
    parts = {name: records[records["queue"] == name] for name in members}
    if others:
        parts[f"{len(others)} other queues"] = records[records["queue"].isin(others)]
    height = max(1.1, 3.4 / len(parts))
    ax = new_axes(width_for(grid), 1.7 + (height + APART) * len(parts)) if ax is None else ax
    stacked = panels(ax, [height] * len(parts), APART)
    last = [_draw_line(*each, grid.interval) for each in zip(stacked, parts.items(), strict=True)]
    end = max(1.0, *(place / grid.count for place in last))
    for place, panel in enumerate(stacked):
        clock_axis(panel, replace(grid, count=math.ceil(end * grid.count)))
        if end > 1.0:
            panel.axvline(grid.count, linestyle=":", label="end of the horizon", **INK)
        bare(panel)
        if place < len(stacked) - 1:
            panel.set_xlabel("")
            panel.tick_params(labelbottom=False)
    align_labels(stacked)
    draw_legend(stacked[-1], stacked)
    set_title(ax, result, f"replication {replication} of seed {result.seed}, moment by moment", above=22.0)
    return ax


def _draw_line(panel: Any, part: tuple[str, Any], interval: float) -> float:
    """One queue: its line and its hang-ups; the place of the last moment at which somebody waits, in intervals."""
    name, records = part
    times, length = (values for values in _line(records))
    most = max(1.0, float(length.max()))
    look = {"step": "post", "facecolor": SKY, "edgecolor": BLUE, "linewidth": 0.8}
    panel.fill_between(times / interval, length, label="contacts on the line", **look)
    gone = records[records["outcome"] == "abandoned"]
    moments = (gone["joined"] + gone["wait"]).to_numpy(dtype=float) / interval
    # one line with gaps, not a mark each: an SVG with thousands of them would be slow
    across = np.repeat(moments, 3)
    up = np.tile([-0.11 * most, -0.04 * most, np.nan], moments.size)
    panel.plot(across, up, color=VERMILLION, linewidth=1.0, label="somebody hangs up", clip_on=False)
    panel.set_ylim(-0.15 * most, 1.1 * most)
    panel.yaxis.get_major_locator().set_params(integer=True, nbins=4, min_n_ticks=1)
    panel.set_ylabel("contacts\nwaiting")
    words = f"{as_label(name, 60)}: at most {length.max():,.0f} wait, {moments.size:,} hang up"
    panel.set_title(words, loc="left", fontsize="small")
    return float(times.max()) / interval


def _line(records: Any) -> tuple[np.ndarray, np.ndarray]:
    """The moments at which the length of a line changes, s, and how many are on it from then on."""
    waited = records[records["wait"] > 0]
    joined = waited["joined"].to_numpy(dtype=float)
    left = joined + waited["wait"].to_numpy(dtype=float)
    moments = np.concatenate([joined, left])
    order = np.argsort(moments, kind="stable")
    steps = np.concatenate([np.ones(joined.size), -np.ones(left.size)])[order]
    return np.concatenate([[0.0], moments[order]]), np.concatenate([[0.0], np.cumsum(steps)])
