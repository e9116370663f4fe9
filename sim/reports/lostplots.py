"""Who is lost, when and why."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from sim.measures.estimate import Estimate
from sim.reports.figures import a_day, cell, joined, percent
from sim.reports.outcomes import ENDINGS, sums
from sim.reports.plots import BAND, GREY, PALE, as_label, draw_legend, new_axes, panels
from sim.reports.results import Result
from sim.reports.timeaxis import clock_axis, margin_words, set_title, width_for
from sim.scenario.units import say_duration

MOST_ROWS = 12
ABOVE, APART, ROW = 2.8, 1.5, 0.34  # inches: the first panel, between the two, a row of the second


def plot_lost(result: Result, ax: Any = None) -> Any:
    """Draw lost customers by interval over the contacts that fail, by reason, and lost customers by queue and class.

    A customer counts in the interval of the first arrival, a contact in its own. Bands and whiskers are 95% margins.
    ax: matplotlib Axes to draw on; a new figure if None. Returns the Axes.
    """
    grid = result.scenario.grid
    rows = list(_members(result))
    height = max(0.9, ROW * len(rows))
    ax = new_axes(1.5 + width_for(grid), ABOVE + APART + height + 1.3) if ax is None else ax
    when, who = panels(ax, (ABOVE, height), APART)
    _draw_reasons(when, result)
    _draw_customers(when, result)
    when.set_ylim(0, None if when.get_ylim()[1] > 0.1 else 1)
    when.set_ylabel(f"contacts, customers\nin {say_duration(grid.interval)}")
    clock_axis(when, grid)
    draw_legend(when, below=4.5)
    _draw_members(who, result, rows)
    set_title(ax, result, margin_words(result))
    return ax


def _draw_reasons(ax: Any, result: Result) -> None:
    """Contacts that end without an answer, on top of each other by reason."""
    queues, edges = range(len(result.scenario.queues)), np.arange(result.scenario.grid.count + 1)
    by_queue = [result.interval_figures(queue) for queue in queues]
    foot = np.zeros(edges.size - 1)
    for kind in ENDINGS:
        count = np.sum([sums(figures, kind.totals) for figures in by_queue], axis=0)
        if kind.is_lost and count.any():
            look = {"facecolor": kind.colour, "hatch": kind.hatch, "edgecolor": "white", "linewidth": 0}
            ax.stairs(
                foot + count,
                edges,
                baseline=foot,
                fill=True,
                alpha=0.55,
                label=f"contacts {kind.name}",
                **look,
            )
            foot = foot + count


def _draw_customers(ax: Any, result: Result) -> None:
    """A line of the customers lost of those who came first in each interval."""
    value, low, high = result.by_interval("lost_customers")
    middles = np.arange(value.size) + 0.5
    if np.isfinite(low).any():
        ax.fill_between(middles, np.maximum(low, 0.0), high, color="black", alpha=BAND, linewidth=0, zorder=3)
    mark = "o" if value.size <= 60 else ""
    look = {"color": "black", "marker": mark, "markersize": 4, "linewidth": 1.6, "zorder": 4}
    ax.plot(middles, value, label="customers lost, by first arrival", **look)


def _members(result: Result) -> Iterator[tuple[str, Estimate, Estimate, bool]]:
    """Name, lost customers, their share, and whether it is a class, of those who lose most."""
    queues = {name: result.queue(name) for name in result.scenario.queues}
    most = sorted(queues, key=lambda name: -queues[name]["lost_customers"].value)[:MOST_ROWS]
    for name in (name for name in queues if name in most):
        yield as_label(name, 34), queues[name]["lost_customers"], queues[name]["lost_rate"], False
        for each in result.class_samples.get(name, {}) if len(queues) <= MOST_ROWS else ():
            figures = result.of_class(name, each)
            yield f"· {as_label(each, 32)}", figures["lost_customers"], figures["lost_rate"], True


def _draw_members(ax: Any, result: Result, rows: list[tuple[str, Estimate, Estimate, bool]]) -> None:
    for row, (_, lost, share, is_class) in enumerate(rows):
        ax.barh(row, lost.value, height=0.3 if is_class else 0.6, color=PALE if is_class else GREY)
        if np.isfinite(lost.margin):
            ax.errorbar(lost.value, row, xerr=lost.margin, color="black", capsize=3, linewidth=1.1)
        words = joined(cell(lost)) + (f" · {percent(share.value)}" if np.isfinite(share.value) else "")
        ax.text(1.01, row, words, transform=ax.get_yaxis_transform(), va="center", fontsize="small")
    ax.set_yticks(range(len(rows)), [name for name, *_ in rows])
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.set_xlim(0, None if any(lost.value for _, lost, *_ in rows) else 1)
    hidden = len(result.scenario.queues) - MOST_ROWS
    of = f" of the {MOST_ROWS} queues that lose most" if hidden > 0 else ""
    ax.set_xlabel(f"customers lost{a_day(result.scenario)}{of}, and their share of all")
    draw_legend(ax)
