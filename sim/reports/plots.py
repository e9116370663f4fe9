"""Pictures of results: one run by interval, plans side by side; drawn on the caller's axes or on new ones."""

import math
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from sim.errors import InputError, shown
from sim.measures.estimate import Estimate
from sim.reports.results import ALL, Comparison, Result, write_whole
from sim.reports.tables import clean, compact, said, unit_of, verdict
from sim.scenario.expand import Grid
from sim.scenario.units import DAY, say_duration, say_share

# Okabe and Ito, https://jfly.uni-koeln.de/color/: told apart whatever the colour vision
BLUE, VERMILLION, GREY, SKY = "#0072B2", "#D55E00", "#7F7F7F", "#56B4E9"
LINES = (BLUE, VERMILLION, "#009E73", "#CC79A7", "#E69F00", SKY, "#000000")
MARKS = "osD^vP*X"
STYLES = ("-", "--", "-.", ":")
ENDINGS = ("png", "svg", "pdf")
VERDICTS = {
    "better": (BLUE, "better"), "worse": (VERMILLION, "worse"), "cannot tell yet": ("#BFBFBF", "cannot tell yet"),
    "no difference": ("#BFBFBF", "no difference"), "": (GREY, ""),
}  # fmt: skip
TICKS = 12


def plot_result(result: Result, ax: Any = None) -> Any:
    """Draw one run by interval: with one queue its contacts and service, with several the service of each.

    ax: matplotlib Axes to draw on; a new figure if None. Returns the Axes.
    """
    grid, queues = result.scenario.grid, list(result.scenario.queues)
    ax = _axes(max(8.0, min(16.0, 3.0 + grid.count / 6)), 4.8) if ax is None else ax
    if len(queues) == 1:
        _draw_contacts(result, ax)
        _draw_level(result, 0, ax.twinx(), "service level")
    else:
        for place in range(len(queues)):
            _draw_level(result, place, ax, _text(queues[place], 40))
        _draw_legend(ax, [ax])
    ax.set_title(f"{_text(result.scenario.name, 70)}\n{_text(result.plan, 70)}", fontsize="medium")
    _clock_axis(ax, grid)
    return ax


def plot_comparison(comparison: Comparison, ax: Any = None) -> Any:
    """Draw lost customers (or the mean wait, where none are lost) by plan, with 95% margins.

    The colour says how the plan fares against the baseline on the same days; wait and cost stand beside it.
    ax: matplotlib Axes to draw on; a new figure if None. Returns the Axes.
    """
    plans = list(comparison.results)
    first = comparison.results[plans[0]]
    ax = _axes(9.5, 1.8 + 0.55 * len(plans)) if ax is None else ax
    queues = {plan: comparison.results[plan].queue() for plan in plans}
    metric = "lost_customers" if any(row["lost_customers"].value for row in queues.values()) else "mean_wait"
    longest = max((row[metric].value for row in queues.values() if math.isfinite(row[metric].value)), default=0.0)
    scale, unit = unit_of(longest) if metric == "mean_wait" else (1.0, "")
    labels = set()
    for row, plan in enumerate(plans):
        value = queues[plan][metric]
        colour, label = (GREY, "baseline") if row == 0 else VERDICTS[verdict(comparison, plan).word]
        ax.barh(row, value.value / scale, color=colour, height=0.62, label="" if label in labels else label)
        labels.add(label)
        if math.isfinite(value.margin):
            ax.errorbar(value.value / scale, row, xerr=value.margin / scale, color="black", capsize=3, linewidth=1.2)
        beside = _beside(comparison.results[plan], queues[plan], metric)
        ax.text(1.02, row, beside, transform=ax.get_yaxis_transform(), va="center", fontsize="small")
    ax.axvline(queues[plans[0]][metric].value / scale, color="black", linewidth=0.8, linestyle=":")
    ax.set_yticks(range(len(plans)), [_folded(plan) for plan in plans])
    ax.set_ylim(len(plans) - 0.4, -0.6)
    when = "day" if first.scenario.grid.horizon <= DAY else "replication"
    ax.set_xlabel(f"lost customers a {when}" if metric == "lost_customers" else f"mean wait, {unit}")
    ax.set_xlim(left=0)
    margins = ", bars: 95% margins" if first.count > 1 else ", no margins"
    played = f"{first.count:,} replications" if first.count > 1 else "one replication"
    ax.set_title(f"{_text(first.scenario.name, 70)}\n{played}{margins}", fontsize="medium")
    _draw_legend(ax, [ax])
    return ax


def save_figure(axes: Any, path: str | Path) -> None:
    """Write the figure of some Axes to a .png, .svg or .pdf file, whole or not at all; the same bytes each time."""
    from matplotlib import rc_context

    path = Path(path)
    ending = path.suffix.lower().removeprefix(".")
    if ending not in ENDINGS:
        raise InputError(f"{shown(str(path))} has no ending that is known: use .png, .svg or .pdf")
    dateless = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(ending, {})
    written = BytesIO()
    with rc_context({"svg.hashsalt": "sim"}):
        axes.figure.savefig(written, format=ending, dpi=150, bbox_inches="tight", metadata=dateless)
    write_whole(path, written.getvalue())


def _axes(width: float, height: float) -> Any:
    """New axes on a figure of their own, which no window and no global list keeps alive."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained").subplots()


def _draw_contacts(result: Result, ax: Any) -> None:
    """Bars of the contacts offered in each interval, those that hung up at their foot."""
    figures, places = result.interval_figures(0), np.arange(result.scenario.grid.count)
    bars = {"align": "edge", "width": 0.92}
    ax.bar(places + 0.04, figures["offered"], color="#D9D9D9", label="contacts offered", **bars)
    ax.bar(places + 0.04, figures["abandoned"], color=VERMILLION, label="hung up", **bars)
    length = say_duration(result.scenario.grid.interval)
    ax.set_ylabel(f"contacts in {length}")
