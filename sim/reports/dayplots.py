"""A day's contacts, agents and offered load, and how busy the agents are, by interval."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.reports.loads import offered_load
from sim.reports.plots import (
    DASHED,
    INK,
    PALE,
    VERMILLION,
    align_labels,
    as_label,
    bar_style,
    bare,
    draw_legend,
    new_axes,
    panels,
)
from sim.reports.results import ALL, Result
from sim.reports.timeaxis import chosen, clock_axis, draw_lines, margin_words, set_title, width_for
from sim.scenario.schema import Scenario
from sim.scenario.targets import goals
from sim.scenario.units import say_duration, say_share

if TYPE_CHECKING:
    from sim.reports.staffing import StaffingResult

MOST_WHISKERS = 100  # intervals that get one each
SIZES = (2.5, 2.5)  # inches of the two panels
LOAD = {"color": "black", "linestyle": DASHED, "linewidth": 1.6}


def plot_day(result: Result, ax: Any = None) -> Any:
    """Draw the contacts of each interval by queue, and below the agents of each group against the offered load.

    Contacts are means over the replications, redials included; the whiskers are 95% margins of their sum. Agents are
    those planned; load is that of first contacts, transfers and repeats, by the traffic equations.
    ax: matplotlib Axes to draw on; a new figure if None. Returns the Axes.
    """
    grid = result.scenario.grid
    ax = new_axes(width_for(grid), sum(SIZES) + 2.2) if ax is None else ax
    above, below = panels(ax, SIZES, 1.0)
    _draw_contacts(above, result)
    draw_agents(below, result.scenario)
    for panel in (above, below):
        clock_axis(panel, grid)
        draw_legend(panel, below=3.2 if panel is above else 5.0)
    above.set_xlabel("")
    align_labels((above, below))
    played = f"{result.count:,} replication{'s' * (result.count != 1)}, means"
    few = grid.count <= MOST_WHISKERS
    set_title(ax, result, margin_words(result).replace("bands", "whiskers") if few else played)
    return ax


def _draw_contacts(ax: Any, result: Result) -> None:
    """Bars of the contacts of each queue on top of each other, and the first contacts that were expected."""
    grid, queues = result.scenario.grid, list(result.scenario.queues)
    members, others = chosen(result)
    means = {name: result.interval_figures(queues.index(name))["offered"] for name in members}
    rest = [result.interval_figures(queues.index(name))["offered"] for name in others]
    _stack(ax, grid.count, means, np.sum(rest, axis=0) if rest else None, f"{len(others)} other queues")
    value, low, high = result.by_interval("offered", ALL)
    if np.isfinite(low).any() and grid.count <= MOST_WHISKERS:
        middles = np.arange(grid.count) + 0.5
        ax.errorbar(
            middles, value, yerr=np.nan_to_num(high - value), fmt="none", ecolor="black", elinewidth=0.8
        )
    expected = np.sum([result.scenario.expected(name) for name in queues], axis=0)
    ax.stairs(expected, np.arange(grid.count + 1), baseline=None, label="first contacts expected", **INK)
    ax.set_ylabel(f"contacts in {say_duration(grid.interval)}")
    ax.set_ylim(0, None if value.any() or expected.any() else 1)


def draw_agents(ax: Any, scenario: Scenario, staffing: Mapping[str, np.ndarray] | None = None) -> None:
    """Draw the agents of each group on top of each other, and the offered load over them.

    staffing: agents by group and interval, those planned in the scenario if None. Where the load is above all agents
    together, the gap between them is hatched.
    """
    grid = scenario.grid
    if staffing is None:
        staffing = {name: scenario.planned_seconds(name) / grid.interval for name in scenario.agents}
    sizes = sorted(staffing, key=lambda name: -float(np.sum(staffing[name])))[:6]
    members = {name: np.asarray(agents, float) for name, agents in staffing.items() if name in sizes}
    rest = [agents for name, agents in staffing.items() if name not in sizes]
    words = f"{len(rest)} other groups"
    total = _stack(ax, grid.count, members, np.sum(rest, axis=0) if rest else None, words, ", agents")
    load, edges = np.sum(list(offered_load(scenario).values()), axis=0), np.arange(grid.count + 1)
    if (load > total).any():
        ax.stairs(
            np.maximum(load, total), edges, baseline=total, fill=True, facecolor="none", edgecolor=VERMILLION,
            hatch="xxx", linewidth=0, label="more load than agents", zorder=3,
        )  # fmt: skip
    ax.stairs(load, edges, baseline=None, label="offered load, erlangs", zorder=4, **LOAD)
    ax.set_ylabel("agents; erlangs")
    ax.set_ylim(0, 1.08 * max(1.0, float(load.max()), float(total.max())))


def plot_staffing(result: "StaffingResult", ax: Any = None) -> Any:
    """Draw the agents that a search found, by group and interval, against the offered load.

    ax: matplotlib Axes to draw on; a new figure if None. Returns the Axes.
    """
    scenario = result.scenario
    ax = new_axes(width_for(scenario.grid), 4.6) if ax is None else ax
    draw_agents(ax, scenario, dict(zip(result.names, result.found.staffing, strict=True)))
    clock_axis(ax, scenario.grid)
    draw_legend(ax)
    ax.set_title(
        f"{as_label(scenario.name, 70)}\nstaffing for the targets, {result.state}", fontsize="medium"
    )
    return ax


def _stack(
    ax: Any,
    count: int,
    members: Mapping[str, np.ndarray],
    rest: np.ndarray | None,
    words: str,
    what: str = "",
) -> np.ndarray:
    """Draw steps on top of each other, one for each name, the rest at the top; the sum of all."""
    edges, foot = np.arange(count + 1), np.zeros(count)
    for place, (name, values) in enumerate(members.items()):
        style = {key: value for key, value in bar_style(place).items() if key != "color"}
        pale = {"facecolor": bar_style(place)["color"], "alpha": 0.55}
        label = as_label(name, 36) + what
        ax.stairs(foot + values, edges, baseline=foot, fill=True, label=label, **style, **pale)
        foot = foot + values
    if rest is not None:
        ax.stairs(foot + rest, edges, baseline=foot, fill=True, color=PALE, label=words + what)
        foot = foot + rest
    return foot


def plot_occupancy(result: Result, ax: Any = None) -> Any:
    """Draw how busy each group is by interval, with the bands of its 95% margins and the most that is wanted.

    Intervals in which nobody of the group is planned are left out: who is there then is only finishing.
    ax: matplotlib Axes to draw on; a new figure if None. Returns the Axes.
    """
    scenario = result.scenario
    ax = new_axes(width_for(scenario.grid), 4.6) if ax is None else ax
    labels = {name: as_label(name, 40) for name in scenario.agents}
    at_work = {name: scenario.planned_seconds(name) > 0 for name in scenario.agents}
    draw_lines(ax, result, "occupancy", "group", 100.0, labels, at_work)
    wanted = {goal.value for goal in goals(scenario) if goal.metric == "occupancy"}
    for most in sorted(wanted):
        ax.axhline(100 * most, linestyle=DASHED, label=f"target, at most {say_share(most)}", **INK)
    ax.set_ylim(0, 103)
    ax.set_ylabel("occupancy: busy ÷ at work, %")
    clock_axis(ax, scenario.grid)
    bare(ax)
    draw_legend(ax)
    set_title(ax, result, margin_words(result))
    return ax
