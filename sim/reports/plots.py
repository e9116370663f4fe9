"""Pictures of results: one run by interval, plans side by side; drawn on the caller's axes or on new ones."""

import math
import sys
import textwrap
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from sim.errors import InputError, shown
from sim.measures.estimate import Estimate
from sim.reports.figures import a_day, cell, clean, compact, joined, unit_of
from sim.reports.results import Comparison, Result, write_whole
from sim.reports.verdicts import verdict, wait_metric
from sim.scenario.expand import Grid
from sim.scenario.units import DAY, say_clock, say_duration, say_share

# Okabe and Ito, https://jfly.uni-koeln.de/color/: told apart whatever the colour vision
BLUE, VERMILLION, SKY = "#0072B2", "#D55E00", "#56B4E9"
GREY, PALE = "#7F7F7F", "#BFBFBF"
LINES = (BLUE, VERMILLION, "#009E73", "#CC79A7", "#E69F00", SKY, "#000000")
MARKS = "osD^vP*X"
STYLES = ("-", "--", "-.", ":")
ENDINGS = ("png", "svg", "pdf")
VERDICTS = {
    "better": (BLUE, "better"), "worse": (VERMILLION, "worse"), "": (GREY, ""),
    "cannot tell yet": (PALE, "cannot tell yet"), "no difference": (PALE, "no difference"),
    "differs": (SKY, "better in some things, worse in others"),
}  # fmt: skip
WAITS = {"mean_wait": "wait {}", "time_to_agent": "{} to an agent"}
TICKS = 12


def plot_result(result: Result, ax: Any = None) -> Any:
    """Draw one run by interval: with one queue its contacts and service, with several the service of each.

    ax: matplotlib Axes to draw on; a new figure if None. Returns the Axes.
    """
    grid, queues = result.scenario.grid, list(result.scenario.queues)
    ax = new_axes(max(8.0, min(16.0, 3.0 + grid.count / 6)), 4.8) if ax is None else ax
    if len(queues) == 1:
        _draw_contacts(result, ax)
        beside = ax.twinx()
        _draw_levels(result, beside)
        draw_legend(ax, beside, below=_below(grid))
    else:
        _draw_levels(result, ax)
        draw_legend(ax, below=_below(grid))
    ax.set_title(f"{as_label(result.scenario.name, 70)}\n{as_label(result.plan, 70)}", fontsize="medium")
    _clock_axis(ax, grid)
    return ax


def plot_comparison(comparison: Comparison, ax: Any = None) -> Any:
    """Draw lost customers (or the wait, where none are lost) by plan, and what stands beside them in words.

    The colour says how a plan fares against the baseline on the same days; its whisker is the 95% margin of that
    difference, so one that does not reach the baseline's dotted line shows a difference that is sure.
    ax: matplotlib Axes to draw on; a new figure if None. Returns the Axes.
    """
    plans = list(comparison.results)
    first = comparison.results[plans[0]]
    ax = new_axes(10.5, 1.8 + 0.55 * len(plans)) if ax is None else ax
    queues = {plan: result.queue() for plan, result in comparison.results.items()}
    wait = wait_metric(comparison.results.values())
    metric = "lost_customers" if any(row["lost_customers"].value for row in queues.values()) else wait
    values = [row[metric].value for row in queues.values()]
    longest = max((value for value in values if math.isfinite(value)), default=0.0)
    scale, unit = (1.0, "") if metric == "lost_customers" else unit_of(longest)
    labels = set()
    for row, plan in enumerate(plans):
        end, change = values[row] / scale, comparison.difference(plan)[metric]
        colour, label = (GREY, "baseline") if row == 0 else VERDICTS[verdict(comparison, plan).word]
        ax.barh(row, end, color=colour, height=0.62, label="" if label in labels else label)
        labels.add(label)
        if row and math.isfinite(change.margin):
            ax.errorbar(end, row, xerr=change.margin / scale, color="black", capsize=3, linewidth=1.2)
        words = [] if row == 0 else [f"{_signed(change, scale)} {unit}".rstrip()]
        words += [WAITS[wait].format(compact(queues[plan][wait].value))] if metric == "lost_customers" else []
        beside = " · ".join([*words, _spent(comparison.results[plan])])
        ax.text(1.02, row, beside, transform=ax.get_yaxis_transform(), va="center", fontsize="small")
    ax.axvline(values[0] / scale, color="black", linewidth=0.8, linestyle=":")
    ax.set_yticks(range(len(plans)), [_folded(plan) for plan in plans])
    ax.set_ylim(len(plans) - 0.4, -0.6)
    heads = {"lost_customers": f"lost customers{a_day(first.scenario)}", "mean_wait": f"mean wait, {unit}"}
    ax.set_xlabel(heads.get(metric, f"mean time to an agent, {unit}"))
    ax.set_xlim(left=0)
    margins = (
        f"; whiskers: 95% margin of the difference to {as_label(plans[0], 40)}" if len(plans) > 1 else ""
    )
    played = f"{first.count:,} replications{margins}" if first.count > 1 else "one replication, no margins"
    ax.set_title(f"{as_label(first.scenario.name, 70)}\n{played}", fontsize="medium")
    against = f"against {as_label(plans[0], 40)}, on the same days"
    draw_legend(ax, title=against if len(plans) > 1 else "")
    return ax


def save_figure(axes: Any, path: str | Path) -> None:
    """Write the figure of some Axes to a .png, .svg or .pdf file, whole or not at all."""
    from matplotlib import rc_context

    path = Path(path)
    ending = path.suffix.lower().removeprefix(".")
    if ending not in ENDINGS:
        raise InputError(f"{shown(str(path))} has no ending that is known: use .png, .svg or .pdf")
    dateless = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(ending, {})
    written = BytesIO()
    with rc_context({"svg.hashsalt": "sim"}):
        axes.figure.figure.savefig(written, format=ending, dpi=150, bbox_inches="tight", metadata=dateless)
    write_whole(path, written.getvalue())


def new_axes(width: float, height: float) -> Any:
    """New axes: by pyplot where figures are shown with it, else on a figure that no list keeps."""
    if "matplotlib.pyplot" in sys.modules or "IPython" in sys.modules:
        from matplotlib import pyplot

        return pyplot.subplots(figsize=(width, height), layout="constrained")[1]
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained").subplots()


def _draw_contacts(result: Result, ax: Any) -> None:
    """Bars of the contacts offered in each interval, those that hung up at their foot."""
    figures, places = result.interval_figures(0), np.arange(result.scenario.grid.count)
    bars = {"align": "edge", "width": 0.92}
    ax.bar(places + 0.04, figures["offered"], color="#D9D9D9", label="contacts offered", **bars)
    if figures["abandoned"].any():
        ax.bar(places + 0.04, figures["abandoned"], color=VERMILLION, label="hung up", **bars)
    length = say_duration(result.scenario.grid.interval)
    ax.set_ylabel(f"contacts in {length}")
    ax.set_ylim(0, 1.08 * max(1.0, float(figures["offered"].max())))


def _draw_levels(result: Result, ax: Any) -> None:
    """A line of the service level of each queue by interval, and its targets dashed."""
    scenario = result.scenario
    promises = {name: queue.service_level for name, queue in scenario.queues.items()}
    middles = np.arange(scenario.grid.count) + 0.5
    one_time = len({promise.within for promise in promises.values()}) == 1
    for place, (name, promise) in enumerate(promises.items()):
        figures = result.interval_figures(place)
        counted = figures["counted_for_target"]
        level = np.divide(
            figures["within_target"], counted, where=counted > 0, out=np.full(counted.size, math.nan)
        )
        within = f"in {say_duration(promise.within)}"
        label = (
            f"answered {within}"
            if len(promises) == 1
            else as_label(name, 40) + f" ({within})" * (not one_time)
        )
        colour, style = LINES[place % len(LINES)], STYLES[place // len(LINES) % len(STYLES)]
        mark = MARKS[place % len(MARKS)] if scenario.grid.count <= 100 else ""
        ax.plot(
            middles,
            100 * level,
            color=colour,
            linestyle=style,
            marker=mark,
            markersize=4,
            label=label,
            clip_on=False,
        )
    targets = {promise.target for promise in promises.values()}
    for target in sorted(targets):
        ax.axhline(
            100 * target,
            color="black",
            linewidth=0.9,
            linestyle=(0, (6, 4)),
            label=f"target {say_share(target)}",
        )
    time = f" in {say_duration(next(iter(promises.values())).within)}" if one_time else " in time"
    ax.set_ylabel(f"answered{time}, %")
    ax.set_ylim(0, 100)


def _below(grid: Grid) -> float:
    """How far below the axes the legend of a run begins, in letters: slanted labels of days take more room."""
    return 5.0 if grid.horizon <= DAY else 8.5


def draw_legend(ax: Any, beside: Any = None, title: str = "", below: float = 5.0) -> None:
    """All that has a label in one legend below the chart, where it hides nothing."""
    handles, labels = ax.get_legend_handles_labels()
    if beside is not None:
        more = beside.get_legend_handles_labels()
        handles, labels = [*handles, *more[0]], [*labels, *more[1]]
    columns = max(1, min(len(labels), 120 // (8 + max(map(len, labels), default=1))))
    # the distance is in letters, so that it clears the axis label whatever the height
    place = {"loc": "upper center", "bbox_to_anchor": (0.5, 0.0), "borderaxespad": below}
    if handles:
        ax.legend(
            handles,
            labels,
            title=title,
            ncols=columns,
            frameon=False,
            fontsize="small",
            title_fontsize="small",
            **place,
        )
    for side in ("top", "right"):
        ax.spines[side].set_visible(beside is not None and side == "right")
        if beside is not None:
            beside.spines[side].set_visible(side == "right")


def _clock_axis(ax: Any, grid: Grid) -> None:
    """At most a dozen clock times, at whole hours where the grid has them."""
    steps = (300, 600, 900, 1800, 3600, 7200, 10_800, 14_400, 21_600, 43_200, DAY, 2 * DAY, 7 * DAY)
    fitting = (
        round(s / grid.interval) for s in steps if s >= grid.interval and (s / grid.interval).is_integer()
    )
    step = next((step for step in fitting if grid.count / step <= TICKS), math.ceil(grid.count / TICKS))
    ahead = -grid.opens % (step * grid.interval) / grid.interval
    first = round(ahead) if ahead.is_integer() and ahead < grid.count else 0
    places = range(first, grid.count + 1, step)
    if grid.horizon > DAY:
        ax.set_xticks(places, [grid.label(place) for place in places], rotation=30, ha="right")
    else:
        ax.set_xticks(places, [say_clock((grid.opens + place * grid.interval) % DAY) for place in places])
    ax.set_xlim(0, grid.count)
    ax.set_xlabel("time of day" if grid.horizon <= DAY else "day and time")


def _signed(change: Estimate, scale: float) -> str:
    """A difference as the tables have it, with a minus as long as the plus."""
    return joined(cell(change, 1 / scale, signed=True)).replace("-", "−")


def _spent(result: Result) -> str:
    """What a plan costs, or its paid hours where nothing has a cost."""
    agents = result.group()
    cost, hours, currency = agents["staff_cost"], agents["paid_hours"], clean(result.scenario.currency, 8)
    return (
        f"{cost.value:,.0f} {as_label(currency, 8)}".rstrip() if cost.value else f"{hours.value:,.1f} paid h"
    )


def _folded(name: str) -> str:
    return "\n".join(textwrap.wrap(clean(name, 72), 26)).replace("$", r"\$")


def as_label(name: str, width: int) -> str:
    """A name as a label: no mathematics between dollars, and not hidden for a leading underscore."""
    name = clean(name, width).replace("$", r"\$")
    return f" {name}" if name.startswith("_") else name
